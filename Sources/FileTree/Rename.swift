internal import CLinux
import Glibc

/// RENAME_NOREPLACE, with access to closed directories of ours.
/// - Parameter moving: a directory that itself moves, to be opened up too.
/// - Returns: 0, or -1 with errno: EEXIST if the new name is taken.
func rename(_ from: Int32, _ name: [UInt8], _ to: Int32, _ newName: [UInt8], moving: Int32? = nil) -> Int32 {
    withCString(name) { name in
        withCString(newName) { newName in
            withWriteAccess([from, to] + (moving.map { [$0] } ?? [])) {
                linux_rename_noreplace(from, name, to, newName)
            }
        }
    }
}

/// RENAME_EXCHANGE, with access to closed directories of ours.
/// - Parameter moving: what itself moves; directories among it are opened up too.
/// - Returns: 0, or -1 with errno: ENOENT if one of them is gone.
func exchange(_ a: Int32, _ aName: [UInt8], _ b: Int32, _ bName: [UInt8], moving: [Int32] = []) -> Int32 {
    withCString(aName) { aName in
        withCString(bName) { bName in
            withWriteAccess([a, b] + moving) { linux_rename_exchange(a, aName, b, bName) }
        }
    }
}
