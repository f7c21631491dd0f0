import ControlAPI
import Glibc
import Hashing
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A client asks what lies in its staging directory.
struct StagedTests {
    private func ask(_ client: TestClient, _ files: [String], block: Int64 = 1 << 20) throws -> StagedResponse {
        try client.hub.post(
            "/v1/staged", StagedRequest(files: files, block: block), token: client.token, as: StagedResponse.self)
    }

    @Test func `size and digests of blocks are those of the bytes that lie there`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let first = [UInt8](repeating: 1, count: 1 << 20)
        hub.directory.write(String(decoding: first + Array("rest".utf8), as: UTF8.self), to: "staging/laptop/up-1")
        let answer = try ask(laptop, ["up-1", "up-2"])
        let blocks = [sha256(first), sha256(Array("rest".utf8))].map { Digest(bytes: $0)!.hex }  // SAFETY: 32 bytes.
        #expect(answer.files == [.init(name: "up-1", size: (1 << 20) + 4, blocks: blocks)])
    }

    @Test func `of a hole without end nothing is said`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        hub.directory.write("x", to: "staging/laptop/up-1")
        let path = hub.directory.path("staging/laptop/up-1")
        #expect(truncate(path, Int(StagedRequest.mostBlocks) << 20) == 0)
        #expect(try ask(laptop, ["up-1"]).files.isEmpty)
    }

    @Test func `nobody hears of another's staging`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        hub.directory.write("secret", to: "staging/laptop/up-1")
        #expect(try ask(desk, ["up-1"]).files.isEmpty)
        #expect(try ask(laptop, ["up-1"]).files.count == 1)
    }

    @Test(arguments: ["../laptop/up-1", "", ".."])
    func `what is no name is refused`(_ name: String) throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        #expect(throws: (any Error).self) { try ask(laptop, [name]) }
    }
}
