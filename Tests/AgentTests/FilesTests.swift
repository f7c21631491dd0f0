import Glibc
import TestSupport
import Testing

@testable import Agent

@Suite struct FilesTests {
    @Test func `a temporary directory lies where TMPDIR says, or in tmp, and is closed to others`() throws {
        try withTemporaryDirectory { directory in
            for (base, expected) in [(directory.path, directory.path), (nil, "/tmp"), ("relative", "/tmp")] {
                let made = try Files.makeTemporaryDirectory(below: base)
                defer { rmdir(made) }
                #expect(made.hasPrefix(expected + "/syncagent-"))
                var status = stat()
                #expect(stat(made, &status) == 0 && status.st_mode & 0o777 == 0o700)
            }
            let missing = directory.path("missing")
            #expect(throws: AgentFailure.self) { try Files.makeTemporaryDirectory(below: missing) }
        }
    }
}
