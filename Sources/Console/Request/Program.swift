import Arguments
import ControlAPI

extension Syncctl {
    /// What `syncctl` can be told. Commands that are not built yet are not listed.
    static let program = Program(
        name: "syncctl", summary: "ask and steer a SyncHub, on the hub's machine or through an agent",
        version: ProductVersion.current,
        commonOptions: [
            .value("root", "DIR", as: .bytes, "the hub on this machine that lives in DIR"),
            .value("home", "DIR", as: .bytes, "the hub of the agent whose home is DIR"),
            .flag("json", "print JSON for programs instead of text for people"),
        ],
        commands: look + steer + past + safety)

    private static let look = [
        Command(name: "status", group: "Look", summary: "how the hub and every client are doing"),
        Command(name: "clients", group: "Look", summary: "who may connect: kind, role, key"),
        Command(
            name: "unsynced", group: "Look", summary: "every path that waits: direction, size and reason",
            positionals: [.optional("NAME", "only what waits for this client")]),
        Command(
            name: "why", group: "Look", summary: "why a path is, or is not, the same everywhere", details: pathDetails,
            positionals: [.required("PATH", as: .bytes, "relative to the share")]),
        Command(
            name: "log", group: "Look", summary: "what has changed, the newest last",
            options: [
                .flag("follow", "go on with each change as it happens, until Ctrl-C"),
                .value("limit", "N", as: .count, "begin with the newest N changes (default: 50)"),
            ]),
        Command(name: "conflicts", group: "Look", summary: "changes that met, both kept, nobody has decided yet"),
        Command(name: "paths", group: "Look", summary: "what lies where on this machine"),
    ]

    private static let steer = [
        Command(
            name: "invite", group: "Steer", summary: "make a one-time invite for a new client",
            details: "The invite is one line on stdout: redirect it into a file, take that to the new machine, and run "
                + "'syncagent join FILE --folder DIR' there.",
            options: [
                .flag("admin", "it may invite, pause and revoke, too"),
                .flag("sftp-only", "for a phone or a program that only speaks SFTP; needs --key or --make-key"),
                .value("key", "FILE", as: .bytes, "its public key in OpenSSH's format; '-' is stdin"),
                .flag("make-key", "the hub makes its key, shows it once, and keeps the public half only"),
                .value(
                    "out", "FILE", as: .bytes,
                    "write the invite, or the key that was made, into a new file of mode 0600"),
                .flag("read-only", "it receives, and changes nothing"),
                .value("subtree", "PATH", as: .bytes, "it may map, or see, this directory of the share only"),
                .value("valid", "1h", as: .duration, "how long the invite is good for (default: 1h)"),
            ],
            positionals: [.required("NAME", "what the new client is to be called")]),
        Command(
            name: "revoke", group: "Steer", summary: "shut a client out, at once and for good",
            positionals: [.required("NAME", "which client")]),
        Command(
            name: "pause", group: "Steer", summary: "stop syncing with a client, or with all",
            options: [
                .flag("all", "every client"), .value("for", "2h", as: .duration, "resume by itself after this long"),
            ],
            positionals: [.optional("NAME", "which client")]),
        Command(
            name: "resume", group: "Steer", summary: "end a pause",
            options: [.flag("all", "every client")], positionals: [.optional("NAME", "which client")]),
        Command(
            name: "limit", group: "Steer", summary: "how fast bytes of files move between the hub and a client, or all",
            details: "RATE is bytes a second: 512k, 2M, or off. With times of the day (of the client's machine): "
                + "\"08:00,512k 23:00,off\". It holds at once, beside what that machine's agent.json5 says. Small files come "
                + "before large ones.",
            options: [
                .flag("all", "every client"), .value("up", "RATE", "to the hub"),
                .value("down", "RATE", "from the hub"),
            ],
            positionals: [.optional("NAME", "which client")]),
        Command(
            name: "wait", group: "Steer", summary: "wait until every client that is not paused is in sync",
            details: pathDetails
                + "\nExit code 5: not in sync when the time was over; stderr says who is not, and why.",
            options: [
                .value("on", "NAME,...", as: .list, "wait for these clients only"),
                .value("timeout", "S", as: .duration, "give up after this long (default: never)"),
            ],
            positionals: [.optional("PATH", as: .bytes, "wait for this path only, relative to the share")]),
    ]

    private static let past = [
        Command(
            name: "history", group: "Past",
            summary: "what a path had in it, by whom, and what is kept; the newest last",
            details: pathDetails + "\nOf a path that was deleted, too. Exit code 4: it never was in the share.",
            options: [.value("limit", "N", as: .count, "the newest N only (default and most: 1000)")],
            positionals: [.required("PATH", as: .bytes, "relative to the share")])
    ]

    private static let safety = [
        Command(
            name: "held", group: "Safety", summary: "deletions and rewrites that were too many at once and wait for you"
        ),
        Command(
            name: "approve", group: "Safety", summary: "carry out what is held",
            positionals: [.required("ID", "of the batch, as 'held' shows it")]),
        Command(
            name: "reject", group: "Safety", summary: "drop what is held; its client gets its files back",
            positionals: [.required("ID", "of the batch, as 'held' shows it")]),
    ]

    private static let pathDetails =
        "PATH is relative to the share. A path of the local file system is understood as well when it is absolute, "
        + "begins with './' or '../', or exists as seen from here, and lies in the agent's folder (or, on the hub, "
        + "in the share)."
}
