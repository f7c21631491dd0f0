internal import CCurl
import Glibc

/// What the callbacks of one request work on. Used by the one thread that runs the request.
final class Transfer {
    let target: HTTPTarget
    let bodyLimit: Int
    var status = 0
    var headers: [String: String] = [:]
    /// The empty line after the headers has come.
    var isHeadWhole = false
    private var headerBytes = 0
    var body: [UInt8] = []
    private var began: ContinuousClock.Instant?
    /// From the first byte of the body to the last that has come.
    private(set) var bodyTime = Duration.zero
    /// The answer grew beyond a limit.
    var isTooLarge = false
    /// Why a socket could not be had.
    var openFailure: String?
    /// The same, where whoever opens says it as we do.
    var openError: HTTPClientError?
    /// Bytes of the answer that have come.
    var received: Int { headerBytes + body.count }

    init(_ target: HTTPTarget, bodyLimit: Int) {
        self.target = target
        self.bodyLimit = bodyLimit
    }

    /// In bytes.
    private static let likely = 8 << 20

    /// - Returns: whether to go on.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= bodyLimit else {
            isTooLarge = true
            return false
        }
        // Not what the server promises, only what is likely.
        if body.isEmpty, let length = headers["content-length"].flatMap({ Int($0) }) {
            body.reserveCapacity(min(max(length, 0), Transfer.likely, bodyLimit))
        }
        body.append(contentsOf: bytes)
        let now = ContinuousClock.now
        if let began { bodyTime = now - began } else { began = now }
        return true
    }

    /// One line of the head, the status line included (of an interim 100 answer, too: its fields are dropped).
    func receive(headerLine bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Transfer.headerLimit else {
            isTooLarge = true
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            headers = [:]
            isHeadWhole = false
        } else if bytes.elementsEqual("\r\n".utf8) {
            isHeadWhole = true
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let name = line[..<colon].lowercased()
            let value = String(Transfer.trimmed(line[line.utf8.index(after: colon)...]))
            headers[name] = headers[name].map { $0 + ", " + value } ?? value
        }
        return true
    }

    private static let headerLimit = 64 << 10

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    // MARK: The socket

    /// A stream that was opened and not yet put in its place.
    private var stream: Int32 = -1
    /// What libcurl takes for the socket of that stream.
    private var placeholder: Int32 = -1

    deinit { if stream >= 0 { close(stream) } }

    /// - Returns: a socket for libcurl to connect, or -1 with ``openFailure`` set.
    func openSocket(family: Int32, kind: Int32, number: Int32) -> Int32 {
        do {
            guard case .opened(_, let open) = target else {
                return try checked(socket(family, kind | Int32(SOCK_CLOEXEC.rawValue), number))
            }
            try takeStream(open())
            return placeholder
        } catch let error as HTTPClientError {
            openError = error
            return -1
        } catch {
            openFailure = "\(error)"
            return -1
        }
    }

    /// libcurl 7.88 calls connect(2) even for a socket that is said to be connected already, which fails for one end of
    /// a socketpair. So it gets a datagram socket, for which connecting sends nothing and always succeeds; before the
    /// first byte is sent, the stream takes over its number.
    private func takeStream(_ descriptor: Int32) throws(SystemCallFailure) {
        if stream >= 0 { close(stream) }
        stream = try checked(descriptor)
        _ = try checked(fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK))
        placeholder = try checked(socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
    }

    /// - Returns: whether the request may be sent.
    func putStreamInPlace() -> Bool {
        guard stream >= 0 else { return true }
        defer {
            close(stream)
            stream = -1
        }
        return dup3(stream, placeholder, O_CLOEXEC) == placeholder
    }

    private func checked(_ result: Int32) throws(SystemCallFailure) -> Int32 {
        guard result >= 0 else { throw SystemCallFailure(code: errno) }
        return result
    }
}

/// An `errno`, for the reason of `unreachable`.
struct SystemCallFailure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { String(cString: strerror(code)) }
}

// MARK: What libcurl calls, on the thread of the request

/// SAFETY: `context` is the transfer of `HTTPConnection.send`, which waits for the end of the request.
private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

let bodyCallback: curl_write_callback = { bytes, size, count, context in
    let isTaken = transfer(context)?.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? false
    return isTaken ? size * count : 0
}

let headerCallback: curl_write_callback = { bytes, size, count, context in
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(context)?.receive(headerLine: line) ?? false ? size * count : 0
}

let openSocketCallback: curl_opensocket_callback = { context, _, address in
    guard let transfer = transfer(context), let address = address?.pointee else { return -1 }
    return transfer.openSocket(family: address.family, kind: address.socktype, number: address.protocol)
}

/// Connected, and nothing sent yet.
let readyCallback: curl_prereq_callback = { context, _, _, _, _ in
    transfer(context)?.putStreamInPlace() ?? false ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
