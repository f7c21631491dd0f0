import ControlAPI

/// The control API, one request at a time.
protocol Calls: AnyObject {
    /// - Parameters:
    ///   - query: as it stands in the URL, without the question mark.
    ///   - seconds: how long the answer may take.
    /// - Returns: the body of a success.
    func send(_ route: Route, query: String, body: [UInt8], seconds: Double) throws(Failure) -> [UInt8]
}

extension Calls {
    /// - Parameters:
    ///   - query: values are percent-encoded here.
    ///   - held: seconds for which the hub may hold the request open.
    func get<Answer: Decodable>(
        _ route: Route, _ query: KeyValuePairs<String, String> = [:], held: Int64 = 0
    ) throws(Failure) -> Answer {
        let query = query.map { "\($0.key)=\(percentEncoded($0.value))" }.joined(separator: "&")
        return try decoded(try send(route, query: query, body: [], seconds: patience + Double(held)))
    }

    /// - Parameter held: seconds for which the hub may hold the request open.
    func post<Answer: Decodable>(
        _ route: Route, _ message: some Encodable, held: Int64 = 0
    ) throws(Failure) -> Answer {
        let body = WireFormat.encode(message)
        return try decoded(try send(route, query: "", body: body, seconds: patience + Double(held)))
    }
}

/// Seconds for an answer that has nothing to wait for, also through an agent over a slow line.
private let patience = 30.0

private func decoded<Answer: Decodable>(_ body: [UInt8]) throws(Failure) -> Answer {
    do throws(WireError) {
        return try WireFormat.decode(Answer.self, from: body)
    } catch {
        throw .failed("the answer is not understood (\(error)); syncctl and the hub may be of different versions")
    }
}

/// All but the unreserved characters (RFC 3986 §2.3) as `%HH`.
func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            String(Unicode.Scalar(byte))
        default: "%" + hexDigits(byte)
        }
    }.joined()
}

private func hexDigits(_ byte: UInt8) -> String {
    let digits = Array("0123456789ABCDEF")
    return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
}
