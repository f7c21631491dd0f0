import Journal
import SyncCore
import TestSupport
import Testing

/// What tests of the guard begin with: ten files in the directory `d`, and one beside it, made by bea.
struct GuardFixture {
    let journal: Journal
    let ann: Desk
    let bea: Desk

    init() throws {
        journal = try Journal.inMemory()
        ann = Desk(journal)
        bea = Desk(journal, client: "bea")
        for name in ["ann", "bea"] {
            try journal.addClient(name, kind: .agent, publicKey: "key of \(name)", at: 1)
            try journal.hello(name, generation: "a1", at: 1)
        }
        _ = try bea.run(.directory("d"), .file("beside", "beside"))
        let directory = try #require(try journal.node(at: path("d")))
        _ = try bea.commit((0..<10).map { bea.operation(.file("f\($0)", "text \($0)", in: directory.id)) })
    }
}
