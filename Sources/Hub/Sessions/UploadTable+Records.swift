import SyncCore

// What each record does.
extension UploadTable {
    func path(_ name: [UInt8], _ id: SessionID) -> RelativePath? { sessions[id]?.place.path(of: name) }

    mutating func setBroken(_ handle: Handle, by client: String) {
        for path in handle.paths {
            if broken.count >= UploadTable.most, broken[path] == nil { broken.remove(at: broken.startIndex) }
            broken[path] = Broken(client: client, opened: handle.opened)
            finished.remove(path)
        }
    }

    /// The operation before was done.
    mutating func settle(_ id: SessionID) {
        guard let pending = sessions[id]?.pending else { return }
        sessions[id]?.pending = .other
        switch pending {
        case .nothing, .other, .closing: break
        case .opening(let handle): sessions[id]?.handles.append(handle)
        case .renaming(let told): rename(told.from, told.to, at: told.told)
        case .removing(let path, let told):
            changes += 1
            if broken[path]?.opened.isBefore(told) == true { broken[path] = nil }
            changePaths(at: told) { $0 == path ? nil : $0 }
        }
    }

    /// The operation before was not done; or none that is told: then bytes could not be read or written.
    mutating func fail(_ id: SessionID, isGeneral: Bool) {
        guard let session = sessions[id] else { return }
        changes += 1
        sessions[id]?.pending = .nothing
        switch session.pending {
        case .opening(var handle):
            // It may be open all the same, and its first write have failed, or a request that is not served: then it will be closed.
            handle.hasFailed = isGeneral
            sessions[id]?.doubted = session.doubted.suffix(UploadTable.mostDoubted - 1) + [handle]
        case .closing(let handle) where isGeneral: setBroken(handle, by: session.client)
        case .nothing where isGeneral: failAll(id)
        case .nothing, .other, .renaming, .removing, .closing: break
        }
    }

    private static let mostDoubted = 16

    mutating func failAll(_ id: SessionID) {
        guard let handles = sessions[id]?.handles else { return }
        sessions[id]?.handles = handles.map { handle in
            var handle = handle
            handle.hasFailed = true
            return handle
        }
    }

    mutating func close(_ handle: Handle?, _ hasWritten: Bool, _ isForced: Bool, _ id: SessionID) {
        guard let handle, handle.mode.writes, !handle.paths.isEmpty, let client = sessions[id]?.client else { return }
        changes += 1
        let hasChanged = hasWritten || handle.mode.truncates
        let wasBroken = handle.paths.contains { broken[$0] != nil }
        let isBroken =
            isForced
            ? handle.isPiece && (hasChanged || handle.mode.creates || handle.hasFailed) || wasBroken
            : handle.hasFailed || (wasBroken && !hasChanged)
        if isBroken {
            setBroken(handle, by: client)
        } else if handle.paths.count == 1, let path = handle.paths.first {
            broken[path] = nil
            if hasChanged, finished.count < UploadTable.most { finished.insert(path) }
            if hasChanged, !isForced { overtake(path, by: client, id, handle.opened) }
        }
        if !isForced { sessions[id]?.pending = .closing(handle) }
    }

    /// What a device has open from before by other sessions needs no close any more.
    /// - Parameter opened: when it opened what it has finished now.
    private mutating func overtake(_ path: RelativePath, by client: String, _ id: SessionID, _ opened: ToldMoment) {
        func overtaken(_ handle: Handle) -> Handle {
            guard handle.paths == [path], handle.opened.isBefore(opened) == true else { return handle }
            var handle = handle
            handle.isOvertaken = true
            return handle
        }
        let others = sessions.keys.filter { $0 != id && sessions[$0]?.client == client }
        changeHandles(of: others, overtaken)
    }

    /// Of several with one name the one that fits: who has written was open for writing. Who has not is taken for one that only reads:
    /// the other stays open until its own close.
    mutating func takeHandle(_ name: [UInt8], hasWritten: Bool, _ id: SessionID) -> Handle? {
        guard let session = sessions[id] else { return nil }
        let own = session.handles.indices.filter { session.handles[$0].name == name }
        let fitting = own.first { session.handles[$0].mode.writes == hasWritten } ?? own.first
        if let fitting { return sessions[id]?.handles.remove(at: fitting) }
        guard let doubted = session.doubted.firstIndex(where: { $0.name == name }) else { return nil }
        return sessions[id]?.doubted.remove(at: doubted)
    }

    /// Which file was closed, as far as a record says that was cut: `NAME" bytes read 0 wri`. An open one's name is all there, since
    /// the record of its open is longer than its name by more. Nil unless one alone fits.
    /// - Returns: its name, and whether bytes were surely written to it.
    func handleName(_ beginning: [UInt8], _ id: SessionID) -> (name: [UInt8], hasWritten: Bool)? {
        guard let session = sessions[id] else { return nil }
        let names = Set((session.handles + session.doubted).map(\.name)).filter { name in
            let rest = beginning.dropFirst(name.count)
            let tail = Array("\" bytes read ".utf8)
            return beginning.starts(with: name) && !rest.isEmpty
                && (rest.starts(with: tail) || tail.starts(with: rest))
        }
        guard names.count == 1, let name = names.first else { return nil }
        let words = beginning.dropFirst(name.count).split(separator: UInt8(ascii: " "))
        // `"`, `bytes`, `read`, a number, `written`, a number or its beginning.
        let digit = words.count == 6 ? words[5].first : nil
        return (name, digit.map { (0x31...0x39).contains($0) } ?? false)
    }

    /// - Parameter moment: when a device told that: a file that is renamed itself is not broken any more. Nil: the hub has done it.
    mutating func rename(_ from: RelativePath, _ to: RelativePath, at moment: ToldMoment?) {
        changes += 1
        changePaths(at: moment) { path in
            if from.contains(path) { return path.moved(from, to) }
            // What had the name has none now.
            return path == to ? nil : path
        }
        var moved: [RelativePath: Broken] = [:]
        for (path, found) in broken {
            let isBefore = UploadTable.isBefore(found.opened, moment)
            if isBefore == false { continue }
            let goesAlong = from.contains(path)
            if isBefore == true, goesAlong || path == to { broken[path] = nil }
            if goesAlong, path != from || moment == nil { moved[path.moved(from, to)] = found }
        }
        broken.merge(moved) { $1 }
    }

    private static func isBefore(_ opened: ToldMoment, _ moment: ToldMoment?) -> Bool? {
        guard let moment else { return true }
        return opened.isBefore(moment)
    }

    private static func changed(
        _ handle: Handle, _ moment: ToldMoment?, _ newPath: (RelativePath) -> RelativePath?
    ) -> Handle {
        var handle = handle
        let new = handle.paths.compactMap(newPath)
        switch isBefore(handle.opened, moment) {
        case false?: break
        case true?: handle.paths = new
        case nil:
            let more = new.filter { !handle.paths.contains($0) }
            handle.paths += more.prefix(mostPaths - handle.paths.count)
        }
        return handle
    }

    private mutating func changePaths(at moment: ToldMoment?, _ newPath: (RelativePath) -> RelativePath?) {
        changeHandles(of: Array(sessions.keys)) { UploadTable.changed($0, moment, newPath) }
    }

    /// What some sessions have open, or may have.
    private mutating func changeHandles(of ids: [SessionID], _ change: (Handle) -> Handle) {
        for id in ids {
            guard let session = sessions[id] else { continue }
            sessions[id]?.handles = session.handles.map(change)
            sessions[id]?.doubted = session.doubted.map(change)
            if case .opening(let handle) = session.pending { sessions[id]?.pending = .opening(change(handle)) }
        }
    }

    /// More than these nobody renames a file to while it is unknown what came first.
    private static let mostPaths = 8
}
