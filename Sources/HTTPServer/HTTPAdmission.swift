/// Who asks, as far as the head of a request tells it, before a byte of its body is taken.
package enum HTTPAdmission: Sendable {
    /// The connection counts as that party's from now on, and the request goes on.
    case admitted(HTTPParty)
    /// Nobody knows them: the answer comes without a look at the body, and the later the more of them there are.
    case stranger(HTTPResponse)
    /// That request is not taken: the answer comes at once, without a look at the body.
    case refused(HTTPResponse)
    /// The answer comes at once, and the connection goes on, still a stranger's: once for each, and to a request without a body.
    case answered(HTTPResponse)
}

/// One of those whose connections are counted together.
package struct HTTPParty: Hashable, Sendable {
    /// What they are counted by.
    package var name: String
    /// Of this request, in bytes, if it is less than ``HTTPServerSettings/bodyLimit``; a larger one is answered 413.
    package var bodyLimit: Int

    /// - Parameter bodyLimit: in bytes.
    package init(_ name: String, bodyLimit: Int = .max) {
        self.name = name
        self.bodyLimit = bodyLimit
    }
}

/// How long strangers wait for their answers. All of them are one: whoever comes with another name, or from another port, is no
/// other. Those who are known are never asked about it. Pure.
package struct StrangerPace: Sendable {
    /// So many are answered at once.
    package var burst = 20
    /// Seconds from one answer to the next, once those are used up; that is also how long it takes until one more is answered at
    /// once.
    package var interval = 0.1
    /// Seconds that nobody waits longer than; who comes while somebody does is counted no more.
    package var longest = 5.0
    /// When the next answer would be due if there were no burst, in seconds of any clock that never goes back.
    private var due = -Double.infinity

    package init() {}

    /// One more.
    /// - Returns: seconds that its answer waits.
    package mutating func delay(at now: Double) -> Double {
        let start = max(due, now - Double(burst) * interval)
        due = min(start + interval, now + longest)
        return max(0, due - now)
    }
}
