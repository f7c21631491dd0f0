import SyncCore

/// What the users of a history do, and where.
struct Habits {
    /// The names that they give; twice the same name in one directory is no new one.
    var names: [Name]
    /// What somebody does in his folder, usual things more often.
    var repertoire: [User.Verb]
    /// The same for the phone.
    var phone: [User.Verb]

    private init(_ names: [String], _ repertoire: [User.Verb], phone: [User.Verb]) {
        self.names = names.map { name in
            try! Name(name)  // SAFETY: constants that are names.
        }
        self.repertoire = repertoire
        self.phone = phone
    }

    /// All that people do.
    static let usual = Habits(
        ["a", "b", "c", "d", "e.x", "A"], User.Verb.allCases,
        phone: [
            .create, .create, .makeDirectory, .edit, .edit, .append, .truncate, .delete, .deleteTree, .move, .move,
            .moveIntoDirectory, .equalFile, .recreate, .touch, .replaceDirectoryByFile, .replaceFileByDirectory,
            .atomicSave, .renameOver, .swap,
        ])
    /// All work at the same two files.
    static let crowded = Habits(
        ["a", "b"],
        [
            .create, .create, .edit, .edit, .edit, .edit, .append, .sneakyEdit, .sneakyEdit, .sneakyEdit, .delete,
            .delete, .delete, .atomicSave, .atomicSave, .recreate, .touch, .chmod, .move, .moveIntoDirectory,
            .renameOver, .swap, .makeDirectory, .replaceFileByDirectory, .deleteTree, .equalFile,
        ],
        phone: [.create, .create, .edit, .edit, .edit, .append, .delete, .delete, .atomicSave, .move, .recreate])
}
