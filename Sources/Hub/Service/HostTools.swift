import Glibc

/// The programs of OpenSSH that the hub runs.
enum HostTools {
    /// Where a program of OpenSSH may lie on the systems that we know.
    enum Tool: String, CaseIterable {
        case sshd
        case sftpServer = "sftp-server"
        case sshKeygen = "ssh-keygen"
        case sshKeyscan = "ssh-keyscan"

        var candidates: [String] {
            switch self {
            case .sshd: ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"]
            case .sftpServer:
                [
                    "/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server",
                    "/usr/libexec/sftp-server", "/usr/local/libexec/sftp-server",
                ]
            case .sshKeygen: ["/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen", "/bin/ssh-keygen"]
            case .sshKeyscan: ["/usr/bin/ssh-keyscan", "/usr/local/bin/ssh-keyscan", "/bin/ssh-keyscan"]
            }
        }

        /// What to install on Debian.
        var package: String {
            switch self {
            case .sshd: "openssh-server"
            case .sftpServer: "openssh-sftp-server"
            case .sshKeygen, .sshKeyscan: "openssh-client"
            }
        }
    }

    /// The absolute path of a program.
    static func find(_ tool: Tool) throws(MissingTool) -> String {
        guard let path = tool.candidates.first(where: { access($0, X_OK) == 0 }) else { throw MissingTool(tool: tool) }
        return path
    }
}

/// A program that is not installed.
struct MissingTool: Error, CustomStringConvertible {
    let tool: HostTools.Tool

    var description: String {
        "\(tool.rawValue) is not installed (looked at \(tool.candidates.joined(separator: ", "))); on Debian: apt install \(tool.package)"
    }
}
