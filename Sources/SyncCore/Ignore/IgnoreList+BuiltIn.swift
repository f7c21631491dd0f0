extension IgnoreList {
    /// What programs leave beside a file while they work on it, and what is no whole file yet. A `!` line in a
    /// `.syncignore` or in agent.json5 takes a name in again. The README has this list, too.
    package static let builtIn = IgnoreList(patterns: builtInPatterns, origin: .builtIn)

    /// As they would stand in a file.
    package static let builtInPatterns =
        [
            // Swap, backup, lock and temporary files of editors: vim, Emacs, nano, Kate, LibreOffice, Microsoft Office.
            ".*.sw[a-px]", ".*.un~", "4913", "*~", "\\#*#", ".#*", ".*.kate-swp", ".~lock.*#", "~$*",
            // A directory of rsync's.
            ".rsync-partial/",
            // What desktops and file systems keep for themselves.
            ".goutputstream-*", ".fuse_hidden*", ".nfs????????????????????????", ".Trash-[0-9]*/", ".DS_Store",
            "Thumbs.db",
        ] + incomplete + incomplete.map { "!\($0)/" }

    /// Names of files that are no whole ones: of Firefox, KDE and Nextcloud, rclone, WinSCP, Chrome, FolderSync, Cyberduck
    /// and lftp. A directory may be named so. `*.tmp` is not among them: it is many people's own.
    private static let incomplete = [
        "*.part", "*.partial", "*.filepart", "*.crdownload", "*.tacitpart", "*.cyberduckpart", ".in.*",
    ]
}
