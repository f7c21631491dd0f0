internal import SQLite
import SyncCore

/// The one row of `meta`: what every change counts on.
struct Ledger {
    var head: Sequence
    var chain: [UInt8]
    var files: Int64
    var bytes: Int64
}

extension Journal {
    func ledger() throws -> Ledger {
        let found = try database.first("SELECT head, chain, files, bytes FROM meta") {
            Ledger(
                head: Sequence(try $0.int64(0)), chain: try $0.blob(1), files: try $0.int64(2),
                bytes: try $0.int64(3))
        }
        guard let found else { throw JournalError.damaged("its table meta is empty") }
        return found
    }

    func save(_ ledger: Ledger) throws {
        try database.execute(
            "UPDATE meta SET head = ?, chain = ?, files = ?, bytes = ?", ledger.head, ledger.chain, ledger.files,
            ledger.bytes)
    }
}

extension NodeID: Bindable {}
extension Sequence: Bindable {}
extension Version: Bindable {}
extension Digest: Bindable {
    var binding: Binding { bytes.binding }
}
extension Name: Bindable {
    var binding: Binding { bytes.binding }
}
extension RelativePath: Bindable {
    var binding: Binding { bytes.binding }
}
