internal import Hashing
internal import SQLite
import SyncCore

extension Journal {
    /// What was answered to an operation before; nil if it was not decided yet, or if its outcome was acknowledged.
    package func recordedOutcome(of operation: OperationID, client: String) throws -> Outcome? {
        try database.first(
            "SELECT outcome FROM outcome WHERE client = ? AND generation = ? AND number = ?", client,
            operation.generation, operation.number
        ) { row in
            var decoder = Decoder(try row.blob(0))
            return try decoder.outcome()
        }
    }

    /// The node that an operation made or meant; nil if it was refused, is not known, or was acknowledged.
    package func outcomeNode(of operation: OperationID, client: String) throws -> NodeID? {
        let found = try database.first(
            "SELECT node FROM outcome WHERE client = ? AND generation = ? AND number = ?", client,
            operation.generation, operation.number
        ) { try $0.optionalInt64(0) }
        return found.flatMap { $0.map { NodeID($0) } }
    }

    func record(_ outcome: Outcome, of operation: Operation, client: String) throws {
        var encoder = Encoder()
        encoder.outcome(outcome)
        try database.execute(
            "INSERT INTO outcome (client, generation, number, node, outcome, asked) VALUES (?, ?, ?, ?, ?, ?)", client,
            operation.id.generation, operation.id.number, outcome.madeNode?.id, encoder.data, Self.asked(operation))
    }

    /// Whether what is on record under an operation's id was this operation. An index that was set back gives its numbers
    /// again: another operation must not get the old one's outcome.
    func wasAsked(_ operation: Operation, client: String) throws -> Bool {
        let asked = try database.query(
            "SELECT asked FROM outcome WHERE client = ? AND generation = ? AND number = ?", client,
            operation.id.generation, operation.id.number
        ) { try $0.optionalBlob(0) }
        return asked.allSatisfy { $0 == nil || $0 == Self.asked(operation) }
    }

    private static func asked(_ operation: Operation) -> [UInt8] {
        var encoder = Encoder()
        encoder.change(operation.change)
        return sha256(encoder.data)
    }

    /// The highest operation number that was ever seen of an index of a client; 0 if none was. An index that would give it
    /// again was set back.
    package func highestNumber(generation: String, client: String) throws -> Int64 {
        try database.first(
            "SELECT highest FROM generation WHERE client = ? AND generation = ?", client, generation
        ) { try $0.int64(0) } ?? 0
    }

    func noteNumber(_ number: Int64, generation: String, client: String) throws {
        try database.execute(
            """
            INSERT INTO generation (client, generation, highest) VALUES (?, ?, ?)
            ON CONFLICT (client, generation) DO UPDATE SET highest = max(highest, excluded.highest)
            """, client, generation, number)
    }

    /// Forgets what the client has taken in. What an older index of it never took in, nobody will ask for.
    func acknowledge(_ number: Int64, generation: String, client: String, dropsOthers: Bool) throws {
        if dropsOthers {
            // Two ranges of the key, so that this generation's outcomes are not walked over each time.
            try database.execute("DELETE FROM outcome WHERE client = ? AND generation < ?", client, generation)
            try database.execute("DELETE FROM outcome WHERE client = ? AND generation > ?", client, generation)
        }
        guard number > (try acknowledged(generation: generation, client: client)) else { return }
        try database.execute(
            "DELETE FROM outcome WHERE client = ? AND generation = ? AND number <= ?", client, generation, number)
        try database.execute(
            "INSERT OR REPLACE INTO acknowledged (client, generation, number) VALUES (?, ?, ?)", client, generation,
            number)
    }

    /// Up to which operation outcomes were taken in; 0 if none was.
    func acknowledged(generation: String, client: String) throws -> Int64 {
        try database.first(
            "SELECT number FROM acknowledged WHERE client = ? AND generation = ?", client, generation
        ) { try $0.int64(0) } ?? 0
    }
}

extension Outcome {
    /// What the operation's node is for those that hang on it.
    var madeNode: Node? {
        switch self {
        case .applied(let node), .merged(let node), .conflict(_, copy: let node): node
        case .refused, .contentMissing, .held: nil
        }
    }
}
