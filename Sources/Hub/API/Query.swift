internal import ControlAPI
internal import HTTPServer
import SyncCore

extension HTTPRequest {
    /// A number of the query; nil when it is not there.
    func number(_ name: String) throws(ErrorMessage) -> Int64? {
        guard let text = query(name) else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw ErrorMessage(.badValue, "the query's '\(name)' must be a number, not negative")
        }
        return number
    }

    /// A number that has to be there.
    func neededNumber(_ name: String) throws(ErrorMessage) -> Int64 {
        guard let number = try number(name) else {
            throw ErrorMessage(.missingField, "the query lacks '\(name)'")
        }
        return number
    }

    /// Seconds to hold the request open: 0 if it does not say.
    func seconds(_ name: String, limit: Int) throws(ErrorMessage) -> Nanoseconds {
        .seconds(min(try number(name) ?? 0, Int64(limit)))
    }

    /// `once --dry-run` asks: nothing may be remembered of it.
    var onlyLooks: Bool { query("dry") == "1" }

    /// The body as a message.
    func message<Message: Decodable>(_ type: Message.Type) throws(ErrorMessage) -> Message {
        do throws(WireError) { return try WireFormat.decode(type, from: body) } catch { throw ErrorMessage(error) }
    }

    /// The body as a message, and what is behind it.
    func messageWithBytes<Message: Decodable>(
        _ type: Message.Type
    ) throws(ErrorMessage) -> (Message, BytesBehind?) {
        guard headers["content-type"] == MessageWithBytes.contentType else { return (try message(type), nil) }
        do throws(WireError) {
            let (message, start) = try MessageWithBytes.decode(type, from: body)
            return (message, BytesBehind(body: body, start: start))
        } catch { throw ErrorMessage(error) }
    }
}

extension HTTPResponse {
    static func message(_ message: some Encodable) -> HTTPResponse { .json(WireFormat.encode(message)) }

    /// The same with bytes behind it.
    static func message(_ message: some Encodable, behind bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: ["Content-Type": MessageWithBytes.contentType, "Cache-Control": "no-store"],
            body: MessageWithBytes.encode(message, bytes))
    }

    /// - Parameter methods: that the path takes, where another one was used.
    static func refusal(_ error: ErrorMessage, allowed methods: [String] = []) -> HTTPResponse {
        var response = HTTPResponse.json(status: error.code.status, WireFormat.encode(error))
        // What RFC 9110 asks for with these two (§15.5.2, §15.5.6).
        if error.code == .unauthorized { response.headers["WWW-Authenticate"] = "Bearer" }
        if error.code == .wrongMethod { response.headers["Allow"] = methods.joined(separator: ", ") }
        return response
    }
}

/// An escaped path of a body as a path.
func requestedPath(_ text: String) throws(ErrorMessage) -> RelativePath {
    do throws(WireError) { return try wirePath(text) } catch { throw ErrorMessage(error) }
}
