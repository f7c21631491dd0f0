/// The tables of an agent's index, one script per version of them; a new version is a new script at the end.
enum Schema {
    static let migrations = [
        """
        -- Single values: generation, epoch, cursor, chain, next_number, acknowledged, barrier, commit (the request in
        -- flight), folder (what its marker says).
        CREATE TABLE meta (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What the disk holds: one row for each name in the folder, as it was last looked at.
        CREATE TABLE local (
            entry INTEGER PRIMARY KEY AUTOINCREMENT,  -- 1 is the folder itself
            parent INTEGER NOT NULL,                  -- entry of the directory; 0 for the folder itself
            name BLOB NOT NULL,
            kind TEXT NOT NULL,                       -- file, directory, symlink
            device INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,                    -- bytes
            mtime INTEGER NOT NULL,                   -- Unix nanoseconds
            ctime INTEGER NOT NULL,                   -- Unix nanoseconds
            born INTEGER NOT NULL DEFAULT 0,          -- Unix nanoseconds; when the inode was made, 0 for unknown
            mode INTEGER NOT NULL,                    -- permission bits
            sha256 BLOB,                              -- files: NULL until hashed as it is now
            target BLOB,                              -- symlinks
            node INTEGER UNIQUE,                      -- the hub's id; NULL until the hub knows it
            alias INTEGER,                            -- a directory that is to become one with this node's, which lies elsewhere
            vanished INTEGER NOT NULL DEFAULT 0       -- 1: not found at its place; may yet turn up elsewhere in this scan
        ) STRICT;
        CREATE UNIQUE INDEX local_place ON local (parent, name) WHERE vanished = 0;
        CREATE INDEX local_inode ON local (inode);
        CREATE INDEX local_vanished ON local (entry) WHERE vanished = 1;
        CREATE INDEX local_parent ON local (parent);
        CREATE INDEX local_unhashed ON local (entry) WHERE sha256 IS NULL AND kind = 'file';

        -- The last state in which hub and disk agreed.
        CREATE TABLE synced (
            node INTEGER PRIMARY KEY,
            parent INTEGER NOT NULL,                  -- node of the directory; 1 is the share
            name BLOB NOT NULL,
            kind TEXT NOT NULL,
            size INTEGER NOT NULL,
            mtime INTEGER NOT NULL,
            mode INTEGER NOT NULL,
            sha256 BLOB,
            target BLOB,
            content_version INTEGER NOT NULL,
            location_version INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX synced_place ON synced (parent, name);
        CREATE INDEX synced_sha256 ON synced (sha256) WHERE sha256 IS NOT NULL;

        -- What the hub said last, for the nodes where that is not what was agreed.
        CREATE TABLE remote (
            node INTEGER PRIMARY KEY,
            parent INTEGER NOT NULL,
            name BLOB NOT NULL,
            kind TEXT NOT NULL,
            size INTEGER NOT NULL,
            mtime INTEGER NOT NULL,
            mode INTEGER NOT NULL,
            sha256 BLOB,
            target BLOB,
            content_version INTEGER NOT NULL,
            location_version INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            deleted INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX remote_place ON remote (parent, name);
        CREATE INDEX remote_seq ON remote (seq);

        -- What is being brought onto the disk: written before the disk is changed, so that after a crash what lies there is known for the
        -- hub's and not taken for somebody's new file.
        CREATE TABLE intent (
            node INTEGER PRIMARY KEY,
            parent INTEGER NOT NULL,
            name BLOB NOT NULL,
            kind TEXT NOT NULL,
            size INTEGER NOT NULL,
            mtime INTEGER NOT NULL,
            mode INTEGER NOT NULL,
            sha256 BLOB,
            target BLOB,
            content_version INTEGER NOT NULL,
            location_version INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX intent_place ON intent (parent, name);

        -- The subjects that the planner has to look at.
        CREATE TABLE unsettled_entry (entry INTEGER PRIMARY KEY) STRICT;  -- without a node
        CREATE TABLE unsettled_node (
            node INTEGER PRIMARY KEY,
            receives INTEGER NOT NULL DEFAULT 0       -- 1: has nothing to say, until something about it changes; 2: nor is it news
        ) STRICT;
        CREATE INDEX unsettled_speaking ON unsettled_node (node) WHERE receives = 0;

        -- What the commit in flight said, so that its outcomes can be taken in after a restart too.
        CREATE TABLE inflight (
            number INTEGER PRIMARY KEY,               -- of the operation id
            entry INTEGER,                            -- what was sent, if it is on the disk
            node INTEGER,                             -- NULL for a creation
            verb TEXT NOT NULL,                       -- create, edit, move, delete
            parent INTEGER,                           -- entry of the directory it was sent as being in …
            name BLOB,                                -- … and under which name; NULL for an edit or deletion
            kind TEXT,                                -- the content sent; NULL for a move or deletion
            size INTEGER, mtime INTEGER, mode INTEGER, sha256 BLOB, target BLOB
        ) STRICT;

        -- What is on the disk and cannot be synced now, or ever.
        CREATE TABLE problem (
            path BLOB PRIMARY KEY,                    -- relative to the folder
            entry INTEGER,
            reason TEXT NOT NULL,                     -- for a person
            skipped INTEGER NOT NULL                  -- 1: will never be synced (a FIFO, …)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- Owner, group and attributes of a file or directory, as SyncCore's Extras gives them; NULL: nothing is said.
        ALTER TABLE local ADD COLUMN extras BLOB;
        ALTER TABLE synced ADD COLUMN extras BLOB;
        ALTER TABLE remote ADD COLUMN extras BLOB;
        ALTER TABLE intent ADD COLUMN extras BLOB;
        ALTER TABLE inflight ADD COLUMN extras BLOB;
        """,
        """
        -- In meta also: collected (what was gone at the hub before this client began), and while a snapshot is taken snapshot_after
        -- (the id up to which it was), snapshot_seq, snapshot_chain, snapshot_collected (of its first page);
        -- seen, seen_chain (as cursor and chain, also of answers to commits), hear_first (nothing is sent before the cursor is there).
        -- Whether the hub has these bytes.
        CREATE INDEX remote_sha256 ON remote (sha256) WHERE sha256 IS NOT NULL;
        -- 1: the hub has no tombstone of it any more, a snapshot told; what lies here may be the last copy.
        ALTER TABLE remote ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;
        -- A directory that is sent as new: the node that it was, which the hub does not know any more.
        ALTER TABLE local ADD COLUMN former INTEGER;
        """,
        """
        -- Operations that wait at the hub for a person: as in inflight, and the batch that they are in. In meta also: late (the last late
        -- outcome that was taken in).
        CREATE TABLE held (
            number INTEGER PRIMARY KEY,
            batch INTEGER NOT NULL,
            entry INTEGER,
            node INTEGER,
            verb TEXT NOT NULL,
            parent INTEGER,
            name BLOB,
            kind TEXT,
            size INTEGER, mtime INTEGER, mode INTEGER, sha256 BLOB, target BLOB, extras BLOB
        ) STRICT;
        CREATE INDEX held_node ON held (node);
        CREATE INDEX held_entry ON held (entry);
        """,
        """
        -- Unix nanoseconds: what mtime was to be, where the file system could not keep it.
        ALTER TABLE local ADD COLUMN mtime_meant INTEGER;
        """,
        """
        -- 1: a directory that the hub does not know, and that holds ignored things and nothing else.
        ALTER TABLE local ADD COLUMN hollow INTEGER NOT NULL DEFAULT 0;
        -- Nodes that a rule ignores: the planner does not look at them before the rules change.
        CREATE TABLE aside (node INTEGER PRIMARY KEY) STRICT;
        """,
        """
        -- In meta also: running (seconds in which agents have run on this index, as far as that was noted: no clock sets it).
        -- What lies in the folder's trash.
        CREATE TABLE trash_age (
            path BLOB PRIMARY KEY,                    -- from the folder
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,                    -- bytes
            ctime INTEGER NOT NULL,                   -- Unix nanoseconds; only compared for being equal
            moment INTEGER NOT NULL                   -- when it was found there, by the running time
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- Where the entry is NULL: in which directory that name is. A path says something else when a directory has moved.
        ALTER TABLE problem ADD COLUMN directory INTEGER;
        """,
        """
        -- What contents consist of, as far as that was cut and there is room for it. In meta also: chunk_bytes (of all lists).
        CREATE TABLE chunk_list (
            id INTEGER PRIMARY KEY AUTOINCREMENT,     -- the oldest go first
            sha256 BLOB NOT NULL UNIQUE,
            size INTEGER NOT NULL,                    -- of the content, in bytes
            list BLOB NOT NULL                        -- as SyncCore's ChunkList gives it
        ) STRICT;
        CREATE INDEX chunk_list_size ON chunk_list (size);
        -- Some of the fingerprints in a list, by which lists that share chunks are found.
        CREATE TABLE chunk_sample (
            fingerprint INTEGER NOT NULL,
            list INTEGER NOT NULL,
            PRIMARY KEY (fingerprint, list)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX chunk_sample_list ON chunk_sample (list);
        """,
        """
        -- 1: waits until its bytes are at the hub, and has nothing to say before that. Of a node: receives is -1.
        ALTER TABLE unsettled_entry ADD COLUMN travels INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX unsettled_entry_speaking ON unsettled_entry (entry) WHERE travels = 0;
        CREATE INDEX unsettled_travelling ON unsettled_node (node) WHERE receives = -1;
        -- Large files in the order in which they come: see FolderIndex+Large.
        CREATE INDEX remote_large ON remote (\(FolderIndex.sizeClass), mtime DESC, node)
            WHERE size >= 8388608 AND kind = 'file' AND deleted = 0;
        """,
        """
        -- Asked for each directory that is listed and each row that goes, also where much is in trouble.
        CREATE INDEX problem_entry ON problem (entry, directory);
        CREATE INDEX problem_waiting ON problem (path) WHERE skipped = 0;
        """,
    ]
}
