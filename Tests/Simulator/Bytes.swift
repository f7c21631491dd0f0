import SyncCore

/// Names contents without hashing them: one digest for each different content of a history.
final class Contents {
    private var digests: [[UInt8]: Digest] = [:]
    private var contents: [Digest: [UInt8]] = [:]

    func digest(of bytes: [UInt8]) -> Digest {
        if let known = digests[bytes] { return known }
        let number = digests.count + 1
        let name = (0..<Digest.size).map { UInt8(truncatingIfNeeded: number >> (8 * min(7, Digest.size - 1 - $0))) }
        // SAFETY: exactly as many bytes as a digest has.
        let digest = Digest(bytes: name)!
        digests[bytes] = digest
        contents[digest] = bytes
        return digest
    }

    /// A part of something, or something else: what a broken connection leaves. Nobody ever means it.
    func torn(_ bytes: [UInt8]) -> [UInt8] { [UInt8(ascii: "!")] + bytes.prefix(2) }

    func isTorn(_ digest: Digest) -> Bool { contents[digest]?.first == UInt8(ascii: "!") }

    func bytes(of digest: Digest) -> [UInt8]? { contents[digest] }
}

/// Time that only moves when it is told to.
final class World {
    var now: Nanoseconds = 1_700_000_000_000_000_000
}

/// One party's clock: the world's time, as wrong as somebody has set it.
final class Clock {
    private let world: World
    /// How far it is ahead.
    var offset: Nanoseconds = 0

    init(_ world: World) { self.world = world }

    var now: Nanoseconds {
        get { world.now + offset }
        set { world.now = newValue - offset }
    }

    /// Goes on whatever the clock says.
    var uptime: Nanoseconds { world.now }

    /// A moment after all others.
    func tick() -> Nanoseconds {
        world.now += 1_000
        return now
    }
}

/// One thing in a tree, as two trees are compared.
struct Thing: Hashable, CustomStringConvertible {
    var path: RelativePath
    var content: Content

    var description: String {
        switch content {
        case .file(let file):
            "\(path) file \(file.digest.hex.suffix(4)) \(file.size)B \(String(file.mode.rawValue, radix: 8)) @\(file.mtime % 1_000_000_000_000)"
        case .directory(let mode): "\(path)/ \(String(mode.rawValue, radix: 8))"
        case .symlink(let target, let mtime):
            "\(path) -> \(String(decoding: target, as: UTF8.self)) @\(mtime % 1_000_000_000_000)"
        }
    }
}
