/// Which contents to ask about, when it is not known whether any of many is there: the large ones, and of the small ones a few.
/// Only when one of those is there, the rest may be, and is asked about too. So thousands of new small files cost one short
/// question, and thousands that come back cost no transfer.
package struct Soundings: Hashable, Sendable {
    /// Asked about first, at most ``most``: the largest, and a sample of the others.
    package let first: [FileContent]
    /// Asked about when one of the sample is there.
    package let rest: [FileContent]
    private let sample: Set<Digest>

    /// In bytes: smaller contents cost about as much to ask about as to send.
    package static let large: Int64 = 16 << 10
    /// All together, in bytes: less is sent without a question, whose answer takes a round trip.
    package static let worthAsking: Int64 = 32 << 10
    /// In the first question.
    package static let most = 1_000
    private static let samples = 32

    /// - Parameter contents: without duplicates.
    /// - Returns: nil if asking does not pay.
    package init?(_ contents: [FileContent]) {
        guard contents.reduce(0, { $0 + $1.size }) >= Soundings.worthAsking else { return nil }
        let sorted = contents.sorted { $0.size > $1.size }
        let large = sorted.prefix(Soundings.most - Soundings.samples).prefix { $0.size >= Soundings.large }
        let others = sorted.dropFirst(large.count)
        // From everywhere in the list: neighbours by size are often of one kind.
        let step = max(others.count / Soundings.samples, 1)
        let picked = stride(from: others.startIndex, to: others.endIndex, by: step).prefix(Soundings.samples)
        let sample = picked.map { others[$0] }
        self.sample = Set(sample.map(\.digest))
        first = large + sample
        rest = others.filter { [sample = self.sample] in !sample.contains($0.digest) }
    }

    /// - Parameter found: of ``first``.
    package func goesOn(_ found: Set<Digest>) -> Bool { !rest.isEmpty && !sample.isDisjoint(with: found) }
}
