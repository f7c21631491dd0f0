/// A request that the server itself turns down, before any handler sees it.
struct Refusal: Equatable, Sendable {
    var status: Int
    /// One word for programs.
    var code: String
    /// A sentence for people.
    var message: String

    /// `{"error":{"code":"…","message":"…"}}`
    var response: HTTPResponse { .json(status: status, body) }

    private var body: [UInt8] {
        Array("{\"error\":{\"code\":\(Refusal.quoted(code)),\"message\":\(Refusal.quoted(message))}}\n".utf8)
    }

    /// The whole answer as bytes, for a connection that libmicrohttpd is not asked about any more.
    var rawResponse: [UInt8] {
        let head = """
            HTTP/1.1 \(status) Refused\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\
            Connection: close\r\n\r\n
            """
        return Array(head.utf8) + body
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
}
