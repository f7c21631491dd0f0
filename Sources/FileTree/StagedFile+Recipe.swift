internal import CLinux
import Glibc
package import SyncCore

extension StagedFile {
    /// What was written up to now, for reading.
    package var written: FileReader { file }

    /// Appends what a recipe says. Blocks of whole pages are shared where the file system can; everything else is hashed while it
    /// is written, so that one pass does for it. Whether it is the right content, ``finish(mode:mtime:expecting:sync:)`` says.
    /// - Parameters:
    ///   - bases: in the order of the recipe's.
    ///   - new: has the new bytes, one after the other, from an offset on; nil if there are none.
    /// - Throws: ``FileTreeError``: `.noSpace` before anything is written, if it would not fit; `.changedWhileRead` if a file is
    ///   shorter than the recipe has it, `.cancelled`, …
    package func append(
        _ recipe: Recipe, bases: [FileReader], new: FileReader?, from offset: Int64 = 0,
        cancelled: () -> Bool = { false }
    ) throws(FileTreeError) {
        // A recipe may be anybody's: before anything is counted with its numbers.
        try requireRanges(of: recipe, bases)
        var next = offset
        var mayShare = maySharePages(of: bases)
        try requireRoom(for: recipe, bases, shared: mayShare)
        for piece in recipe.pieces {
            switch piece {
            case .copy(let base, let offset, let length):
                let range = offset..<offset + length
                if !mayShare {
                    try append(flowing: range, of: bases[base], cancelled: cancelled)
                } else {
                    mayShare = try share(range, of: bases[base], cancelled)
                }
            case .new(let length):
                guard let new else { throw FileTreeError("copy from", "", .notFound) }
                try append(next..<next + length, of: new, cancelled: cancelled)
                next += length
            }
        }
    }

    /// - Throws: ``FileTreeError``: `.changedWhileRead` if a range reaches beyond the end of its base.
    func requireRanges(of recipe: Recipe, _ bases: [FileReader]) throws(FileTreeError) {
        var sizes: [Int64] = []
        for base in bases { sizes.append(try base.status().size) }
        for case .copy(let base, let offset, let length) in recipe.pieces {
            guard bases.indices.contains(base), offset <= sizes[base], length <= sizes[base] - offset else {
                throw FileTreeError(
                    "copy from", bases.indices.contains(base) ? bases[base].path : "", .changedWhileRead)
            }
        }
    }

    /// Shares the whole pages of a range that lie in both files at the same place within a page, and copies the rest.
    /// - Returns: false if the file system cannot share, so that nobody asks it again.
    private func share(
        _ range: Range<Int64>, of other: FileReader, _ cancelled: () -> Bool
    ) throws(FileTreeError) -> Bool {
        let page: Int64 = 4_096
        let first = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        guard end - first >= 64 * page, (size + first - range.lowerBound) % page == 0 else {
            try append(range, of: other, cancelled: cancelled)
            return true
        }
        if range.lowerBound < first { try append(range.lowerBound..<first, of: other, cancelled: cancelled) }
        let start = size
        guard linux_clone_range(file.descriptor.raw, start, other.descriptor.raw, first, end - first) == 0 else {
            if [ENOSPC, EDQUOT, EIO].contains(errno) { throw FileTreeError("copy to", name) }
            try append(flowing: first..<range.upperBound, of: other, cancelled: cancelled)
            return false
        }
        noteUnhashed(upTo: start + end - first, from: start)
        if end < range.upperBound { try append(end..<range.upperBound, of: other, cancelled: cancelled) }
        return true
    }

    /// Appends a range of another file, hashed on the way. The disk writes one part while the next one is read: whoever syncs
    /// afterwards waits for the last one only.
    /// - Throws: as ``append(_:of:hashing:cancelled:)``.
    package func append(
        flowing range: Range<Int64>, of other: FileReader, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) {
        let part: Int64 = 16 << 20
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + min(part, range.upperBound - start)
            try append(start..<end, of: other, cancelled: cancelled)
            if end - start == part { linux_begin_writing(file.descriptor.raw, size - part, part) }
            start = end
        }
    }
}
