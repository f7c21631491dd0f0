/// Reads a configuration.
/// - Parameter path: of a regular file of at most 1 MiB.
/// - Throws: ``SettingsError``.
package func loadSettings<Group: SettingsGroup>(_ type: Group.Type = Group.self, from path: some PathBytes) throws
    -> Group
{
    let file = PrivateFile(path)
    return try decodeSettings(try file.read(limit: settingsLimit), path: file.shownPath)
}

/// Writes a configuration: mode 0600, and either the old file or the whole new one is there after a power cut.
/// The text is read as the type before, so that nothing is written that could not be loaded.
/// - Throws: ``SettingsError``.
package func writeSettings<Group: SettingsGroup>(_ text: SettingsText, as type: Group.Type, to path: some PathBytes)
    throws
{
    let file = PrivateFile(path)
    let bytes = Array(text.text.utf8)
    _ = try decodeSettings(bytes, path: file.shownPath) as Group
    try file.write(bytes)
}

/// In bytes. A configuration that is larger is no configuration.
private let settingsLimit = 1 << 20

/// Reads a configuration that is in memory.
/// - Parameter path: of the file that it is from, for display.
/// - Throws: ``SettingsError``.
package func decodeSettings<Group: SettingsGroup>(_ bytes: [UInt8], path: String) throws -> Group {
    do {
        return try Group(SettingsReader(JSONValue.parse(bytes), keyPath: ""))
    } catch let problem as KeyProblem {
        throw SettingsError(path: path, keyPath: problem.keyPath, reason: problem.reason)
    } catch let reason as SettingsError.Reason {
        throw SettingsError(path: path, keyPath: "", reason: reason)
    }
}
