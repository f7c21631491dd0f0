import SyncCore

/// Owner, group and attributes on the wire. A part that is not there is not said.
package struct ExtrasMessage: Codable, Hashable, Sendable {
    /// One extended attribute, or one ACL as text.
    package struct Attribute: Codable, Hashable, Sendable {
        /// Escaped bytes.
        package var name: String
        /// Base64.
        package var value: String
    }
    /// Escaped bytes of the owner's name.
    package var owner: String?
    /// Escaped bytes of the group's name.
    package var group: String?
    /// All of them.
    package var attributes: [Attribute]?

    package init(_ extras: Extras) {
        owner = extras.owner.map(Escaping.text)
        group = extras.group.map(Escaping.text)
        attributes = extras.attributes?.map {
            Attribute(name: Escaping.text($0.name), value: Base64.text($0.value))
        }
    }

    /// - Throws: ``WireError`` that names the field that is wrong.
    package func extras() throws(WireError) -> Extras {
        var found: [Extras.Attribute]?
        if let attributes {
            found = []
            for attribute in attributes {
                guard let value = Base64.bytes(attribute.value) else {
                    throw .badValue(field: "attributes", reason: "a value is not base64")
                }
                found?.append(
                    Extras.Attribute(name: try part(attribute.name, "attributes", 255) ?? [], value: value))
            }
            if Set(found?.map(\.name) ?? []).count != attributes.count {
                throw .badValue(field: "attributes", reason: "a name stands there twice")
            }
        }
        let extras = Extras(
            owner: try part(owner, "owner", 255), group: try part(group, "group", 255), attributes: found)
        if extras.size > Extras.largest {
            throw .badValue(field: "extras", reason: "at most \(Extras.largest) bytes are carried")
        }
        return extras
    }

    private func part(_ text: String?, _ field: String, _ limit: Int) throws(WireError) -> [UInt8]? {
        guard let text else { return nil }
        guard let bytes = try? Escaping.bytes(text), (1...limit).contains(bytes.count), !bytes.contains(0) else {
            throw .badValue(field: field, reason: "a name has 1 to \(limit) bytes and no NUL")
        }
        return bytes
    }
}
