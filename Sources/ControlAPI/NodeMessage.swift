import SyncCore

/// Content on the wire.
package struct ContentMessage: Codable, Hashable, Sendable {
    /// Which fields are there follows from it.
    package var kind: NodeKind
    /// Hex, files only.
    package var sha256: String?
    /// Bytes, files only.
    package var size: Int64?
    /// Permission bits as a number; files and directories.
    package var mode: UInt16?
    /// Unix nanoseconds; files and symlinks.
    package var mtime: Int64?
    /// Escaped bytes (see SyncCore's Escaping); symlinks only.
    package var target: String?
    /// Who owns it and what is attached to it; nil where nothing is said.
    package var extras: ExtrasMessage?

    package init(_ content: Content) {
        kind = content.kind
        extras = content.mode?.extras.map(ExtrasMessage.init)
        switch content {
        case .file(let file):
            sha256 = file.digest.hex
            size = file.size
            mode = file.mode.rawValue
            mtime = file.mtime
        case .directory(let mode):
            self.mode = mode.rawValue
        case .symlink(let target, let mtime):
            self.target = Escaping.text(target)
            self.mtime = mtime
        }
    }

    /// - Throws: ``WireError`` that names the field that is missing or wrong.
    package func content() throws(WireError) -> Content {
        switch kind {
        case .file:
            guard let digest = Digest(hex: try require(sha256, "sha256")) else {
                throw .badValue(field: "sha256", reason: "expected 64 hexadecimal digits")
            }
            let size = try require(size, "size")
            if size < 0 { throw .badValue(field: "size", reason: "must not be negative") }
            return .file(
                FileContent(
                    digest: digest, size: size, mode: try permissions(), mtime: try require(mtime, "mtime")))
        case .directory:
            return .directory(try permissions())
        case .symlink:
            let bytes: [UInt8]
            do { bytes = try Escaping.bytes(try require(target, "target")) } catch let error as NameError {
                throw .badValue(field: "target", reason: "\(error)")
            } catch { throw .missingField("target") }
            if bytes.isEmpty || bytes.count > 4095 || bytes.contains(0) {
                throw .badValue(field: "target", reason: "a symlink's target has 1 to 4095 bytes and no NUL")
            }
            return .symlink(target: bytes, mtime: try require(mtime, "mtime"))
        }
    }

    private func permissions() throws(WireError) -> Mode {
        let mode = try require(mode, "mode")
        if mode > 0o777 { throw .badValue(field: "mode", reason: "only the permission bits, at most \(0o777)") }
        return Mode(mode, extras: try extras?.extras())
    }
}

/// A node on the wire.
package struct NodeMessage: Codable, Hashable, Sendable {
    package var id: Int64
    /// The id of its directory; 1 is the share.
    package var parent: Int64
    /// Escaped bytes.
    package var name: String
    /// Kind, bytes and attributes.
    package var content: ContentMessage
    /// Counts changes of the content, from 1.
    package var contentVersion: Int64
    /// Counts moves, from 1.
    package var locationVersion: Int64
    /// The change that made it what it is.
    package var seq: Int64
    /// Only there, and true, for tombstones.
    package var deleted: Bool?
    private enum CodingKeys: String, CodingKey {
        case id, parent, name, content, contentVersion = "content_version", locationVersion = "location_version", seq
        case deleted
    }

    package init(_ node: Node) {
        id = node.id.rawValue
        parent = node.parent.rawValue
        name = Escaping.text(node.name.bytes)
        content = ContentMessage(node.content)
        contentVersion = node.contentVersion.rawValue
        locationVersion = node.locationVersion.rawValue
        seq = node.seq.rawValue
        deleted = node.isDeleted ? true : nil
    }

    /// - Throws: ``WireError`` that names the field that is missing or wrong.
    package func node() throws(WireError) -> Node {
        Node(
            id: NodeID(id), location: Location(parent: NodeID(parent), name: try wireName(name, field: "name")),
            content: try content.content(), contentVersion: Version(contentVersion),
            locationVersion: Version(locationVersion), seq: Sequence(seq), isDeleted: deleted ?? false)
    }
}

/// A field that this kind of message must have.
func require<Value>(_ value: Value?, _ field: String) throws(WireError) -> Value {
    guard let value else { throw .missingField(field) }
    return value
}

/// An escaped name as a name.
package func wireName(_ text: String, field: String) throws(WireError) -> Name {
    do { return try Name(Escaping.bytes(text)) } catch { throw .badValue(field: field, reason: "\(error)") }
}

/// An escaped path as a path.
package func wirePath(_ text: String, field: String = "path") throws(WireError) -> RelativePath {
    do { return try RelativePath(bytes: Escaping.bytes(text)) } catch {
        throw .badValue(field: field, reason: "\(error)")
    }
}
