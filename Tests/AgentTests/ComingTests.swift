import ControlAPI
import SyncCore
import Testing

@testable import Agent

/// What an agent knows of contents that others are sending.
@Suite struct ComingTests {
    private static let large: Int64 = 40 << 20

    private static func coming(_ number: Int = 1, through: Int64 = 0, file: String? = "f") -> Coming {
        let digest = String(repeating: "0", count: 63) + "\(number)"
        return Coming(
            ComingMessage(sha256: digest, size: large, through: through, parent: 1, path: "a/b", file: file))!
    }

    /// From where on there is what, what has come, and what is fetched.
    @Test(
        arguments: [
            (0, 0, nil), (0, Coming.least - 1, nil), (0, Coming.least, 0..<Coming.least),
            (5, Coming.least, nil), (large - 1, large, large - 1..<large), (large, large, nil), (large, 7, nil),
        ] as [(Int64, Int64, Range<Int64>?)])
    func `a step is worth a connection's while, or is the last`(_ have: Int64, _ through: Int64, _ range: Range<Int64>?)
    {
        #expect(Self.coming(through: through).range(after: have) == range)
        #expect(Self.coming(through: through, file: nil).range(after: have) == nil)
    }

    @Test func `it takes at most half of the room that there is`() {
        let coming = Self.coming()
        #expect(coming.fits(after: 0, room: 2 * Self.large))
        #expect(!coming.fits(after: 0, room: 2 * Self.large - 1))
        #expect(coming.fits(after: Self.large / 2, room: Self.large))
        #expect(coming.fits(after: 0, room: nil))
    }

    @Test(arguments: [
        ComingMessage(sha256: "1", size: 5, through: 0, parent: 1, path: "a"),
        ComingMessage(sha256: String(repeating: "0", count: 64), size: 5, through: 6, parent: 1, path: "a"),
        ComingMessage(sha256: String(repeating: "0", count: 64), size: -5, through: 0, parent: 1, path: "a"),
        ComingMessage(sha256: String(repeating: "0", count: 64), size: 5, through: 0, parent: 1, path: ""),
        ComingMessage(sha256: String(repeating: "0", count: 64), size: 5, through: 0, parent: 1, path: "/a"),
    ])
    func `what makes no sense is passed over`(_ message: ComingMessage) {
        #expect(Coming(message) == nil)
    }

    @Test func `what nobody sends any more may be looked for, and is decided anew when it is sent again`() {
        var notes = ComingNotes()
        let (one, two) = (Self.coming(1), Self.coming(2))
        let begin = [notes.note(nil), notes.isKnown, notes.note([]), notes.isKnown]
        #expect(begin == [false, false, true, true])
        let more = [notes.note([one, two]), notes.note([Self.coming(1, through: 9), two])]
        #expect(more == [false, false])
        let decided = [notes.isWanted(one) { false }, notes.isWanted(one) { true }]
        #expect(decided == [false, false])
        // A connection that broke says nothing about it.
        let fewer = [notes.note([two]), notes.note(nil)]
        #expect(fewer == [true, false])
        #expect(!notes.contains(one.digest) && notes.contains(two.digest))
        let again = [notes.note([one, two]), notes.isWanted(one) { true }]
        #expect(again == [false, true])
        notes.giveUp(one.digest)
        let end = notes.isWanted(one) { true }
        #expect(!end)
    }

    @Test func `what could not be read is left alone for a while`() {
        var notes = ComingNotes()
        _ = notes.note([Self.coming()])
        let digest = Self.coming().digest
        #expect(!notes.isHeld(digest, at: 0))
        notes.hold(digest, at: 5)
        #expect(notes.isHeld(digest, at: 4 + ComingNotes.pause))
        #expect(!notes.isHeld(digest, at: 5 + ComingNotes.pause))
    }
}
