internal import CACL
internal import CLinux
import Glibc
package import SyncCore

/// Owner, group, extended attributes and ACLs. Only attributes of the `user` namespace and ACLs are looked at: what the
/// kernel and its security modules keep in others belongs to this machine.
extension TreeRoot {
    /// What this process and this file system can carry of what is asked for: owners take the right to give files away
    /// (root, or CAP_CHOWN), attributes a file system that has them.
    package func able(_ asked: CarriedExtras) -> CarriedExtras {
        var probe = CChar(0)
        let hasAttributes = asked.attributes && (flistxattr(root.raw, &probe, 0) >= 0)
        return CarriedExtras(owners: asked.owners && geteuid() == 0, attributes: hasAttributes)
    }

    /// What a file or directory has; nothing of a symlink. Attributes are not told where they have more bytes than are
    /// carried (``Extras/largest``).
    /// - Throws: ``FileTreeError``: `.notFound`, …
    package func extras(of path: RelativePath, _ carried: CarriedExtras) throws(FileTreeError) -> Extras {
        let entry = try entry(path, "look at the owner and attributes of")
        guard let handle = try entry.handle("look at the owner and attributes of") else {
            throw entry.error("look at the owner and attributes of", errno: ENOENT)
        }
        return try handle.extras(carried, entry.path)
    }

    /// Sets what is said, as far as this machine knows the names, on exactly the file or directory that is expected.
    /// - Returns: false if something else is there.
    package func setExtras(
        _ extras: Extras, of path: RelativePath, expecting identity: FileIdentity
    ) throws(FileTreeError) -> Bool {
        let entry = try entry(path, "set the owner and attributes of")
        guard let handle = try entry.handle("set the owner and attributes of"), handle.status()?.identity == identity
        else { return false }
        try handle.set(extras, entry.path)
        return true
    }

    /// Whether owner, group and each name in the ACLs are known on this machine.
    package static func knows(_ extras: Extras) -> (owner: Bool, group: Bool, attributes: Bool) {
        let lists = (extras.attributes ?? []).filter {
            [AccessControl.access, AccessControl.defaults].contains($0.name)
        }
        return (
            extras.owner.map { AccountNames.userID($0) != nil } ?? true,
            extras.group.map { AccountNames.groupID($0) != nil } ?? true,
            lists.allSatisfy { AccessControl.isKnown($0.value) }
        )
    }
}

extension PrivateItem {
    /// Sets what is said, before anybody sees it under a name.
    package func setExtras(_ extras: Extras) throws(FileTreeError) {
        try handle("set the owner and attributes of").set(extras, name.description)
    }
}

extension Descriptor {
    /// The kernel takes extended attributes by path, also of what was opened with O_PATH.
    private var procPath: [CChar] { Array("/proc/self/fd/\(raw)".utf8CString) }

    borrowing func extras(_ carried: CarriedExtras, _ path: String) throws(FileTreeError) -> Extras {
        guard let status = status() else { throw FileTreeError("look at the owner of", path) }
        guard status.kind == .file || status.kind == .directory else { return Extras() }
        var extras = Extras()
        if carried.owners {
            var now = stat()
            guard fstat(raw, &now) == 0 else { throw FileTreeError("look at the owner of", path) }
            extras.owner = AccountNames.user(now.st_uid)
            extras.group = AccountNames.group(now.st_gid)
        }
        if carried.attributes { extras.attributes = try attributes(status.kind == .directory, path) }
        if extras.size > Extras.largest { extras.attributes = nil }
        return extras
    }

    private borrowing func attributes(
        _ isDirectory: Bool, _ path: String
    ) throws(FileTreeError) -> [Extras.Attribute] {
        let file = procPath
        var found: [Extras.Attribute] = []
        for name in try names(file, path) {
            guard let value = try value(file, name, path) else { continue }
            found.append(Extras.Attribute(name: name, value: value))
        }
        for name in isDirectory ? [AccessControl.access, AccessControl.defaults] : [AccessControl.access] {
            if let text = AccessControl.text(of: file, name) {
                found.append(Extras.Attribute(name: name, value: text))
            }
        }
        return found.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Of the `user` namespace.
    private borrowing func names(_ file: [CChar], _ path: String) throws(FileTreeError) -> [[UInt8]] {
        while true {
            let size = listxattr(file, nil, 0)
            if size == 0 || (size < 0 && errno == EOPNOTSUPP) { return [] }
            guard size > 0 else { throw FileTreeError("list the attributes of", path) }
            var list = [CChar](repeating: 0, count: size)
            let count = listxattr(file, &list, size)
            if count < 0, errno == ERANGE { continue }
            guard count >= 0 else { throw FileTreeError("list the attributes of", path) }
            return list[..<count].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
                .filter { $0.starts(with: Array("user.".utf8)) }
        }
    }

    /// Nil if it is gone.
    private borrowing func value(_ file: [CChar], _ name: [UInt8], _ path: String) throws(FileTreeError) -> [UInt8]? {
        while true {
            let size = withCString(name) { getxattr(file, $0, nil, 0) }
            if size < 0, errno == ENODATA { return nil }
            guard size >= 0 else { throw FileTreeError("read an attribute of", path) }
            var value = [UInt8](repeating: 0, count: size)
            let count = withCString(name) { getxattr(file, $0, &value, size) }
            if count < 0, errno == ERANGE { continue }
            if count < 0, errno == ENODATA { return nil }
            guard count >= 0 else { throw FileTreeError("read an attribute of", path) }
            return Array(value[..<count])
        }
    }

    // MARK: - Setting

    /// Names that are not known here are left alone; so are attributes where the file system has none.
    borrowing func set(_ extras: Extras, _ path: String) throws(FileTreeError) {
        let owner = extras.owner.flatMap(AccountNames.userID)
        let group = extras.group.flatMap(AccountNames.groupID)
        if owner != nil || group != nil {
            var now = stat()
            guard fstat(raw, &now) == 0 else { throw FileTreeError("set the owner of", path) }
            if owner ?? now.st_uid != now.st_uid || group ?? now.st_gid != now.st_gid {
                // setuid and setgid bits of a file do not survive it; they never travel anyway.
                guard linux_chown_handle(raw, owner ?? uid_t.max, group ?? gid_t.max) == 0
                else { throw FileTreeError("set the owner of", path) }
            }
        }
        if let attributes = extras.attributes { try set(attributes, path) }
    }

    private borrowing func set(_ wanted: [Extras.Attribute], _ path: String) throws(FileTreeError) {
        guard let status = status(), status.kind == .file || status.kind == .directory else { return }
        let file = procPath
        let now = try attributes(status.kind == .directory, path)
        let closed = status.mode.rawValue & 0o200 == 0
        // An attribute is written like the file's bytes: who may not write gives himself the right for the moment.
        if closed, now != wanted { _ = linux_chmod_handle(raw, mode_t(status.mode.rawValue | 0o200)) }
        defer { if closed, now != wanted { restoreMode(status.mode.rawValue) } }
        for attribute in now where !wanted.contains(where: { $0.name == attribute.name }) {
            try remove(attribute.name, file, path)
        }
        for attribute in wanted where !now.contains(attribute) { try set(attribute, file, path) }
    }

    /// Without touching an ACL's mask, which the group's bits stand for.
    private borrowing func restoreMode(_ bits: UInt16) {
        guard let status = status() else { return }
        _ = linux_chmod_handle(raw, mode_t(status.mode.rawValue & ~0o200 | bits & 0o200))
    }

    private borrowing func set(_ attribute: Extras.Attribute, _ file: [CChar], _ path: String) throws(FileTreeError) {
        if [AccessControl.access, AccessControl.defaults].contains(attribute.name) {
            guard AccessControl.isKnown(attribute.value) else { return }
            if !AccessControl.set(attribute.value, on: file, attribute.name), errno != EOPNOTSUPP {
                throw FileTreeError("set the access control list of", path)
            }
            return
        }
        guard attribute.name.starts(with: Array("user.".utf8)) else { return }
        let result = withCString(attribute.name) { setxattr(file, $0, attribute.value, attribute.value.count, 0) }
        if result != 0, errno != EOPNOTSUPP { throw FileTreeError("set an attribute of", path) }
    }

    private borrowing func remove(_ name: [UInt8], _ file: [CChar], _ path: String) throws(FileTreeError) {
        if withCString(name, { removexattr(file, $0) }) != 0, errno != ENODATA, errno != EOPNOTSUPP {
            throw FileTreeError("remove an attribute of", path)
        }
    }
}
