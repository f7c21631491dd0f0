import SyncCore
import TestSupport
import Testing

@Suite("Extras")
struct ExtrasTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static let ann = Extras(
        owner: bytes("ann"), group: bytes("users"), attributes: [.init(name: bytes("user.a"), value: [0, 255])])

    @Test(arguments: [
        Extras(), ann, Extras(owner: [0xFF]), Extras(group: bytes("g")), Extras(attributes: []),
        Extras(attributes: [.init(name: bytes("user.b"), value: []), .init(name: bytes("user.a"), value: [1])]),
    ])
    func `what is stored is read back as it was`(extras: Extras) {
        #expect(Extras(bytes: extras.bytes) == extras)
    }

    @Test func `what nobody stored is not read`() {
        let whole = Self.ann.bytes
        for count in 0..<whole.count { #expect(Extras(bytes: Array(whole.prefix(count))) != Self.ann) }
        #expect(Extras(bytes: []) == nil)
        #expect(Extras(bytes: whole + [1]) == nil)
        #expect(Extras(bytes: [0, 0, 0, 9, 1]) == nil)
    }

    @Test func `what is not said is taken from the other`() {
        let here = Mode(0o600, extras: Extras(owner: Self.bytes("bea")))
        let filled = here.filled(from: Mode(0o644, extras: Self.ann))
        #expect(
            filled
                == Mode(
                    0o600,
                    extras: Extras(
                        owner: Self.bytes("bea"), group: Self.ann.group, attributes: Self.ann.attributes)))
        #expect(Mode(0o600).filled(from: Mode(0o644)) == Mode(0o600))
        #expect(filled.keeping(.nothing) == Mode(0o600))
        #expect(filled.keeping(CarriedExtras(owners: true, attributes: false)).extras?.attributes == nil)
    }

    // MARK: - When changes meet

    private func file(_ text: String, _ mode: Mode) -> Content {
        Text.file(text).changingMode { _ in mode }
    }

    private func hub(_ content: Content) throws -> (MemoryHub, Node) {
        let hub = MemoryHub()
        guard
            case .applied(let node) = try hub.commit(
                .create(in: .node(.root), name: try Name("f"), content: content), by: "ann")
        else { preconditionFailure("an empty hub takes any file") }
        return (hub, node)
    }

    @Test func `a client that does not carry them changes none`() throws {
        let (hub, node) = try hub(file("1", Mode(0o644, extras: Self.ann)))
        let edit = Change.edit(node.id, base: node.contentVersion, content: file("2", Mode(0o600)))
        guard case .applied(let after) = try hub.commit(edit, by: "bea") else { Issue.record("not applied"); return }
        #expect(after.content == file("2", Mode(0o600, extras: Self.ann)))
    }

    @Test func `an owner that one gave and bits that another set are both kept`() throws {
        let (hub, node) = try hub(file("1", Mode(0o644, extras: Self.ann)))
        var given = Self.ann
        given.owner = Self.bytes("cem")
        _ = try hub.commit(
            .edit(node.id, base: node.contentVersion, content: file("1", Mode(0o644, extras: given))), by: "ann")
        let late = Change.edit(node.id, base: node.contentVersion, content: file("1", Mode(0o400, extras: Self.ann)))
        guard case .merged(let after) = try hub.commit(late, by: "bea") else { Issue.record("not merged"); return }
        #expect(after.content == file("1", Mode(0o400, extras: given)))
    }

    @Test func `what nobody has said of a file is learned from whoever has the same file`() throws {
        let (hub, node) = try hub(file("1", Mode(0o644)))
        let same = Change.create(in: .node(.root), name: node.name, content: file("1", Mode(0o600, extras: Self.ann)))
        guard case .merged(let after) = try hub.commit(same, by: "bea") else { Issue.record("not merged"); return }
        #expect(after.id == node.id)
        #expect(after.content == file("1", Mode(0o644, extras: Self.ann)))
        // And it is not learned twice.
        let again = Change.create(
            in: .node(.root), name: node.name, content: file("1", Mode(0o644, extras: Extras(owner: [1]))))
        guard case .merged(let still) = try hub.commit(again, by: "cem") else { Issue.record("not merged"); return }
        #expect(still == after)
    }
}
