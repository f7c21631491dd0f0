internal import FileTree
import SyncCore

/// What became of a staged file that was to be taken over as it is.
enum TakenOver {
    /// Nobody but this process can reach it any more; what is read from now on is the file that will be placed.
    case ours(PrivateItem)
    /// It is out of its client's reach, but leases are unknown here: only a copy of it is beyond everybody's.
    case unknown(PrivateItem)
    /// A session has it open for writing. It lies where it was.
    case isOpen
    /// It is not what it was when it was looked at, or not there. It lies where it is.
    case changed
}

extension Store {
    /// Takes a staged file out of its client's reach. Nobody can open it then; those who had it open before are seen by the lease.
    /// - Parameters:
    ///   - status: as it was looked at.
    ///   - name: what it is called in the area; random unless given.
    /// - Throws: ``FileTreeError``; the file lies where it was.
    func takeOver(
        _ file: Name, of client: String, expecting status: FileStatus, into area: PrivateArea, as name: Name? = nil
    ) throws(FileTreeError) -> TakenOver {
        guard let staging = staging(of: client) else { return .changed }
        switch try staging.takeAway(RelativePath([file]), expecting: status.fingerprint, into: area, as: name) {
        case .busy: return .isOpen
        case .unexpected: return .changed
        case .stranded(_, let item):
            giveBack(item, as: file, of: client)
            return .changed
        case .taken(let item):
            do throws(FileTreeError) {
                // Its client may have made it unreadable even for its owner.
                if item.status.mode.rawValue & 0o600 != 0o600 {
                    try item.setAttributes(mode: Mode(0o600), mtime: item.status.mtime)
                }
                let reader = try item.open()
                switch reader.isWriterActive() {
                case false?: return .ours(item)
                case nil: return .unknown(item)
                case true?:
                    giveBack(item, as: file, of: client)
                    return .isOpen
                }
            } catch {
                giveBack(item, as: file, of: client)
                throw error
            }
        }
    }
}
