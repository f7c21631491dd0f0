internal import FileTree
import Glibc
import SyncCore

// What others are still sending is read through a second name, in a directory that is the hub's and that a client's sessions may
// read and not write. The name goes before anything is committed: a file in the share has one name.
extension Store {
    private func path(of digest: Digest, for reader: String) -> String { "\(layout.coming(for: reader))/\(digest.hex)" }

    private func stagedPath(of digest: Digest, by uploader: String) -> String {
        "\(layout.staging)/\(uploader)/\(Store.aheadName(digest))"
    }

    /// Gives a client access to what another one has staged of a content.
    /// - Returns: false where that is not possible: the file is not there, or the file system has no hard links.
    func open(_ digest: Digest, of uploader: String, to reader: String) -> Bool {
        let (staged, name) = (stagedPath(of: digest, by: uploader), path(of: digest, for: reader))
        guard Store.status(staged) != nil else { return false }
        _ = try? HubFile.makeDirectory(layout.coming(for: reader), mode: 0o700)
        if linkat(AT_FDCWD, staged, AT_FDCWD, name, 0) == 0 { return true }
        guard errno == EEXIST, unlink(name) == 0 else { return false }
        return linkat(AT_FDCWD, staged, AT_FDCWD, name, 0) == 0
    }

    /// Ends the access of some clients. Who has it open reads on: the bytes are those of the file, whatever becomes of it.
    func close(_ digest: Digest, to readers: some Collection<String>) {
        for reader in readers where unlink(path(of: digest, for: reader)) != 0 && errno != ENOENT {
            hubLog.warning("coming_left", ["client": reader, "sha256": digest, "errno": errno])
        }
    }

    /// How many names a staged file has that were given to it here.
    func names(of digest: Digest, by uploader: String, for readers: some Collection<String>) -> Int {
        guard let staged = Store.status(stagedPath(of: digest, by: uploader)) else { return 0 }
        return readers.count { reader in
            Store.status(path(of: digest, for: reader)).map { $0.st_ino == staged.st_ino && $0.st_dev == staged.st_dev }
                ?? false
        }
    }

    /// At a start, and for a client that is not one any more: nobody has access to anything. Directories stay, since sessions hold
    /// on to them.
    func closeComing(of client: String? = nil) {
        _ = try? HubFile.makeDirectory(layout.coming, mode: 0o700)
        let clients = client.map { [$0] } ?? Store.names(in: layout.coming)
        for client in clients {
            let directory = layout.coming(for: client)
            for name in Store.names(in: directory) { unlink("\(directory)/\(name)") }
        }
    }

    /// For who has a name now: sessions of who had it before hold on to a directory that is gone.
    func removeComing(of client: String) {
        closeComing(of: client)
        rmdir(layout.coming(for: client))
    }

    /// Of a regular file; nil for anything else.
    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? status : nil
    }

    private static func names(in path: String) -> [String] {
        ((try? TreeRoot(path: path).list(.top)) ?? []).map(\.name.description)
    }
}
