/// For how long things have lain somewhere, by running time. What is found without a record, and what took the place of
/// something else, counts from when it was found: a record that is lost keeps things for longer, never for less.
package struct Ages: Hashable, Sendable {
    /// What tells that a path still has the same thing, untouched.
    package struct Stamp: Hashable, Sendable {
        /// Which inode.
        package var inode: UInt64
        /// In bytes.
        package var size: Int64
        /// Unix nanoseconds. Only compared for being equal: a clock decides nothing.
        package var ctime: Nanoseconds

        package init(inode: UInt64, size: Int64, ctime: Nanoseconds) {
            self.inode = inode
            self.size = size
            self.ctime = ctime
        }
    }

    /// One thing.
    package struct Record: Hashable, Sendable {
        /// As it was found last.
        package var stamp: Stamp
        /// The moment of running time (see ``RunningTime``) from which it counts.
        package var since: Int64

        package init(stamp: Stamp, since: Int64) {
            self.stamp = stamp
            self.since = since
        }
    }

    /// By path.
    package private(set) var records: [RelativePath: Record]

    package init(_ records: [RelativePath: Record] = [:]) { self.records = records }

    /// Takes in all that lies there now; what does not any more is forgotten.
    /// - Parameter moment: now.
    package mutating func meet(_ found: [RelativePath: Stamp], at moment: Int64) {
        var met: [RelativePath: Record] = [:]
        for (path, stamp) in found {
            let known = records[path].flatMap { $0.stamp == stamp ? $0 : nil }
            met[path] = known ?? Record(stamp: stamp, since: moment)
        }
        records = met
    }

    /// What has lain there for so many seconds at least, with what it was when it was met.
    /// - Parameter moment: now.
    package func lying(for seconds: Int64, at moment: Int64) -> [RelativePath: Stamp] {
        records.filter { moment - $0.value.since >= seconds }.mapValues(\.stamp)
    }

    /// It was removed.
    package mutating func forget(_ path: RelativePath) { records[path] = nil }
}
