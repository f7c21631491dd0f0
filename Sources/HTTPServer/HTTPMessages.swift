/// One request, received whole.
package struct HTTPRequest: Sendable {
    /// As sent: `GET`, `POST`, …
    package var method: String
    /// The raw path, percent-escapes and dots as they came, without the query. Starts with `/`. Compare it with an
    /// allowlist; never unescape it.
    package var path: String
    /// In the order of the query, percent-decoded (`+` stays `+`).
    package var query: [HTTPQueryItem]
    /// By lowercased name; values of a repeated header are joined by `, `. Cookies are left out.
    package var headers: [String: String]
    /// All of it, at most ``HTTPServerSettings/bodyLimit`` bytes.
    package var body: [UInt8]
    /// Who asked, for logs: `127.0.0.1:40512` or `uid 1000, pid 4711`.
    package var peer: String

    package init(
        method: String, path: String, query: [HTTPQueryItem] = [], headers: [String: String] = [:], body: [UInt8] = [],
        peer: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
    }

    /// The value of the first query item of that name.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1), if there is exactly one and it is well formed.
    package var bearerToken: String? {
        guard let header = headers["authorization"]?.utf8, header.count > 7,
            String(header.prefix(7))?.lowercased() == "bearer "
        else { return nil }
        let token = header.dropFirst(7)
        return token.allSatisfy(HTTPRequest.isTokenByte) ? String(token) : nil
    }

    /// b64token of RFC 6750: ALPHA / DIGIT / - . _ ~ + / =
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: Array("-._~+/=".utf8).contains(byte)
        }
    }
}

/// One `name=value` of a query; a name alone has an empty value.
package struct HTTPQueryItem: Hashable, Sendable {
    /// Percent-decoded, UTF-8.
    package var name: String
    /// Percent-decoded, UTF-8; empty if there is no `=`.
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// One answer.
package struct HTTPResponse: Sendable {
    /// 200 to 599.
    package var status: Int
    /// Content-Length, Date and Connection are added by the server. What cannot be a header (an empty value, a line
    /// break) is left out.
    package var headers: [String: String]
    /// Sent as it is, with its length.
    package var body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// - Parameter body: JSON, encoded.
    package static func json(status: Int = 200, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"], body: body)
    }
}
