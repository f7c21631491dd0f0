internal import ControlAPI
internal import FileTree
import SyncCore
import Synchronization

/// A content that was verified and is durable, in its client's private area: a commit has only to give it a name.
struct ReadyContent: Sendable {
    let item: PrivateItem
    let digest: Digest
    let client: String
    /// How it was put together, if it was.
    var recipe: Recipe?
}

/// Tells work on another thread that nobody wants it any more.
final class Cancellation: Sendable {
    private let flag = Atomic(false)
    var isCancelled: Bool { flag.load(ordering: .relaxed) }
    func cancel() { flag.store(true, ordering: .relaxed) }
}

/// Makes one content ready, on a thread where no commit waits. Blocks.
struct Preparation: Sendable {
    let store: Store
    let client: String
    /// Mode and time come with the commit.
    let content: FileContent
    let source: ContentNeed.Source
    let cancellation: Cancellation
    /// How many names the staged file has that the hub gave it.
    var names = 0
    /// For tests: called when the bytes are out of the client's reach and before they are read.
    var beforeReading: @Sendable () -> Void = {}

    /// - Throws: ``ErrorMessage`` for what is the client's affair, and ``FileTreeError``: `.noSpace`, `.cancelled`, … The client
    ///   finds then what it had staged as it was.
    func run() throws -> ReadyContent {
        let area = try store.ahead(of: client)
        let recipe: Recipe?
        let item: PrivateItem
        switch source {
        case .staged(let file, 0):
            (item, recipe) = (try takeOver(file, into: area), nil)
        case .staged, .inline:
            throw ErrorMessage(
                .badValue, "only a staged file that is one content, a recipe or 'known' can be made ready")
        case .known(let base):
            (item, recipe) = (try kept(try copy(base, into: area), in: area), nil)
        case .recipe(let source):
            (item, recipe) = (try kept(try build(source, into: area), in: area), source.recipe)
        }
        return ReadyContent(item: item, digest: content.digest, client: client, recipe: recipe)
    }

    private var isCancelled: Bool { cancellation.isCancelled }

    private func missing(_ why: String) -> ErrorMessage {
        ErrorMessage(.contentMissing, "\(why); nothing was changed. Send the bytes, and ask again")
    }

    // MARK: - A staged file

    private func takeOver(_ file: Name, into area: PrivateArea) throws -> PrivateItem {
        let there = try look(at: file)
        // Of an earlier time, and nobody knows of it any more.
        try area.remove(Store.aheadName(content.digest))
        let taken: PrivateItem
        let isOurs: Bool
        switch try store.takeOver(
            file, of: client, expecting: there, into: area, as: Store.aheadName(content.digest))
        {
        case .isOpen: throw isBeingWritten(file)
        case .changed: throw missing("the staged file '\(file)' changed a moment ago")
        case .ours(let item): (taken, isOurs) = (item, true)
        case .unknown(let item): (taken, isOurs) = (item, false)
        }
        do {
            guard taken.status.links == 1 + names else {
                throw missing("the staged file '\(file)' has another name")
            }
            if isOurs { return try verify(taken, file) }
            let copy = try store.verifiedCopy(
                of: taken.open(), as: content, in: area, sync: true, cancelled: { isCancelled })
            try taken.remove()
            return try kept(copy, in: area)
        } catch {
            // Where it was cancelled the hub may be stopping, and the next start gives it back as well.
            store.giveBack(taken, as: file, of: client)
            if let error = error as? FileTreeError, error.leavesBytesMissing {
                throw missing("the staged file '\(file)' has not the bytes of \(content.digest)")
            }
            throw error
        }
    }

    private func look(at file: Name) throws -> FileStatus {
        guard let there = try store.staging(of: client)?.status(of: RelativePath([file])), there.kind == .file
        else { throw missing("there is no staged file '\(file)'") }
        guard there.size == content.size else {
            throw missing("the staged file '\(file)' has \(there.size) bytes instead of \(content.size)")
        }
        return there
    }

    private func isBeingWritten(_ file: Name) -> ErrorMessage {
        ErrorMessage(
            .busy,
            "a session has the staged file '\(file)' open for writing; nothing was changed. Close it, and ask again")
    }

    private func verify(_ taken: PrivateItem, _ file: Name) throws -> PrivateItem {
        guard let open = try taken.area.resumeFile(named: taken.name) else {
            throw missing("the staged file '\(file)' is gone")
        }
        open.keep()
        // The disk writes while it is read.
        open.beginWriting()
        beforeReading()
        guard try open.digest(cancelled: { isCancelled }) == content.digest else {
            throw missing("the staged file '\(file)' has not the bytes of \(content.digest)")
        }
        let item = try open.finish(mode: content.mode, mtime: content.mtime, expecting: nil, sync: true)
        try item.area.sync()
        return item
    }

    // MARK: - What the hub has

    private func copy(_ base: BaseSource, into area: PrivateArea) throws -> PrivateItem {
        beforeReading()
        if base.mayBeOld, let version = try store.version(content.digest),
            let copy = try copy(area, { try version.open() })
        {
            return copy
        }
        for path in base.paths {
            if let copy = try copy(area, { try store.share.openFile(path) }) { return copy }
        }
        throw missing("\(content.digest) is not here")
    }

    /// Nil if it is not that content, or not there any more.
    private func copy(_ area: PrivateArea, _ open: () throws -> FileReader) throws -> PrivateItem? {
        do {
            let reader = try open()
            guard try reader.status().size == content.size else { return nil }
            return try store.verifiedCopy(of: reader, as: content, in: area, sync: true, cancelled: { isCancelled })
        } catch let error as FileTreeError where error.leavesBytesMissing {
            return nil
        }
    }

    private func build(_ source: RecipeSource, into area: PrivateArea) throws -> PrivateItem {
        beforeReading()
        do {
            let built = try store.build(
                source, staging: store.staging(of: client), as: content, in: area, sync: true,
                cancelled: { isCancelled })
            guard let built else { throw isOther }
            // Its new bytes are in it.
            if let staged = source.staged {
                store.removeStaged(staged, of: client)
            }
            return built
        } catch let error as FileTreeError where error.leavesBytesMissing {
            throw isOther
        }
    }

    private var isOther: ErrorMessage { missing("\(content.digest) cannot be put together from that") }

    /// Gives a verified and durable file the name under which it is kept over a start.
    private func kept(_ item: PrivateItem, in area: PrivateArea) throws -> PrivateItem {
        try area.remove(Store.aheadName(content.digest))
        let item = try item.move(to: area, as: Store.aheadName(content.digest))
        try area.sync()
        return item
    }
}

extension FileTreeError {
    /// Whether the bytes are not there or are others; everything else makes the disk unfit.
    var leavesBytesMissing: Bool {
        switch reason {
        case .notFound, .notFile, .notDirectory, .escapes, .denied, .changedWhileRead, .wrongContent, .tooLong, .busy:
            true
        default: false
        }
    }
}
