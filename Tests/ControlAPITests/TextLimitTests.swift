import ControlAPI
import Testing

/// Texts that clients say end somewhere: each limit at its last byte and one beyond.
struct TextLimitTests {
    private func text(_ count: Int) -> String { String(repeating: "x", count: count) }

    private func report(_ change: (inout ReportRequest) -> Void) -> String? {
        var report = ReportRequest(
            epoch: "e", cursor: 0, barrier: 0,
            pending: [PendingMessage(path: "a", direction: .up, bytes: 0, reason: "new")], upCount: 1, downCount: 0,
            bytes: 0)
        change(&report)
        return report.textProblem
    }

    @Test func `a report's texts have limits`() {
        let fields: [(String, Int, (inout ReportRequest, String) -> Void)] = [
            ("blocked", 4_096, { $0.blocked = $1 }), ("merging", 4_096, { $0.merging = $1 }),
            ("mode", 128, { $0.mode = $1 }), ("pending.reason", 4_096, { $0.pending[0].reason = $1 }),
            ("pending.path", 262_140, { $0.pending[0].path = $1 }),
        ]
        for (field, most, set) in fields {
            let whole = report { set(&$0, text(most)) }
            let long = report { set(&$0, text(most + 1)) }
            #expect(whole == nil)
            #expect(long == "the field '\(field)' has at most \(most) bytes, this one has \(most + 1)")
        }
    }

    @Test func `a hello's texts have limits`() {
        let fields: [(String, Int, (inout HelloRequest, String) -> Void)] = [
            ("generation", 64, { $0.generation = $1 }), ("version", 128, { $0.version = $1 }),
            ("chain", 128, { $0.chain = $1 }), ("machine", 128, { $0.machine = $1 }),
        ]
        for (field, most, set) in fields {
            var hello = HelloRequest(version: "1", generation: "g")
            set(&hello, text(most))
            #expect(hello.problem == nil)
            set(&hello, text(most + 1))
            #expect(hello.problem?.contains("'\(field)'") == true)
        }
    }

    @Test func `a commit's generation has 1 to 64 bytes`() {
        func problem(_ generation: String) -> String? {
            CommitRequest(epoch: "e", generation: generation, acknowledged: 0, operations: []).problem
        }
        #expect(problem("g") == nil && problem(text(64)) == nil)
        #expect(problem("")?.contains("'generation'") == true && problem(text(65))?.contains("'generation'") == true)
    }

    @Test func `what an agent says is cut to what the hub takes`() {
        let long = String(repeating: "é", count: 4_000)
        for text in [text(4_097), long, "x" + long, "xx" + long, String(repeating: "😀", count: 2_000)] {
            let item = PendingMessage(path: "a", direction: .up, bytes: 0, reason: text)
            #expect(item.reason.utf8.count <= 4_096 && item.reason.utf8.count > 4_000 && item.reason.hasSuffix("…"))
            let report = ReportRequest(
                epoch: "e", cursor: 0, barrier: 0, pending: [item], upCount: 1, downCount: 0, bytes: 0, blocked: text,
                merging: text)
            #expect(report.textProblem == nil)
        }
        #expect(PendingMessage(path: "a", direction: .up, bytes: 0, reason: text(4_096)).reason == text(4_096))
    }
}
