/// The tables, as numbered migrations. One that was released never changes.
enum Schema {
    static let migrations = [
        first, second, third, fourth, shareMarker, setBack, guarding, subtree, guardTime, pausedSince,
        runningTime, released, limits, recipes,
        cacheSums, readOnly, inviteLife, uploads, rotation, keptCopies, devices, shareDoubt, pastOfPlaces, rotationLife,
        born,
    ]

    /// The share itself is 1.
    static let firstIdentifier = "INSERT INTO sqlite_sequence (name, seq) VALUES ('node', 1)"

    private static let first = """
        -- One row.
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epoch TEXT NOT NULL,                    -- 32 hex digits, random, made with the journal
            head INTEGER NOT NULL,                  -- the seq of the last change; 0 before the first
            chain BLOB NOT NULL,                    -- the chain value of the last change (32 bytes)
            files INTEGER NOT NULL,                 -- live files
            bytes INTEGER NOT NULL                  -- the sum of their sizes
        ) STRICT;

        -- Live nodes and tombstones. The root (id 1) has no row.
        CREATE TABLE node (
            id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used again
            parent INTEGER NOT NULL,                -- id of a directory; 1 for the share itself
            name BLOB NOT NULL,                     -- 1 to 255 bytes
            kind INTEGER NOT NULL,                  -- 0 file, 1 directory, 2 symlink
            sha256 BLOB,                            -- 32 bytes, files only
            size INTEGER,                           -- bytes, files only
            mode INTEGER,                           -- permission bits, not for symlinks
            mtime_ns INTEGER,                       -- Unix nanoseconds, not for directories
            target BLOB,                            -- symlinks only
            content_version INTEGER NOT NULL,       -- from 1
            location_version INTEGER NOT NULL,      -- from 1
            seq INTEGER NOT NULL,                   -- the change that made it what it is
            deleted INTEGER NOT NULL,               -- 1: a tombstone, with what it last was
            client TEXT NOT NULL                    -- whose change that was
        ) STRICT;
        CREATE UNIQUE INDEX node_by_place ON node (parent, name) WHERE deleted = 0;
        CREATE INDEX node_by_seq ON node (seq);
        CREATE INDEX node_by_sha256 ON node (sha256) WHERE deleted = 0 AND sha256 IS NOT NULL;
        \(firstIdentifier);

        -- Each change, with the node as it was after it.
        CREATE TABLE history (
            seq INTEGER PRIMARY KEY,                -- without gaps from 1
            node INTEGER NOT NULL,                  -- id
            parent INTEGER NOT NULL,                -- from here to deleted: as in node
            name BLOB NOT NULL,
            kind INTEGER NOT NULL,
            sha256 BLOB,
            size INTEGER,
            mode INTEGER,
            mtime_ns INTEGER,
            target BLOB,
            content_version INTEGER NOT NULL,
            location_version INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            client TEXT NOT NULL,                   -- whose change it was
            at INTEGER NOT NULL,                    -- Unix seconds, the hub's clock
            change INTEGER NOT NULL,                -- 0 create, 1 edit, 2 move, 3 delete, 4 revive
            path BLOB NOT NULL,                     -- where the node was at that time, from the share
            from_parent INTEGER,                    -- where it was before; only of moves
            from_name BLOB,
            from_path BLOB,
            chain BLOB NOT NULL                     -- SHA-256(chain of the row before, this row without it)
        ) STRICT;
        CREATE INDEX history_by_node ON history (node, content_version);

        CREATE TABLE client (
            name TEXT PRIMARY KEY,
            kind INTEGER NOT NULL,                  -- 0 agent, 1 sftp
            role INTEGER NOT NULL,                  -- 0 member, 1 admin
            token_hash BLOB UNIQUE,                 -- SHA-256 of its token; none for sftp and after a revocation
            public_key TEXT NOT NULL,               -- one OpenSSH public key line
            created_at INTEGER NOT NULL,            -- Unix seconds
            last_seen INTEGER,                      -- Unix seconds; none before the first hello
            cursor INTEGER NOT NULL,                -- the seq up to which everything is on its disk
            generation TEXT,                        -- of its index; none before the first hello
            paused INTEGER NOT NULL,                -- 1 if a person paused it
            paused_until INTEGER,                   -- Unix seconds; none: until resumed
            revoked_at INTEGER,                     -- Unix seconds; none while its key is good
            report BLOB                             -- the last report, as the hub encoded it
        ) STRICT;

        CREATE TABLE invite (
            secret_hash BLOB PRIMARY KEY,           -- SHA-256 of the secret
            client TEXT NOT NULL UNIQUE,            -- the name that the new client will have
            public_key TEXT NOT NULL,               -- the one-time key
            role INTEGER NOT NULL,                  -- 0 member, 1 admin
            expires INTEGER NOT NULL,               -- Unix seconds
            used INTEGER NOT NULL                   -- 1 after the first hello of the client
        ) STRICT, WITHOUT ROWID;

        -- What was answered, until the client has taken it in.
        CREATE TABLE outcome (
            client TEXT NOT NULL,
            generation TEXT NOT NULL,               -- of the client's index
            number INTEGER NOT NULL,                -- the operation
            node INTEGER,                           -- the node that it made or meant; none if refused
            outcome BLOB NOT NULL,                  -- all of it, encoded
            PRIMARY KEY (client, generation, number)
        ) STRICT, WITHOUT ROWID;

        -- Up to which operation outcomes were taken in.
        CREATE TABLE acknowledged (
            client TEXT NOT NULL,
            generation TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (client, generation)
        ) STRICT, WITHOUT ROWID;

        -- Open while both nodes live.
        CREATE TABLE conflict (
            id INTEGER PRIMARY KEY,
            over INTEGER NOT NULL,                  -- the node that holds the name
            copy INTEGER NOT NULL,                  -- the node that came second
            client TEXT NOT NULL,                   -- whose the copy is
            seq INTEGER NOT NULL,                   -- the head when it was noticed
            at INTEGER NOT NULL,                    -- Unix seconds
            UNIQUE (over, copy)
        ) STRICT;

        -- Contents that lie in versions/.
        CREATE TABLE version (
            sha256 BLOB PRIMARY KEY,
            size INTEGER NOT NULL,                  -- bytes
            stored_seq INTEGER NOT NULL             -- the head when it was put there
        ) STRICT, WITHOUT ROWID;

        -- Intents: steps in the share that are decided and not finished.
        CREATE TABLE placement (
            id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order
            seq INTEGER NOT NULL,                   -- the head when it was decided
            node INTEGER NOT NULL,                  -- id
            step INTEGER NOT NULL,                  -- 0 file, 1 attributes, 2 directory, 3 symlink, 4 move, 5 remove
            path BLOB NOT NULL,                     -- of a move: from where
            to_path BLOB,                           -- moves only
            content BLOB,                           -- what is to be there, encoded; none for moves and removals
            staged TEXT,                            -- files only: the private file; none if it comes from versions/
            expected BLOB                           -- the content that is there before, encoded; none if nothing is
        ) STRICT;
        CREATE INDEX placement_by_node ON placement (node);

        -- What lies in the share for a node.
        CREATE TABLE placed (
            node INTEGER PRIMARY KEY,
            device INTEGER NOT NULL,                -- unsigned, as its bits
            inode INTEGER NOT NULL,                 -- unsigned, as its bits
            size INTEGER NOT NULL,                  -- bytes
            mtime_ns INTEGER NOT NULL,              -- Unix nanoseconds
            ctime_ns INTEGER NOT NULL               -- Unix nanoseconds
        ) STRICT;
        CREATE INDEX placed_by_inode ON placed (inode, device);
        """

    private static let second = """
        -- When the inode was made, Unix nanoseconds; 0 if that is not known.
        ALTER TABLE placed ADD COLUMN born_ns INTEGER NOT NULL DEFAULT 0;
        """

    private static let third = """
        -- Owner, group and attributes of a file or directory, as SyncCore's Extras gives them; NULL: nothing is said.
        ALTER TABLE node ADD COLUMN extras BLOB;
        ALTER TABLE history ADD COLUMN extras BLOB;
        """

    private static let fourth = """
        -- The highest seq of a tombstone that was removed; 0 if none was.
        ALTER TABLE meta ADD COLUMN collected INTEGER NOT NULL DEFAULT 0;
        -- Tombstones, for their collection.
        CREATE INDEX node_tombstone ON node (seq) WHERE deleted = 1;
        -- Conflicts of a node that goes.
        CREATE INDEX conflict_copy ON conflict (copy);
        """

    private static let shareMarker = """
        -- What the share's identity marker says: one row once the hub has seen it.
        CREATE TABLE share_marker (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            marker TEXT NOT NULL
        ) STRICT;
        """

    private static let setBack = """
        -- The highest operation number that was seen of each index of a client: outcomes are forgotten, this is not.
        CREATE TABLE generation (
            client TEXT NOT NULL,
            generation TEXT NOT NULL,
            highest INTEGER NOT NULL,
            PRIMARY KEY (client, generation)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO generation (client, generation, highest)
            SELECT client, generation, max(number) FROM (
                SELECT client, generation, number FROM outcome UNION ALL
                SELECT client, generation, number FROM acknowledged
            ) WHERE client <> 'share' GROUP BY client, generation;
        -- SHA-256 of what was asked; NULL of what was answered before this column was there.
        ALTER TABLE outcome ADD COLUMN asked BLOB;
        """

    private static let guarding = """
        -- Batches that wait for a person.
        CREATE TABLE held_batch (
            id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used again
            client TEXT NOT NULL,                   -- whose it is
            at INTEGER NOT NULL                     -- Unix seconds
        ) STRICT;

        -- What is in them.
        CREATE TABLE held_operation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order
            batch INTEGER NOT NULL,
            client TEXT NOT NULL,
            generation TEXT NOT NULL,               -- of the client's index
            number INTEGER NOT NULL,                -- the operation
            node INTEGER,                           -- that it names; none for a creation
            weight INTEGER NOT NULL,                -- 0 hangs on another one, 1 deletes, 2 rewrites
            change BLOB NOT NULL,                   -- what was asked for, encoded
            staged TEXT,                            -- files only: the private file
            path BLOB NOT NULL                      -- where it was when it was held, for people
        ) STRICT;
        CREATE INDEX held_operation_by_batch ON held_operation (batch);
        CREATE INDEX held_operation_by_node ON held_operation (node);
        CREATE INDEX held_operation_by_client ON held_operation (client);

        -- Answers to what was held, until the client has taken them in.
        CREATE TABLE late_outcome (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            client TEXT NOT NULL,
            generation TEXT NOT NULL,
            number INTEGER NOT NULL,
            outcome BLOB NOT NULL                   -- encoded
        ) STRICT;
        CREATE INDEX late_outcome_by_client ON late_outcome (client, id);

        -- Private files on their way to versions/.
        CREATE TABLE shelf (
            staged TEXT PRIMARY KEY,
            sha256 BLOB NOT NULL,
            size INTEGER NOT NULL                   -- bytes
        ) STRICT, WITHOUT ROWID;

        -- Clients that have sent deletions or rewrites since they last had nothing to send …
        CREATE TABLE guard_window (
            client TEXT PRIMARY KEY,
            since INTEGER NOT NULL,                 -- the seq of that time
            batch INTEGER,                          -- into which more of them goes
            approved INTEGER NOT NULL               -- 1: a person wants the rest of it too
        ) STRICT, WITHOUT ROWID;
        -- … and of what.
        CREATE TABLE guard_done (
            client TEXT NOT NULL,
            node INTEGER NOT NULL,
            deleted INTEGER NOT NULL,               -- 0: rewritten
            PRIMARY KEY (client, node)
        ) STRICT, WITHOUT ROWID;
        """

    private static let subtree = """
        -- Of a client that maps a part of the share: the directory's path as it was asked for at the join, and its id. NULL:
        -- all of the share.
        ALTER TABLE client ADD COLUMN subtree BLOB;
        ALTER TABLE client ADD COLUMN subtree_node INTEGER;
        -- The part that whoever comes with it may map. NULL: all of the share.
        ALTER TABLE invite ADD COLUMN subtree BLOB;
        """

    private static let guardTime = """
        -- What counts is the sum over minutes. Moments are seconds in which a hub has run on this journal: no clock sets
        -- them back or ahead. What was counted since a client was idle is forgotten.
        DROP TABLE guard_window;
        DROP TABLE guard_done;
        -- The batch of a client that is arriving, or what a person has just said about it.
        CREATE TABLE guard_window (
            client TEXT PRIMARY KEY,
            batch INTEGER,                          -- into which more of it goes; NULL after a decision
            verdict INTEGER NOT NULL,               -- 0 none yet, 1 approved, 2 rejected deletions, 3 rejected rewrites too
            moment INTEGER NOT NULL                 -- when something was held last, or decided
        ) STRICT, WITHOUT ROWID;
        -- What passed: the nodes that a client has deleted or rewritten.
        CREATE TABLE guard_done (
            client TEXT NOT NULL,
            node INTEGER NOT NULL,
            path BLOB NOT NULL,                     -- where that was
            deleted INTEGER NOT NULL,               -- 0: rewritten
            version INTEGER NOT NULL,               -- the node's content_version before
            seq INTEGER NOT NULL,                   -- the head before
            moment INTEGER NOT NULL,                -- of the last such change of it
            batch INTEGER,                          -- with which a person decides about it too
            PRIMARY KEY (client, node)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX guard_done_by_path ON guard_done (client, path);
        CREATE INDEX guard_done_by_node ON guard_done (node);
        CREATE INDEX guard_done_by_batch ON guard_done (batch) WHERE batch IS NOT NULL;
        -- Where the history was at some moments of the window.
        CREATE TABLE guard_mark (
            moment INTEGER PRIMARY KEY,
            head INTEGER NOT NULL
        ) STRICT;
        """

    private static let pausedSince = """
        -- Unix seconds: since when the pause holds; none while there is none, and of those from before.
        ALTER TABLE client ADD COLUMN paused_since INTEGER;
        """

    private static let runningTime = """
        -- Seconds in which hubs have run on this journal, as far as that was noted: all moments here are of this time. No clock
        -- sets it, and it stands still while no hub runs.
        ALTER TABLE meta ADD COLUMN running INTEGER NOT NULL DEFAULT 0;
        UPDATE meta SET running = max(
            coalesce((SELECT max(moment) FROM guard_mark), 0), coalesce((SELECT max(moment) FROM guard_window), 0),
            coalesce((SELECT max(moment) FROM guard_done), 0));
        -- The moment at which a client was heard last, or began; last_seen is for people. Those of before count from now.
        ALTER TABLE client ADD COLUMN seen_moment INTEGER NOT NULL DEFAULT 0;
        UPDATE client SET seen_moment = (SELECT running FROM meta);
        -- Uploads that nobody has asked for yet.
        CREATE TABLE staged_age (
            path BLOB PRIMARY KEY,                  -- CLIENT/NAME below staging/
            inode INTEGER NOT NULL,                 -- unsigned, as its bits
            size INTEGER NOT NULL,                  -- bytes
            ctime_ns INTEGER NOT NULL,              -- Unix nanoseconds; only compared for being equal
            moment INTEGER NOT NULL                 -- when it was found as it is
        ) STRICT, WITHOUT ROWID;
        """

    private static let limits = """
        -- How fast bytes of files may move: timetables as text; none for no limit.
        ALTER TABLE client ADD COLUMN limit_up TEXT;
        ALTER TABLE client ADD COLUMN limit_down TEXT;
        """

    private static let released = """
        -- Nodes of a batch of the share that a person has approved: what was held of them passes when it is looked at, whatever
        -- is held or decided of other batches.
        CREATE TABLE guard_released (
            client TEXT NOT NULL,
            node INTEGER NOT NULL,
            moment INTEGER NOT NULL,                -- of the decision
            PRIMARY KEY (client, node)
        ) STRICT, WITHOUT ROWID;
        """

    private static let cacheSums = """
        -- How much the caches have together, so that nobody has to walk over them for that.
        CREATE TABLE cached (
            cache TEXT PRIMARY KEY,                 -- recipe, chunk_list
            bytes INTEGER NOT NULL                  -- of the recipes, or the lists
        ) STRICT, WITHOUT ROWID;
        INSERT INTO cached SELECT 'recipe', IFNULL(SUM(length(recipe)), 0) FROM recipe HAVING COUNT(*) > 0;
        INSERT INTO cached SELECT 'chunk_list', IFNULL(SUM(length(list)), 0) FROM chunk_list HAVING COUNT(*) > 0;
        """

    private static let readOnly = """
        -- 1: it receives only, and role is 0. A program that does not know of it must not open this journal.
        ALTER TABLE client ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE invite ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0;
        """

    private static let uploads = """
        -- Files in the share whose upload was not finished when that was last looked at.
        CREATE TABLE upload (
            parent INTEGER NOT NULL,                -- id of the directory
            name BLOB NOT NULL,
            client TEXT NOT NULL,                   -- whose upload it is
            moment INTEGER NOT NULL,                -- since when
            inode INTEGER NOT NULL,                 -- unsigned, as its bits
            size INTEGER,                           -- bytes; NULL: the client still had it open
            mtime_ns INTEGER,                       -- Unix nanoseconds, with size
            PRIMARY KEY (parent, name)
        ) STRICT, WITHOUT ROWID;
        """

    private static let keptCopies = """
        -- 0: it lies in versions/ beside what is current, and was never displaced; 1: stored_seq is the head when it was, last.
        ALTER TABLE version ADD COLUMN displaced INTEGER NOT NULL DEFAULT 1;
        """

    private static let devices = """
        -- Which device has made a change that was found in the share; NULL where that is not known, and of all others. The client
        -- stays `share`: that is what the guard counts.
        ALTER TABLE history ADD COLUMN device TEXT;
        """

    private static let recipes = """
        -- How contents came from others: a cache.
        CREATE TABLE recipe (
            id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the oldest go first
            sha256 BLOB NOT NULL,                   -- of the content
            base BLOB NOT NULL,                     -- SHA-256 of the content that most of it is of
            recipe BLOB NOT NULL,                   -- as SyncCore's Recipe gives it
            UNIQUE (sha256, base)
        ) STRICT;
        -- What contents consist of: a cache.
        CREATE TABLE chunk_list (
            id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the oldest go first
            sha256 BLOB NOT NULL UNIQUE,
            list BLOB NOT NULL                      -- as SyncCore's ChunkList gives it
        ) STRICT;
        """

    private static let rotation = """
        -- A client changes its key and token: until it has shown that the new ones work, both are good.
        CREATE TABLE rotation (
            client TEXT PRIMARY KEY,
            token_hash BLOB NOT NULL UNIQUE,        -- SHA-256 of the new token
            public_key TEXT NOT NULL                -- the new one, an OpenSSH public key line
        ) STRICT;
        """

    private static let rotationLife = """
        -- A change of key and token that is not finished ends when hubs have run for a day. Those of before count from now.
        ALTER TABLE rotation ADD COLUMN begun_at INTEGER;                   -- Unix seconds; NULL where that is not known
        ALTER TABLE rotation ADD COLUMN moment INTEGER NOT NULL DEFAULT 0;  -- when, by the time of meta.running
        -- 1: the client's own requests came with the new token last.
        ALTER TABLE rotation ADD COLUMN uses_new INTEGER NOT NULL DEFAULT 0;
        UPDATE rotation SET moment = (SELECT running FROM meta);
        """

    private static let born = """
        -- What others did under a client's name, who were revoked, is not its own.
        ALTER TABLE client ADD COLUMN born INTEGER NOT NULL DEFAULT 0;      -- the seq of the last change before it joined
        """

    private static let shareDoubt = """
        -- The share's marker was gone while its directory was there: every deletion in it waits for a person. One row, or none.
        CREATE TABLE share_doubt (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            moment INTEGER NOT NULL,                -- since when, or when something was held last, by the time of meta.running
            head INTEGER NOT NULL                   -- the seq of the last change before it
        ) STRICT;
        """

    private static let inviteLife = """
        -- An invite ends by the calendar, or when hubs have run for as long as it was to be good, whichever is first: a clock that is
        -- set back brings none back. Those of before count from now, and have the longest life that there is.
        ALTER TABLE invite ADD COLUMN moment INTEGER NOT NULL DEFAULT 0;    -- when it was made, by the time of meta.running
        ALTER TABLE invite ADD COLUMN life INTEGER NOT NULL DEFAULT 31622400; -- seconds
        UPDATE invite SET moment = (SELECT running FROM meta);
        -- Whose key it is: one key opens one client's things.
        CREATE INDEX client_by_key ON client (public_key) WHERE revoked_at IS NULL;
        """

    private static let pastOfPlaces = """
        -- What left a place, by that place: with what is there now, all that ever was there. Deletions and moves alone pay for them.
        CREATE INDEX history_deleted_at ON history (parent, name) WHERE deleted = 1;
        CREATE INDEX history_moved_from ON history (from_parent, from_name) WHERE from_parent IS NOT NULL;
        """
}
