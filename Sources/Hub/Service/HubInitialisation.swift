internal import FileTree
import Glibc
internal import Hashing
internal import Journal
internal import Processes
internal import Settings

/// `synchub init`: makes a hub out of a directory. Refuses to touch one that is a hub already. A hub that was only half made (no `hub.json5`,
/// which comes last) is made anew.
struct HubInitialisation: Sendable {
    let layout: HubLayout
    /// Nil: the name of this machine.
    let name: String?
    /// Nil: every address.
    let listen: String?
    /// Nil: one that is free.
    let sftpPort: UInt16?
    /// Nil: one that is free.
    let apiPort: UInt16?
    /// This machine's own sshd is to serve it.
    var isSystem = false

    /// Blocks.
    /// - Returns: the configuration that was written.
    func run() throws -> HubConfiguration {
        try checkRoot()
        let configuration = try chooseConfiguration()
        for (path, mode) in layout.directories { try HubFile.makeDirectory(path, mode: mode) }
        try ShareMarker.make(in: layout.share)
        if !isSystem { try makeHostKey() }
        try Secrets.write([], to: layout.authorizedKeys)
        try Secrets.write(Array((HubInitialisation.newToken() + "\n").utf8), to: layout.adminToken)
        _ = try Journal(path: layout.journal)
        // The keys too, which another program has written: a hub syncs no more than it must.
        try PrivateArea(path: layout.privateFiles).syncFileSystem()
        try configuration.write(to: layout)
        return configuration
    }

    private func checkRoot() throws {
        guard !layout.root.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw InitialisationError.controlCharacter
        }
        if HubFile.exists(layout.configuration) { throw InitialisationError.isHub(layout.root) }
        if HubFile.exists(layout.root), !HubFile.isDirectory(layout.root) {
            throw InitialisationError.notDirectory(layout.root)
        }
        // Somebody's files do not become a share by accident.
        for path in [layout.share, layout.versions]
        where !HubFile.isEmptyOrMissing(path, but: "\(ShareMarker.name)") {
            throw InitialisationError.notEmpty(path)
        }
    }

    private func chooseConfiguration() throws -> HubConfiguration {
        let name = name ?? NetworkAddress.hostName()
        guard HubConfiguration.isName(name) else { throw InitialisationError.badName }
        let listen = listen == "any" ? nil : listen
        if let listen, !NetworkAddress.isValid(listen) { throw InitialisationError.badAddress(listen) }
        if isSystem { return try systemConfiguration(name, listen) }
        let sftp = try port(sftpPort, on: listen ?? "0.0.0.0", except: apiPort)
        let api = try port(apiPort, on: "127.0.0.1", except: sftp)
        guard sftp != api else { throw InitialisationError.samePort(sftp) }
        return HubConfiguration(name: name, listen: listen, sftpPort: sftp, apiPort: api)
    }

    /// What deploy/sshd-synchub.conf says, unless something else was asked for.
    private func systemConfiguration(_ name: String, _ listen: String?) throws -> HubConfiguration {
        func given(_ port: UInt16?, _ usual: UInt16) -> UInt16 { port.flatMap { $0 > 0 ? $0 : nil } ?? usual }
        let (sftp, api) = (given(sftpPort, 22), given(apiPort, HubInitialisation.systemAPIPort))
        guard sftp != api else { throw InitialisationError.samePort(sftp) }
        let configuration = HubConfiguration(
            name: name, listen: listen, sftpMode: .system, sftpPort: sftp, apiPort: api)
        _ = try MachineSSHD(configuration: configuration).hostKey()
        return configuration
    }

    /// In deploy/sshd-synchub.conf.
    static let systemAPIPort: UInt16 = 2280

    private func port(_ wanted: UInt16?, on address: String, except taken: UInt16?) throws -> UInt16 {
        if let wanted, wanted > 0 { return wanted }
        guard let port = TCPPort.findFree(on: address, except: taken) else {
            throw InitialisationError.noFreePort(address)
        }
        return port
    }

    private func makeHostKey() throws {
        for path in [layout.hostKey, layout.hostPublicKey] { unlink(path) }
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "synchub", "-f", layout.hostKey]
        let outcome = try Processes.run(HostTools.find(.sshKeygen), arguments)
        guard outcome.status.isSuccess else { throw InitialisationError.noHostKey(outcome.errorText) }
    }

    /// 256 random bits, in hex.
    static func newToken() -> String {
        randomBytes(count: 32).map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
    }
}

/// Why a directory does not become a hub.
package enum InitialisationError: Error, Hashable, Sendable, CustomStringConvertible {
    case isHub(String)
    case notDirectory(String)
    case notEmpty(String)
    case controlCharacter
    case badName
    case badAddress(String)
    case samePort(UInt16)
    case noFreePort(String)
    case noHostKey(String)

    package var description: String {
        switch self {
        case .isHub(let root):
            "\(root) is a hub already and stays as it is; start it with: synchub run --root \(ShellWord(root))"
        case .notDirectory(let path): "\(path) is not a directory; name one, or one that is still to be made"
        case .notEmpty(let path):
            "\(path) has files in it; begin with an empty one, and copy the files into the folder of the first device that joins"
        case .controlCharacter: "the path of a hub must not contain control characters; choose another directory"
        case .badName: "a hub's name has \(HubConfiguration.expectedName)"
        case .badAddress(let text): "'\(text)' is not an IP address; give one of this machine, or none for all of them"
        case .samePort(let port): "SFTP and API cannot both have port \(port); give another one"
        case .noFreePort(let address): "no free port was found on \(address); give one with --sftp-port and --api-port"
        case .noHostKey(let text): "ssh-keygen could not make the host key: \(text)"
        }
    }
}
