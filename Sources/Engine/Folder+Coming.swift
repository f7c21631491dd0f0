internal import Index
package import SyncCore

// What is still being sent is spoken of by its place: no node has these bytes yet.
extension Folder {
    /// Where something here is to lie at the hub: a directory that the hub has, and the way down from there; nil if it lies nowhere.
    package func place(of entry: EntryID) throws -> (directory: NodeID, path: RelativePath)? {
        var names: [Name] = []
        var current = entry
        while let row = try index.local(current), !row.isVanished {
            names.insert(row.name, at: 0)
            if row.parent == .root { return (.root, RelativePath(names)) }
            if let directory = try index.local(row.parent)?.node { return (directory, RelativePath(names)) }
            current = row.parent
        }
        return nil
    }

    /// Whether a file that others put there would come here: not where nothing comes down, or where a rule ignores it.
    /// - Returns: nil where that cannot be told yet: the directory is not known, or not everything has been looked at.
    package func mayReceive(_ path: RelativePath, in directory: NodeID) throws -> Bool? {
        guard index.mode.receives, !index.overwrites, let name = path.last else { return false }
        guard try hasLooked && index.received >= index.hearsFirst, var rules = try rules(ofNode: directory)
        else { return nil }
        for above in path.parent.names {
            if rules.match(above, isDirectory: true) != nil { return false }
            rules = rules.entering(above, file: nil)
        }
        return rules.match(name, isDirectory: false) == nil
    }
}
