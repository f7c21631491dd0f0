internal import CCurl
import Glibc

/// What the callbacks of one request work on. Used by the one thread that runs the request.
final class Transfer {
    let target: HTTPTarget
    let bodyLimit: Int
    var status = 0
    var headers: [String: String] = [:]
    private var headerBytes = 0
    var body: [UInt8] = []
    /// The answer grew beyond a limit.
    var isTooLarge = false
    /// Why a socket could not be had.
    var openFailure: String?

    init(_ target: HTTPTarget, bodyLimit: Int) {
        self.target = target
        self.bodyLimit = bodyLimit
    }

    /// - Returns: whether to go on.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= bodyLimit else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
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

    /// - Returns: a socket (connected, unless for `.tcp`), or -1 with ``openFailure`` set.
    func openSocket(family: Int32, kind: Int32, number: Int32) -> Int32 {
        do {
            switch target {
            case .tcp: return try checked(socket(family, kind | Int32(SOCK_CLOEXEC.rawValue), number))
            case .unix(let path): return try connectUnix(path)
            case .opened(_, let open): return try open()
            }
        } catch {
            openFailure = "\(error)"
            return -1
        }
    }

    private func checked(_ descriptor: Int32) throws(SystemCallFailure) -> Int32 {
        guard descriptor >= 0 else { throw SystemCallFailure(code: errno) }
        return descriptor
    }

    private func connectUnix(_ path: String) throws(SystemCallFailure) -> Int32 {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: name.sun_path) else { throw SystemCallFailure(code: ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = try checked(
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0))
        let result = withUnsafeMutablePointer(to: &name) {
            // SAFETY: the kernel reads the size of the real type at most.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(descriptor)
            throw SystemCallFailure(code: code)
        }
        return descriptor
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

let socketOptionsCallback: curl_sockopt_callback = { context, _, _ in
    if case .tcp = transfer(context)?.target { CURL_SOCKOPT_OK } else { CURL_SOCKOPT_ALREADY_CONNECTED }
}
