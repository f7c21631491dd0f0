import Processes
import Testing

@Suite struct DiskPriorityTests {
    private struct Failure: Error {}

    @Test func `a thread is idle for the disk as long as its work lasts, also when that fails`() {
        #expect(!DiskPriority.isIdle)
        #expect(DiskPriority.whileIdle { DiskPriority.isIdle })
        #expect(!DiskPriority.isIdle)
        #expect(throws: Failure.self) { try DiskPriority.whileIdle { throw Failure() } }
        #expect(!DiskPriority.isIdle)
    }

    @Test func `inside of idle work there is idle work`() {
        DiskPriority.whileIdle {
            DiskPriority.whileIdle {}
            #expect(DiskPriority.isIdle)
        }
        #expect(!DiskPriority.isIdle)
    }
}
