import ControlAPI
import SyncCore

extension Runner {
    func log(_ request: Request.LogRequest) throws(Failure) {
        let newest: [LogMessage] = try calls.get(.log, ["limit": "\(request.limit)"])
        if request.follow {
            try lines(newest)
            try follow(after: newest.last?.seq ?? 0)
        } else {
            try show(newest)
        }
    }

    /// Ends with a failure, or with the process.
    private func follow(after seq: Int64) throws(Failure) -> Never {
        var seq = seq
        while true {
            let asked = Monotonic.seconds()
            let query: KeyValuePairs = ["after": "\(seq)", "limit": "1000", "wait": "50"]
            let more: [LogMessage] = try calls.get(.log, query, held: 50)
            try lines(more)
            seq = more.last?.seq ?? seq
            if more.isEmpty { Monotonic.restUnlessHeld(since: asked) }
        }
    }

    /// What came just now: one JSON object a line, since a list that never ends has no closing bracket.
    private func lines(_ messages: [LogMessage]) throws(Failure) {
        if messages.isEmpty { return }
        let json = { SafeText.json(String(decoding: WireFormat.encode($0 as LogMessage), as: UTF8.self)) + "\n" }
        try output.result(asJSON ? messages.map(json).joined() : messages.text(output.appearance))
    }
}
