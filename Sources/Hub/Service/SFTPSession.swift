import Glibc
internal import Processes
import SyncCore

/// `synchub sftp`: the forced command on each device's key. Confines itself to what the device may reach, then becomes OpenSSH's
/// sftp-server. It is on the path of each new SFTP connection, so it reads no file of the hub.
struct SFTPSession: Sendable {
    let layout: HubLayout
    let grant: SFTPGrant
    /// Where this kernel cannot confine it.
    let unconfined: UnconfinedSessions

    /// Becomes sftp-server; comes back only to throw.
    func run() throws -> Never {
        let server = try HostTools.find(.sftpServer)
        let plan = try makePlan()
        // Before it is confined: then it reaches nobody.
        let line = grant.kind == .sftp ? SessionLine(layout, grant.client) : nil
        let strength = try Confinement(openings: plan.openings, program: server).enter()
        try check(strength)
        try HubFile.check(
            chdir(Confinement.cString(plan.start)), "enter", Escaping.text(plan.start))
        let words = plan.arguments(strength, isRoot: geteuid() == 0)
        try execute(server, line?.begin(words) ?? words)
    }

    private func makePlan() throws -> SessionPlan {
        guard grant.kind == .agent else { return try SessionPlan(grant, layout) }
        try HubFile.makeDirectory(layout.staging(of: grant.client), mode: 0o700)
        // Without it nothing comes early; a disk that has turned read-only is no reason to have no session.
        let coming = layout.coming(for: grant.client.text)
        _ = try? HubFile.makeDirectory(layout.coming, mode: 0o700)
        _ = try? HubFile.makeDirectory(coming, mode: 0o700)
        // Made by the hub, if it has one: what it lays out for this device.
        let packs = PackMemory.directory(of: grant.client, root: layout.root)
        return try SessionPlan(grant, layout, coming: HubFile.isDirectory(coming) ? coming : nil, packs: packs)
    }

    private func check(_ strength: Confinement.Strength) throws(SFTPRefusal) {
        switch ConfinementRule.verdict(strength, grant, unconfined, isRoot: geteuid() == 0) {
        case .goesOn: break
        case .warned(let reason): Log("sftp").warning("not_confined", ["client": grant.client, "reason": reason])
        case .refused(let reason): throw SFTPRefusal(description: reason)
        }
    }

    private func execute(_ server: String, _ arguments: [String]) throws -> Never {
        var words = ([server] + arguments).map { strdup($0) } + [nil]
        execv(server, &words)
        throw HubFileError(doing: "execute", path: server, code: errno)
    }
}

/// Why a device gets no session.
struct SFTPRefusal: Error, Hashable, CustomStringConvertible {
    let description: String
}
