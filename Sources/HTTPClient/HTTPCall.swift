/// One request of a client.
package struct HTTPCall: Sendable {
    /// `GET`, `POST`, …
    package var method: String
    /// Path and query, percent-encoded by the caller; sent as it is.
    package var path: String
    /// Host and Content-Length are added. Without a Content-Type, none is sent.
    package var headers: [String: String]
    /// Sent whole, with its length. Empty means no body.
    package var body: [UInt8]
    /// Seconds for the whole of it, from connecting to the last byte of the answer.
    package var timeout: Double
    /// Seconds that may pass without a byte sent or received; nil for as long as there is time at all.
    package var silence: Double?

    package init(
        _ method: String = "GET", _ path: String, headers: [String: String] = [:], body: [UInt8] = [],
        timeout: Double = 30, silence: Double? = nil
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.silence = silence
    }
}

/// What the server answered, whatever the status.
package struct HTTPReply: Hashable, Sendable {
    /// 200 to 599.
    package var status: Int
    /// By lowercased name; values of a repeated header are joined by `, `.
    package var headers: [String: String]
    /// The whole body, as it was sent.
    package var body: [UInt8]
    /// From the first of its bytes to the last.
    package var bodyTime: Duration
}

/// Where a connection goes.
package enum HTTPTarget: Sendable {
    case tcp(host: String, port: UInt16)
    case unix(path: String)
    /// A stream that somebody else opens, such as one end of a socketpair whose other end is a tunnel. `open` gives a
    /// connected socket, which then belongs to the connection; what it throws becomes the reason of `unreachable`.
    /// `authority` is what the Host header says, `127.0.0.1:PORT` of the server at the far end.
    case opened(authority: String, open: @Sendable () throws -> Int32)

    /// For messages.
    package var text: String {
        switch self {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        case .opened(let authority, _): "\(authority) (through a tunnel)"
        }
    }

    /// The value of the Host header. Also the authority of the URL: never looked up except for `.tcp`.
    var authority: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix: "localhost"
        case .opened(let authority, _): authority
        }
    }
}

/// Why there is no answer.
package enum HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No connection, or it broke before the answer was whole.
    case unreachable(target: String, reason: String)
    case timedOut(target: String, seconds: Double)
    case cancelled
    case tooLarge(limit: Int)
    /// It was asked to show that it knows a secret, and answered something else: it may be another server.
    case unproven(target: String)
    /// It does not say whether it knows the secret: what it answered instead.
    case proofRefused(HTTPReply)

    package var description: String {
        switch self {
        case .unreachable(let target, let reason):
            "\(target) cannot be reached (\(reason)); see whether it runs there, then try again"
        case .timedOut(let target, let seconds):
            "\(target) did not answer within \(seconds) s; see whether it is overloaded or the network down, and try again"
        case .cancelled: "the request was cancelled"
        case .tooLarge(let limit):
            "the answer is larger than the \(limit) bytes that are taken; ask for less at a time"
        case .unproven(let target):
            "what listens at \(target) has not shown that it is the server that is meant, so nothing was sent to it; see which "
                + "program has that port there"
        case .proofRefused(let reply):
            "the server answered with status \(reply.status) when it was asked to show who it is"
        }
    }
}
