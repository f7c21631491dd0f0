import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A hub whose share is written to directly, as sftp-server does.
final class ShareHub {
    let hub: HubFixture
    var path: String { hub.layout.share }

    init(
        below parent: String? = nil, settle: Int = 60, retry: Int = 300, guardedBy rule: MassChangeGuard? = nil,
        clock: HubClock = .system, protect: ProtectSetting = .off, busyFrom: Int64? = nil,
        prepare: (HubFixture.Root) throws -> Void = { _ in }
    ) throws {
        var settings = HubCoreSettings()
        settings.shareSettle = settle
        settings.shareRetry = retry
        settings.shareRound = 200
        settings.protect = protect
        settings.protectPause = 20
        if let rule { settings.guardRule = rule }
        if let busyFrom { settings.busyFrom = busyFrom }
        hub = try HubFixture(below: parent, settings: settings, clock: clock, prepare: prepare)
    }

    // MARK: - A phone's hands

    func put(_ text: String, _ name: String) { hub.directory.write(text, to: "share/\(name)") }
    /// A file of nothing but a hole, of so many bytes.
    func putHole(_ size: Int, _ name: String) {
        put("", name)
        #expect(truncate(at(name), size) == 0)
    }
    func text(_ name: String) -> String? { hub.directory.text("share/\(name)") }
    func makeDirectory(_ name: String) { hub.directory.makeDirectory("share/\(name)") }
    func remove(_ name: String) { #expect(unlink(at(name)) == 0) }
    func removeDirectory(_ name: String) { #expect(rmdir(at(name)) == 0) }
    func setMode(_ name: String, _ mode: mode_t) { #expect(chmod(at(name), mode) == 0) }
    func makeSymlink(_ name: String, to target: String) { #expect(symlink(target, at(name)) == 0) }
    /// rename(2): replaces.
    func move(_ from: String, _ to: String) { #expect(Glibc.rename(at(from), at(to)) == 0) }
    func hardLink(_ name: String, to other: String) { #expect(link(at(other), at(name)) == 0) }
    /// As sftp-server renames files: a link, then an unlink; nothing is closed.
    func relink(_ from: String, _ to: String) {
        #expect(link(at(from), at(to)) == 0)
        remove(from)
    }
    func at(_ name: String) -> String { "\(path)/\(name)" }

    // MARK: - The hub's view

    /// Waits until all that was done in the share is in the journal.
    func settle(within seconds: Int = 20) throws -> WaitResponse {
        try hub.post("/v1/wait", WaitRequest(path: nil, on: [], timeout: seconds), as: WaitResponse.self)
    }

    func settled() throws { #expect(try settle().inSync) }

    func node(_ name: String) throws -> Node? {
        try hub.journal().node(at: RelativePath(bytes: Array(name.utf8)))
    }

    func log() throws -> [LogMessage] { try hub.get("/v1/log?limit=1000&after=0", as: [LogMessage].self) }
    /// `client change path`, in order.
    func story() throws -> [String] {
        try log().map { line in
            "\(line.client) \(line.change) \(line.from.map { "\($0) -> " } ?? "")\(line.path)"
        }
    }

    /// Every node as the share has it, and nothing in the share that is no node; bytes included.
    func expectSame(_ location: SourceLocation = #_sourceLocation) throws {
        try settled()
        let journal = try hub.journal()
        let share = try TreeRoot(path: path)
        var open = [(NodeID.root, RelativePath.top)]
        while let (directory, path) = open.popLast() {
            var entries = Dictionary(
                uniqueKeysWithValues: try share.list(path).filter { !$0.name.isReserved }.map { ($0.name, $0.status) })
            for node in try journal.children(of: directory) {
                let inside = path.appending(node.name)
                let status = entries.removeValue(forKey: node.name)
                #expect(status?.kind.node == node.content.kind, "\(inside)", sourceLocation: location)
                guard status?.kind.node == node.content.kind else { continue }
                switch node.content {
                case .file(let file):
                    let there = try share.hash(inside).content
                    #expect(there == file, "\(inside)", sourceLocation: location)
                case .directory(let mode):
                    #expect(status?.mode == mode, "\(inside)", sourceLocation: location)
                    open.append((node.id, inside))
                case .symlink(let target, _):
                    #expect(try share.readLink(inside) == target, "\(inside)", sourceLocation: location)
                }
            }
            let strangers = entries.filter { $0.value.kind.node != nil }.keys.map { "\(path.appending($0))" }
            #expect(strangers.isEmpty, sourceLocation: location)
        }
        // What is done is written down a moment later.
        let deadline = ContinuousClock.now + .seconds(20)
        while try !journal.pendingPlacements().isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(try journal.pendingPlacements().isEmpty, sourceLocation: location)
    }
}
