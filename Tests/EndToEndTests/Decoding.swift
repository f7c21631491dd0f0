import ControlAPI
import TestSupport

extension FleetAnswer {
    /// What it printed with `--json`.
    func decoded<Message: Decodable>(_ type: Message.Type = Message.self) throws -> Message {
        try expectDone()
        do { return try WireFormat.decode(type, from: bytes) } catch {
            throw FleetProgram.Failure("\(error) in \(output)")
        }
    }
}

extension FleetHub {
    func status() throws -> StatusResponse { try ctl("status", "--json").decoded() }

    func status(of client: String) throws -> StatusResponse.Client {
        guard let found = try status().clients.first(where: { $0.name == client }) else {
            throw FleetProgram.Failure("status does not know \(client)")
        }
        return found
    }

    func unsynced() throws -> [UnsyncedMessage] { try ctl("unsynced", "--json").decoded() }

    func conflicts() throws -> [ConflictMessage] { try ctl("conflicts", "--json").decoded() }

    /// The newest changes, oldest first.
    func changes() throws -> [LogMessage] { try ctl("log", "--json", "--limit", "1000").decodedLines() }
}

extension FleetAnswer {
    /// `log` prints an array.
    func decodedLines() throws -> [LogMessage] { try decoded() }
}

/// Bytes that do not compress and are the same each time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        withUnsafeBytes(of: state) { bytes += $0 }
    }
    return Array(bytes.prefix(count))
}
