import SyncCore
import Testing

@testable import Hub

/// What is kept beside the share, and what is said of it.
struct ProtectRuleTests {
    @Test(arguments: [
        (ProtectSetting.off, true, Protection.clones), (.off, false, .none), (.copy, true, .clones),
        (.copy, false, .copies), (.never, true, .none), (.never, false, .none),
    ])
    func `where blocks can be shared they are, and elsewhere the setting decides`(
        _ setting: ProtectSetting, _ canClone: Bool, _ protection: Protection
    ) {
        #expect(Protection(setting, canClone: canClone) == protection)
    }

    @Test func `copies leave a tenth of the disk free, and 64 MiB of a small one`() {
        let disk: Int64 = 1 << 40
        let copies = Protection.copies
        #expect(copies.hasRoom(for: disk / 2, free: disk / 2 + disk / 10, total: disk, files: nil))
        #expect(!copies.hasRoom(for: disk / 2, free: disk / 2 + disk / 10 - 1, total: disk, files: nil))
        #expect(copies.hasRoom(for: 1, free: 64 << 20 + 1, total: 100 << 20, files: nil))
        #expect(!copies.hasRoom(for: 2, free: 64 << 20 + 1, total: 100 << 20, files: nil))
    }

    @Test func `clones take no room of their own, and neither takes the last files`() {
        #expect(Protection.clones.hasRoom(for: 1 << 50, free: 16 << 20, total: 1 << 40, files: nil))
        #expect(!Protection.clones.hasRoom(for: 1, free: 16 << 20 - 1, total: 1 << 40, files: nil))
        for protection in [Protection.clones, .copies] {
            #expect(protection.hasRoom(for: 1, free: 1 << 39, total: 1 << 40, files: 20_000))
            #expect(!protection.hasRoom(for: 1, free: 1 << 39, total: 1 << 40, files: 19_999))
        }
    }

    @Test func `nobody waits for a large copy, and nobody for long for a clone`() {
        #expect(Protection.copies.isQuick(16 << 20) && !Protection.copies.isQuick(16 << 20 + 1))
        #expect(Protection.clones.isQuick(1 << 50) && !Protection.none.isQuick(0))
    }

    @Test(arguments: [
        (ProtectSetting.off, true, 5, 5, Int64(0), Finding.Level.good, "copies that share their blocks"),
        (.off, true, 5, 3, 1 << 40, .good, "; 2 of 5 contents are not yet"),
        (.off, true, 5, 3, 0, .note, "2 of 5 contents of the share are not kept"),
        (.off, false, 5, 0, 1 << 40, .note, "is gone: this file system cannot share blocks"),
        (.copy, false, 5, 4, 1 << 40, .good, "in copies (share.protect in hub.json5); 1 of 5"),
        (.copy, false, 5, 4, 1 << 20, .note, "1 of 5 contents of the share are not kept"),
        (.copy, false, 5, 5, 1 << 20, .good, "in copies"),
        (.never, true, 5, 0, 1 << 40, .note, "is \"never\""),
    ])
    func `check says which applies, and what is missing`(
        _ setting: ProtectSetting, _ canClone: Bool, _ all: Int, _ kept: Int, _ free: Int64, _ level: Finding.Level,
        _ words: String
    ) {
        let found = HostCheck.protection(
            setting, canClone: canClone, counted: (all, kept), free: free, total: 1 << 41, files: nil)
        #expect(found.level == level && found.text.contains(words), "\(found.text)")
        #expect((found.next == nil) == (level == .good))
    }
}
