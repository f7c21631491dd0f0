/// Request line and headers, as they came.
struct RequestHead: Sendable {
    var method: String
    /// Path and query, raw.
    var target: [UInt8]
    /// Names lowercased, in order, with repetitions.
    var fields: [(name: String, value: [UInt8])]

    func values(_ name: String) -> [[UInt8]] { fields.filter { $0.name == name }.map(\.value) }

    /// Bytes, roughly as they were on the wire.
    var size: Int {
        fields.reduce(method.utf8.count + target.count + 12) { $0 + $1.name.utf8.count + $1.value.count + 4 }
    }

    /// In bytes; 0 when none is given. Only what ``refusal(_:hosts:)`` let pass has a meaning here.
    var contentLength: Int { values("content-length").first.flatMap(RequestHead.decimal) ?? 0 }

    /// The sender will not wait for an answer before it sends a body of a known length.
    var isFollowedByBody: Bool {
        contentLength > 0 && values("content-length").count == 1 && values("transfer-encoding").isEmpty
            && values("expect").isEmpty
    }

    /// What libmicrohttpd lets through and we do not (FACTS: it takes two Hosts, two lengths, length with encoding).
    /// - Parameter hosts: the values of `Host` that are ours, lowercased.
    func refusal(_ limits: HTTPServerSettings, hosts: Set<String>) -> Refusal? {
        sizeRefusal(limits) ?? hostRefusal(hosts, limits.origins) ?? framingRefusal(limits) ?? targetRefusal
    }

    private func sizeRefusal(_ limits: HTTPServerSettings) -> Refusal? {
        if fields.count > limits.headerCountLimit {
            return Refusal(
                status: 431, code: "headers_too_large",
                message: "The request has more than \(limits.headerCountLimit) headers; send fewer.")
        }
        if size > limits.headerLimit {
            return Refusal(
                status: 431, code: "headers_too_large",
                message: "The request line and headers are larger than \(limits.headerLimit) bytes; send less.")
        }
        return nil
    }

    /// A page of a foreign site can make a browser ask us (DNS rebinding, cross-site requests): the Host must be ours,
    /// and an Origin says that a page asks, which none may that is not named.
    private func hostRefusal(_ hosts: Set<String>, _ origins: Set<String>) -> Refusal? {
        let given = values("host")
        guard let host = given.first, given.count == 1 else {
            return Refusal(status: 400, code: "bad_host", message: "A request carries exactly one Host header.")
        }
        guard hosts.contains(String(decoding: host, as: UTF8.self).lowercased()) else {
            return Refusal(status: 403, code: "wrong_host", message: "The Host header does not name this server.")
        }
        guard values("origin").allSatisfy({ origins.contains(String(decoding: $0, as: UTF8.self)) }) else {
            return Refusal(
                status: 403, code: "origin_refused", message: "Requests made by web pages of other sites are refused.")
        }
        return nil
    }

    private func framingRefusal(_ limits: HTTPServerSettings) -> Refusal? {
        let lengths = values("content-length")
        let isEncoded = !values("transfer-encoding").isEmpty
        if lengths.count > 1 || (isEncoded && !lengths.isEmpty) {
            return Refusal(
                status: 400, code: "bad_length",
                message: "A request carries one Content-Length and no Transfer-Encoding.")
        }
        if isEncoded {
            return Refusal(
                status: 411, code: "length_required",
                message: "Transfer-Encoding is not taken; send the body with a Content-Length.")
        }
        guard let length = lengths.first else { return nil }
        guard let count = RequestHead.decimal(length) else {
            return Refusal(status: 400, code: "bad_length", message: "Content-Length must be a decimal number.")
        }
        return count > limits.bodyLimit ? RequestHead.bodyTooLarge(limits.bodyLimit) : nil
    }

    static func bodyTooLarge(_ limit: Int) -> Refusal {
        Refusal(
            status: 413, code: "too_large",
            message: "The body of such a request has at most \(limit) bytes; send it in parts.")
    }

    private var targetRefusal: Refusal? {
        let bad = Refusal(
            status: 400, code: "bad_target",
            message: "The target of a request must be a path of visible ASCII, with a well-formed query.")
        guard target.first == UInt8(ascii: "/"), target.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), queryItems != nil,
            fields.allSatisfy({ !$0.value.contains(0) })
        else { return bad }
        return nil
    }

    private static func decimal(_ bytes: [UInt8]) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 18,
            bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }
}

extension RequestHead {
    private var split: (path: ArraySlice<UInt8>, query: ArraySlice<UInt8>) {
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return (target[...], []) }
        return (target[..<mark], target[(mark + 1)...])
    }

    /// nil when an escape in the query is malformed.
    var queryItems: [HTTPQueryItem]? {
        var items: [HTTPQueryItem] = []
        for part in split.query.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = RequestHead.unescaped(part[..<equals]),
                let value = RequestHead.unescaped(part[equals...].dropFirst())
            else { return nil }
            items.append(HTTPQueryItem(name: name, value: value))
        }
        return items
    }

    /// nil for a malformed escape, and for bytes that are not UTF-8.
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        var plain: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue)
                else { return nil }
                plain.append(high << 4 | low)
            } else {
                plain.append(byte)
            }
        }
        return String(validating: plain, as: UTF8.self)
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        UInt8(String(UnicodeScalar(digit)), radix: 16)
    }

    func request(body: [UInt8], peer: String) -> HTTPRequest {
        var headers: [String: String] = [:]
        for field in fields where field.name != "cookie" {
            let value = String(decoding: field.value, as: UTF8.self)
            headers[field.name] = headers[field.name].map { $0 + ", " + value } ?? value
        }
        return HTTPRequest(
            method: method, path: String(decoding: split.path, as: UTF8.self), query: queryItems ?? [],
            headers: headers, body: body, peer: peer)
    }
}
