// swift-tools-version: 6.2
import PackageDescription

// The rooms of the house (DESIGN §8). An arrow points to what may be imported; nothing points up.
// `contrib/check` compares these arrows with the imports that the sources really make.

/// `contrib/fuzz` sets it to the path of libFuzzer: then there is the program that it runs, in the place of the tests that
/// share its files, and every room tells which way it went.
let fuzzing = Context.environment["SYNC_FUZZING"]

/// A room: one module under Sources, with what it may import.
func room(_ name: String, _ imports: String...) -> Target {
    .target(
        name: name, dependencies: imports.map { .byName(name: $0) },
        swiftSettings: fuzzing == nil ? nil : [.unsafeFlags(["-sanitize=fuzzer"])])
}

/// The tests of one room.
func tests(of name: String, _ imports: String...) -> Target {
    .testTarget(name: name + "Tests", dependencies: ([name] + imports).map { .byName(name: $0) })
}

/// What reads what others send, as the tests have it and as the fuzzer has it.
let fuzzed = ["Hub", "Agent", "Journal", "HTTPServer", "Settings", "SSH", "FileTree", "ControlAPI", "SyncCore"]
let fuzz: [Target] =
    if let fuzzing {
        [
            .target(name: "CFuzzer", path: "Tests/CFuzzer"),
            .executableTarget(
                name: "fuzz", dependencies: (fuzzed + ["CFuzzer"]).map { .byName(name: $0) }, path: "Tests/FuzzTests",
                exclude: ["CorpusTests.swift", "Corpus"],
                linkerSettings: [.unsafeFlags([fuzzing, "-lstdc++"])]),
        ]
    } else {
        [
            .testTarget(
                name: "FuzzTests", dependencies: (fuzzed + ["TestSupport"]).map { .byName(name: $0) },
                exclude: ["main.swift", "Driver.swift", "Corpus"])
        ]
    }

let package = Package(
    name: "SyncHub",
    products: [
        .executable(name: "synchub", targets: ["synchub"]),
        .executable(name: "syncagent", targets: ["syncagent"]),
        .executable(name: "syncctl", targets: ["syncctl"]),
    ],
    targets: [
        // Programs.
        .executableTarget(name: "synchub", dependencies: ["Hub"]),
        .executableTarget(name: "syncagent", dependencies: ["Agent"]),
        .executableTarget(name: "syncctl", dependencies: ["Console"]),
        // Faces.
        room("Console", "ControlAPI", "HTTPClient", "Arguments", "CQREncode", "SyncCore"),
        // Domain.
        room(
            "Hub", "Share", "Journal", "FileTree", "ControlAPI", "HTTPServer", "Processes", "Settings", "Arguments",
            "Hashing",
            "CLinux", "COpenAPI", "SyncCore"),
        room(
            "Agent", "Engine", "Index", "FileTree", "Transport", "SSH", "ControlAPI", "HTTPServer", "Processes",
            "Settings", "Arguments", "Hashing", "SyncCore"),
        room("Transport", "SSH", "HTTPClient", "ControlAPI", "SyncCore"),
        room("Share", "Journal", "FileTree", "SyncCore"),
        room("Journal", "SQLite", "Hashing", "SyncCore"),
        room("Index", "SQLite", "SyncCore"),
        room("Engine", "Index", "SyncCore"),
        room("FileTree", "Hashing", "CLinux", "CACL", "SyncCore"),
        // Pure.
        room("ControlAPI", "SyncCore"),
        room("Arguments"),
        room("SyncCore"),
        // Owners of C handles, and what the operating system gives.
        room("Settings", "Arguments"),
        room("SQLite", "CSQLite"),
        room("SSH", "CSSH2", "Hashing"),
        room("HTTPServer", "CMicroHTTPD", "CLinux"),
        room("HTTPClient", "CCurl", "Hashing"),
        room("Hashing", "CCrypto", "CXXHash"),
        room("Processes", "CLinux"),
        .target(name: "CLinux"),
        // What the hub says of its API. The description is text, and the compiler takes it in.
        .target(name: "COpenAPI", exclude: ["openapi.json"]),
        .systemLibrary(name: "CACL", pkgConfig: "libacl", providers: [.apt(["libacl1-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        // Tests, and what they share (never part of the product).
        .target(
            name: "TestSupport",
            dependencies: ["SyncCore", "Processes", "FileTree", "CLinux", "Hashing"],
            path: "Tests/TestSupport"),
        // The simulator: the engine, the index and the journal over trees in memory.
        .target(
            name: "Simulator",
            dependencies: ["Engine", "Index", "Share", "Journal", "FileTree", "SQLite", "SyncCore", "CFaults"],
            path: "Tests/Simulator"),
        // Has the COMMITs of SQLite fail.
        .target(name: "CFaults", dependencies: ["CSQLite"], path: "Tests/CFaults"),
        .executableTarget(name: "simulate", dependencies: ["Simulator"], path: "Tests/simulate"),
        // How fast a core hashes and cuts, in MB/s.
        .executableTarget(name: "hashrate", dependencies: ["FileTree", "Hashing", "SyncCore"], path: "Tests/hashrate"),
        tests(of: "SyncCore", "TestSupport", "Processes"),
        tests(of: "ControlAPI", "TestSupport", "SyncCore"),
        tests(of: "Arguments"),
        tests(of: "Settings", "TestSupport"),
        tests(of: "SQLite", "TestSupport"),
        tests(of: "SSH", "TestSupport", "Processes"),
        tests(of: "HTTPServer", "HTTPClient", "Hashing", "TestSupport"),
        tests(of: "Hashing"),
        tests(of: "Processes", "TestSupport"),
        tests(of: "FileTree", "TestSupport", "Hashing", "Processes", "SyncCore", "CACL"),
        tests(of: "Journal", "TestSupport", "SQLite", "Hashing", "SyncCore"),
        tests(of: "Engine", "Simulator", "Index", "SyncCore"),
        tests(of: "Share", "Journal", "FileTree", "SyncCore"),
        tests(of: "Index", "TestSupport", "SQLite", "SyncCore"),
        tests(
            of: "Transport", "TestSupport", "HTTPServer", "HTTPClient", "ControlAPI", "SSH", "Processes", "SyncCore"),
        tests(
            of: "Hub", "TestSupport", "Processes", "ControlAPI", "HTTPServer", "HTTPClient", "Journal", "FileTree",
            "Hashing", "Settings", "Share", "SQLite", "SSH", "SyncCore"),
        tests(
            of: "Agent", "TestSupport", "Hub", "ControlAPI", "Engine", "Index", "FileTree", "Hashing", "Transport",
            "SSH",
            "SyncCore"),
        tests(of: "Console", "TestSupport", "ControlAPI", "HTTPServer", "Hashing", "Arguments", "SyncCore"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["TestSupport", "ControlAPI", "SyncCore", "Processes", "FileTree", "SQLite", "Hashing"]),
    ] + fuzz,
    swiftLanguageModes: [.v6]
)
