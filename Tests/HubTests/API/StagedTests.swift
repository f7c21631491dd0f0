import ControlAPI
import Glibc
import HTTPClient
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

    @Test func `of a long file a part is told at a time`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let blocks = (1...3).map { [UInt8](repeating: UInt8($0), count: 1 << 20) } + [Array("rest".utf8)]
        hub.directory.write(Array(blocks.joined()), to: "staging/laptop/up-1")
        let digests = blocks.map { Digest(bytes: sha256($0))!.hex }  // SAFETY: 32 bytes.
        func ask(from start: Int64, _ most: Int) throws -> StagedResponse.File? {
            let question = StagedRequest(files: ["up-1"], block: 1 << 20, from: start, most: most)
            return try hub.post("/v1/staged", question, token: laptop.token, as: StagedResponse.self).files.first
        }
        #expect(try ask(from: 0, 2) == .init(name: "up-1", size: (3 << 20) + 4, blocks: Array(digests[..<2])))
        #expect(try ask(from: 2 << 20, 2)?.blocks == Array(digests[2...]))
        #expect(try ask(from: 3 << 20, 9)?.blocks == [digests[3]])
        #expect(try ask(from: 4 << 20, 2)?.blocks == [])
        #expect(try ask(from: 1 << 20, Int.max)?.blocks == Array(digests[1...]))
        #expect(throws: (any Error).self) { try ask(from: -1, 1) }
        #expect(throws: (any Error).self) { try ask(from: 0, 0) }
    }

    @Test func `for somebody who has gone nothing more is read`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        hub.directory.write("x", to: "staging/laptop/up-1")
        // A hole takes minutes to be read, on both threads that read for clients.
        let path = hub.directory.path("staging/laptop/up-1")
        #expect(truncate(path, Int(StagedRequest.mostBlocks - 1) << 20) == 0)
        let question = WireFormat.encode(StagedRequest(files: ["up-1"], block: 1 << 20))
        for _ in 1...2 {
            let call = HTTPCall(
                "POST", "/v1/staged", headers: ["Authorization": "Bearer \(laptop.token)"], body: question, timeout: 0.2
            )
            #expect(throws: (any Error).self) { try hub.connection().send(call) }
        }
        // Whoever asks then is answered at once.
        let short = WireFormat.encode(StagedRequest(files: ["up-1"], block: 1 << 20, most: 1))
        let answer = hub.later("POST", "/v1/staged", token: laptop.token, body: short, as: StagedResponse.self)
        #expect(try #require(answer.value()).get().files.first?.blocks.count == 1)
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
