internal import ControlAPI
import Dispatch
internal import FileTree
internal import HTTPServer
import SyncCore

/// One content of one client.
struct PreparingKey: Hashable, Sendable {
    let client: String
    let digest: Digest
}

/// A content that is being made ready, and who waits for it.
struct Preparing {
    let size: Int64
    let cancellation: Cancellation
    var waiting: [(number: Int, responder: HTTPResponder, timer: any DispatchSourceTimer)] = []
}

// POST /v1/prepare: what takes long about a large content is done before a commit names it, so that what is small never waits in the
// line of its client's commits behind the reading of something large.
extension HubDesk {
    /// An answer is not kept open for longer, in seconds.
    private static let longestWait = 25
    /// At the same time, of one client.
    private static let mostPreparing = 4

    func prepare(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(PrepareRequest.self)
        try checkMayGoOn(client)
        if let only = message.only { try drop(except: only, of: client) }
        if let growing = message.growing {
            try begin(growing, of: client)
            if let coming = message.coming { try announce(coming, in: growing, by: client) }
        }
        guard let content = message.content else { return .message(PrepareResponse(isReady: false)) }
        guard let epoch = message.epoch else { throw ErrorMessage(.missingField, "the field 'epoch' is missing") }
        try checkEpoch(epoch, of: client)
        guard let digest = Digest(hex: content.sha256), content.size > 0 else {
            throw ErrorMessage(
                .badValue, "the field 'content' must have 64 hexadecimal digits and a positive size")
        }
        let key = PreparingKey(client: client, digest: digest)
        if preparing[key] == nil {
            if let there = ready.value(digest, for: client), there.item.status.size == content.size {
                return .message(PrepareResponse(isReady: true))
            }
            guard let source = try message.source?.source() else {
                throw ErrorMessage(.contentMissing, "\(digest) is not ready; say where its bytes are")
            }
            try start(key, content.size, source)
        }
        let time = min(max(message.wait ?? 0, 0), HubDesk.longestWait)
        if time == 0 { return .message(PrepareResponse(isReady: false)) }
        wait(for: key, seconds: time, responder)
        return nil
    }

    // MARK: - Making it ready

    private func start(_ key: PreparingKey, _ size: Int64, _ source: ContentSource) throws {
        try checkShare(for: key.client)
        if case .recipe(let recipe, _, _) = source, recipe.size != size {
            throw ErrorMessage(.badValue, "the ranges of the recipe have \(recipe.size) bytes together, not \(size)")
        }
        let places = try places(of: source, key.digest, key.client)
        if case .known(let base) = places, base.paths.isEmpty,
            !base.mayBeOld || store.sizeOfVersion(key.digest) == nil
        {
            throw ErrorMessage(.contentMissing, "\(key.digest) is not here; say where its bytes are")
        }
        guard preparing.keys.count(where: { $0.client == key.client }) < HubDesk.mostPreparing else {
            throw ErrorMessage(
                .tooMany, "\(HubDesk.mostPreparing) contents of this client are being made ready; ask again later")
        }
        let cancellation = Cancellation()
        preparing[key] = Preparing(size: size, cancellation: cancellation)
        let preparation = Preparation(
            store: store, client: key.client,
            content: FileContent(digest: key.digest, size: size, mode: Mode(0o600), mtime: Nanoseconds(0)),
            source: places, cancellation: cancellation, names: finishComing(key), beforeReading: beforeReading)
        let queue = queue
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        preparers.run(for: key.client) {
            let result = Result { try preparation.run() }
            queue.async { desk.prepared(key, result) }
        }
    }

    private func prepared(_ key: PreparingKey, _ result: Result<ReadyContent, any Error>) {
        // The next start gives back what this one has done.
        guard let done = preparing.removeValue(forKey: key) else { return }
        closeComing(key)
        if case .failure = result { coming.reopen(key.digest, of: key.client) }
        var answer = result
        if done.cancellation.isCancelled {
            switch result {
            case .success(let content): try? content.item.remove()
            case .failure:
                store.removeStaged(Store.aheadName(key.digest), of: key.client)
            }
            answer = .failure(ErrorMessage(.contentMissing, "it was not wanted any more"))
        } else if case .success(let content) = result {
            keepReady(content)
        }
        for (_, responder, timer) in done.waiting {
            timer.cancel()
            answerOrRefuse(responder) {
                _ = try answer.get()
                return .message(PrepareResponse(isReady: true))
            }
        }
    }

    /// Keeps it for the client's next commits.
    func keepReady(_ content: ReadyContent) {
        let out = ready.keep(content, content.digest, for: content.client, since: moment)
        for old in out where old.digest != content.digest { store.giveBack(old) }
    }

    private func wait(for key: PreparingKey, seconds: Int, _ responder: HTTPResponder) {
        lastPoll += 1
        let number = lastPoll
        let timer = DispatchSource.makeTimerSource(queue: queue)
        nonisolated(unsafe) let desk = self  // SAFETY: the timer fires on the queue.
        timer.setEventHandler {
            guard let index = desk.preparing[key]?.waiting.firstIndex(where: { $0.number == number }),
                let waiting = desk.preparing[key]?.waiting.remove(at: index)
            else { return }
            waiting.timer.cancel()
            waiting.responder.respond(.message(PrepareResponse(isReady: false)))
        }
        timer.schedule(deadline: .now() + .seconds(seconds))
        preparing[key]?.waiting.append((number, responder, timer))
        timer.activate()
    }

    // MARK: - What is not wanted any more

    private func drop(except kept: [String], of client: String) throws {
        guard kept.count <= PrepareRequest.most else {
            throw ErrorMessage(.tooLarge, "the field 'only' has at most \(PrepareRequest.most) items")
        }
        let digests = try kept.map { hex in
            guard let digest = Digest(hex: hex) else {
                throw ErrorMessage(.badValue, "the field 'only' must have 64 hexadecimal digits in each item")
            }
            return digest
        }
        for (key, content) in preparing where key.client == client && !digests.contains(key.digest) {
            content.cancellation.cancel()
        }
        for left in ready.takeAll(of: client, except: Set(digests)) { try? left.item.remove() }
        endComing { $0.uploader == client && !digests.contains($0.digest) }
    }

    /// - Returns: how many contents went.
    func dropReady(of client: String) -> Int {
        let dropped = ready.takeAll(of: client)
        for content in dropped { try? content.item.remove() }
        return dropped.count
    }

    /// What is on its way goes back with the next start.
    func stopPreparing() {
        for content in preparing.values {
            content.cancellation.cancel()
            for (_, responder, timer) in content.waiting {
                timer.cancel()
                responder.respond(.refusal(HubDesk.stopping))
            }
        }
        preparing = [:]
    }

    // MARK: - What grows

    /// The disk begins to write what has come, so that little is left when all has.
    private func begin(_ file: String, of client: String) throws {
        guard let name = try? Name(file) else {
            throw ErrorMessage(.badName, "the field 'growing' must be a file's name, without slashes")
        }
        let store = store
        writers.run(for: client) {
            if let file = try? store.staging(of: client)?.openFile(RelativePath([name])) { file.beginWriting() }
        }
    }
}
