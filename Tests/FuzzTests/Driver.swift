// The program that `contrib/fuzz` runs; not part of the tests.
import CFuzzer
import Glibc

/// The one that libFuzzer asks about.
nonisolated(unsafe) private var target = FuzzTarget.all[0]

/// `fuzz --list`, `fuzz --seeds DIRECTORY`, or `fuzz TARGET` and what libFuzzer is to be told.
func runFuzzer() -> Never {
    let words = CommandLine.arguments.dropFirst()
    guard let word = words.first else { refuse("which target? --list names them") }
    if word == "--list" {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    if word == "--seeds", let directory = words.dropFirst().first {
        for target in FuzzTarget.all { writeSeeds(of: target, below: directory) }
        exit(0)
    }
    guard let found = FuzzTarget.all.first(where: { $0.name == word }) else { refuse("there is no target '\(word)'") }
    target = found
    var arguments = (["fuzz"] + words.dropFirst()).map { strdup($0) } + [nil]
    var count = Int32(arguments.count - 1)
    let result = arguments.withUnsafeMutableBufferPointer { buffer in
        var start = buffer.baseAddress
        return LLVMFuzzerRunDriver(&count, &start) { data, size in
            // SAFETY: libFuzzer's bytes, which live as long as the call; no address where there are none.
            let bytes = Array(UnsafeBufferPointer(start: data, count: size))
            do { try target.run(bytes) } catch {
                say("\(target.name): \(error)")
                abort()
            }
            return 0
        }
    }
    exit(result)
}

private func writeSeeds(of target: FuzzTarget, below directory: String) {
    mkdir("\(directory)/\(target.name)", 0o755)
    for (index, seed) in target.seeds.enumerated() {
        guard let file = fopen("\(directory)/\(target.name)/seed-\(index + 1)", "w") else {
            refuse("\(directory) cannot be written to")
        }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
    }
}

private func refuse(_ reason: String) -> Never {
    say("fuzz: \(reason)")
    exit(64)
}

private func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}
