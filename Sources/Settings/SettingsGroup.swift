import Arguments

/// An object of a configuration, with a type of its own:
///
///     struct SFTPSettings: SettingsGroup {
///         enum Key: String, CaseIterable { case mode, port }
///         let mode: Mode
///         let port: Int
///
///         init(_ settings: SettingsReader<Key>) throws {
///             mode = try settings.value(.mode, default: .managed)
///             port = try settings.value(.port, default: 0, in: 0...65535)
///         }
///     }
///
/// Keys that are not among `Key` are refused before `init` is called. If the object itself is missing, `init` is called with nothing
/// in it, so that the defaults stand in one place.
package protocol SettingsGroup: Sendable {
    /// Every key that the object may have; the raw value is the key.
    associatedtype Key: RawRepresentable<String> & CaseIterable

    /// Takes each value from the reader.
    init(_ settings: SettingsReader<Key>) throws
}

/// One object of a configuration, asked by key. Its errors become a ``SettingsError`` in ``loadSettings(_:from:)``.
package struct SettingsReader<Key: RawRepresentable<String> & CaseIterable> {
    private let values: [String: JSONValue]
    /// Of the object; empty at the top.
    private let keyPath: String

    init(_ value: JSONValue?, keyPath: String) throws {
        self.keyPath = keyPath
        switch value {
        case nil: values = [:]
        case .object(let object): values = object
        case let other?:
            throw KeyProblem(keyPath: keyPath, reason: .wrongValue(expected: "an object", found: "\(other)"))
        }
        let known = Key.allCases.map(\.rawValue)
        for key in values.keys.sorted() where !known.contains(key) {
            let reason = SettingsError.Reason.unknownKey(nearest: nearestWord(to: key, among: known), known: known)
            throw KeyProblem(keyPath: path(of: key), reason: reason)
        }
    }

    /// A value that must be there.
    package func value<Value: SettingValue>(_ key: Key) throws -> Value {
        guard let value: Value = try optional(key) else {
            throw problem(key, .missing(expected: Value.expected))
        }
        return value
    }

    /// A value, or what stands for it when it is missing or null.
    package func value<Value: SettingValue>(_ key: Key, default: Value) throws -> Value {
        try optional(key) ?? `default`
    }

    /// A number within bounds, or what stands for it when it is missing or null.
    package func value<Value: SettingValue & Comparable>(
        _ key: Key, default: Value, in range: ClosedRange<Value>
    ) throws -> Value {
        let value = try value(key, default: `default`)
        guard range.contains(value) else {
            let expected = "\(Value.expected) from \(range.lowerBound) to \(range.upperBound)"
            throw problem(key, .wrongValue(expected: expected, found: "\(value)"))
        }
        return value
    }

    /// A value; nil if it is missing or null.
    package func optional<Value: SettingValue>(_ key: Key) throws -> Value? {
        guard let found = values[key.rawValue], found != .null else { return nil }
        guard let value = Value(setting: found) else {
            throw problem(key, .wrongValue(expected: Value.expected, found: "\(found)"))
        }
        return value
    }

    /// A list; empty if it is missing or null.
    package func list<Value: SettingValue>(_ key: Key) throws -> [Value] {
        guard let found = values[key.rawValue], found != .null else { return [] }
        guard case .array(let elements) = found else {
            throw problem(key, .wrongValue(expected: "an array", found: "\(found)"))
        }
        return try elements.enumerated().map { index, element in
            guard let value = Value(setting: element) else {
                let reason = SettingsError.Reason.wrongValue(expected: Value.expected, found: "\(element)")
                throw KeyProblem(keyPath: "\(path(of: key.rawValue))[\(index)]", reason: reason)
            }
            return value
        }
    }

    /// An object inside of this one; if it is missing or null, one with only defaults.
    package func group<Group: SettingsGroup>(_ key: Key) throws -> Group {
        let found = values[key.rawValue].flatMap { $0 == .null ? nil : $0 }
        return try Group(SettingsReader<Group.Key>(found, keyPath: path(of: key.rawValue)))
    }

    /// Objects inside of this one, in order; none if the list is missing or null.
    package func groups<Group: SettingsGroup>(_ key: Key) throws -> [Group] {
        guard let found = values[key.rawValue], found != .null else { return [] }
        guard case .array(let elements) = found else {
            throw problem(key, .wrongValue(expected: "an array", found: "\(found)"))
        }
        return try elements.enumerated().map { index, element in
            try Group(SettingsReader<Group.Key>(element, keyPath: "\(path(of: key.rawValue))[\(index)]"))
        }
    }

    /// The error for a value that is of the right type but cannot be used, for `init`s to throw.
    /// - Parameter expected: such as "an address of this machine".
    package func refusal(of key: Key, expected: String) -> any Error {
        problem(key, .wrongValue(expected: expected, found: "\(values[key.rawValue] ?? .null)"))
    }

    private func problem(_ key: Key, _ reason: SettingsError.Reason) -> KeyProblem {
        KeyProblem(keyPath: path(of: key.rawValue), reason: reason)
    }

    private func path(of key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }
}
