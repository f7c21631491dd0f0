import SyncCore
import TestSupport
import Testing

@testable import Journal
@testable import SQLite

/// What a journal that is made anew takes over.
struct CredentialTests {
    @Test func `a client with a limit that a credential cannot say is left out`() throws {
        try withTemporaryDirectory { directory in
            let journal = try Journal(path: directory.path("journal.db"))
            for name in ["ann", "bea", "cem"] {
                try journal.addClient(name, kind: .agent, publicKey: "ssh-ed25519 \(name)", at: 1)
            }
            #expect(try journal.credentials().map(\.name) == ["ann", "bea", "cem"])
            try Database(path: directory.path("journal.db")).run(
                """
                ALTER TABLE client ADD COLUMN area BLOB; ALTER TABLE client ADD COLUMN narrow INTEGER NOT NULL DEFAULT 0;
                UPDATE client SET area = x'61' WHERE name = 'ann'; UPDATE client SET narrow = 1 WHERE name = 'cem';
                """)
            #expect(try Journal(path: directory.path("journal.db")).credentials().map(\.name) == ["bea"])
        }
    }
}
