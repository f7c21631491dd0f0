/// A request that the server itself turns down, before any handler sees it.
struct Refusal: Equatable, Sendable {
    var status: Int
    /// One word for programs.
    var code: String
    /// A sentence for people.
    var message: String

    /// `{"error":{"code":"…","message":"…"}}`
    var response: HTTPResponse {
        var response = HTTPResponse.json(status: status, body)
        if status == 429 { response.headers["Retry-After"] = "1" }
        return response
    }

    private var body: [UInt8] {
        Array("{\"error\":{\"code\":\(Refusal.quoted(code)),\"message\":\(Refusal.quoted(message))}}\n".utf8)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\u{00}"..."\u{1F}": quoted += " "
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension HTTPResponse {
    /// The whole answer as bytes, for a connection that libmicrohttpd is not asked about any more. Of the headers only those that
    /// we set ourselves.
    var raw: [UInt8] {
        var headers = headers
        headers["Connection"] = "close"
        let fields = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        let head = "HTTP/1.1 \(status) Refused\r\n\(fields)Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }
}

extension Refusal {
    static let unanswered = Refusal(
        status: 500, code: "unanswered", message: "The request was given up without an answer; look at the log.")
    static let stopping = Refusal(
        status: 503, code: "stopping", message: "The server is stopping; ask again when it is back.")
    static let tooManyConnections = Refusal(
        status: 503, code: "too_many_connections", message: "Too many connections are open; close some or try later.")
    static let tooManyBodies = Refusal(
        status: 503, code: "too_many_bodies", message: "Too many large requests are under way; send it again later.")
    static let tooSlow = Refusal(
        status: 408, code: "too_slow", message: "The request took too long to arrive; send it again.")
    static let tooManyOfYours = Refusal(
        status: 429, code: "too_many",
        message:
            "Too many connections are open with this token, and none of them is idle; wait for an answer on one of them."
    )
    static let tooManyStrangers = Refusal(
        status: 503, code: "too_many_connections",
        message:
            "Too many connections are open that have not said whose they are; send a request at once, with a valid token."
    )
    static let notFirst = Refusal(
        status: 400, code: "not_first",
        message: "This is asked once, as the first thing on a connection, without a body.")
    static let tooManyBodiesOfYours = Refusal(
        status: 429, code: "too_many",
        message: "Too many large requests with this token are under way; send it again when one of them is answered.")
}
