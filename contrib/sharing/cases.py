"""What each client is asked to do, and what has to come of it at the agent. One function for each case; a trial is one client
in a directory of its own."""
import hashlib
import os
import pathlib
import random
import shutil
import threading
import time

from .clients import Failed, has_fuse
from .watch import DIRECTORY, Missing

class Wrong(Exception):
    """A case went otherwise than it has to."""


class Trial:
    def __init__(self, ground, kind, door, root):
        self.ground, self.kind, self.root = ground, kind, pathlib.Path(root)
        self.door, self.directory = door, kind.name
        self.client = kind(door(ground.fleet.port), self.root / "steady")
        self.wire = ground.wire()
        self.random = random.Random(kind.name)
        self.count = 0
        self.notes = []

    def shaky(self):
        """The same client by a way that breaks."""
        return self.kind(self.door(self.wire.port), self.root / "shaky")

    def begin(self):
        self.client.mkdir(self.directory)
        self.arrives("", DIRECTORY)

    def close(self):
        self.client.close()

    def at(self, path):
        return f"{self.directory}/{path}" if path else self.directory

    def fresh(self, size, *paths):
        """A local file of new bytes, which may be seen whole at these paths."""
        self.count += 1
        local = self.root / f"local-{self.count}"
        self.allow(fill(local, size, self.random), *paths)
        return local

    def allow(self, digest, *paths):
        self.ground.wholes.allow(digest, *map(self.at, paths))

    def put(self, size, path, *other_paths):
        """Returns the file that was put."""
        local = self.fresh(size, path, *other_paths)
        self.client.put(local, self.at(path))
        return local

    def arrives(self, path, what, **options):
        self.ground.arrives(self.at(path), what if what is DIRECTORY else digest(what), **options)

    def goes(self, path):
        self.ground.goes(self.at(path))

    def is_here(self, path):
        return self.at(path) in self.ground.watch.now

    def fence(self, name):
        """What was done before this has been noticed, as this comes by the same way."""
        self.arrives(name, self.put(2_000, name))

    def tree(self, *paths):
        """A local directory with files of several sizes, allowed at the paths, and what the files are called."""
        self.count += 1
        local = self.root / f"tree-{self.count}"
        names = ["a.txt", "b.jpg", "sub/c.bin", "sub/deep/two words.dat", "other/d"]
        for number, name in enumerate(names):
            (local / name).parent.mkdir(parents=True, exist_ok=True)
            found = fill(local / name, [10, 70_000, 300_000, 1, 4096][number], self.random)
            self.allow(found, *(f"{path}/{name}" for path in paths))
        (local / "empty").mkdir()
        return local, names

    def tree_arrives(self, local, names, path):
        for name in names:
            self.arrives(f"{path}/{name}", local / name)


def fill(path, size, source):
    """Random bytes; returns their digest."""
    found, left = hashlib.sha256(), size
    with open(path, "wb", buffering=0) as file:
        while left > 0:
            block = source.randbytes(min(left, 4 << 20))
            found.update(block)
            file.write(block)
            left -= len(block)
    return found.hexdigest()


def digest(path):
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# The cases


def put(trial):
    files = {name: trial.fresh(size, name) for size, name in [(1_500_000, "photo.jpg"), (1, "one byte"), (0, "nothing.txt")]}
    trial.client.put_all([(local, trial.at(name)) for name, local in files.items()])
    for name, local in files.items():
        trial.arrives(name, local)


def overwrite(trial):
    for size in (400_000, 900_000, 5_000):
        trial.arrives("over.bin", trial.put(size, "over.bin"))


def twice(trial):
    """In a row: whoever looks sees the first or the second, and the second in the end."""
    trial.put(600_000, "twice.bin")
    trial.arrives("twice.bin", trial.put(500_000, "twice.bin"))


def rename(trial):
    first = trial.put(300_000, "old name", "new name", "target")
    trial.arrives("old name", first)
    inode = trial.ground.watch.inode(trial.at("old name"))
    trial.client.rename(trial.at("old name"), trial.at("new name"))
    trial.arrives("new name", first)
    trial.goes("old name")
    if trial.ground.watch.inode(trial.at("new name")) != inode:
        raise Wrong("the agent was sent another file instead of a new name")
    trial.arrives("target", trial.put(200_000, "target"))
    trial.client.replace(trial.at("new name"), trial.at("target"))
    trial.arrives("target", first)
    trial.goes("new name")


def directories(trial):
    trial.client.mkdir(trial.at("made"))
    trial.arrives("made", DIRECTORY)
    local, names = trial.tree("tree", "moved")
    trial.client.put_tree(local, trial.at("tree"))
    trial.tree_arrives(local, names, "tree")
    trial.arrives("tree/empty", DIRECTORY)
    inode = trial.ground.watch.inode(trial.at("tree/sub"))
    trial.client.rename(trial.at("tree"), trial.at("moved"))
    trial.tree_arrives(local, names, "moved")
    trial.goes("tree")
    if trial.ground.watch.inode(trial.at("moved/sub")) != inode:
        raise Wrong("the agent was sent another directory instead of a new name")
    trial.client.remove_tree(trial.at("moved"), local)
    trial.goes("moved")


def pieces(trial):
    """Under the name of a piece, for as long as it likes, then renamed; the last time onto what is there."""
    forms = [(form.format(f"film-{number}.mkv"), f"film-{number}.mkv") for number, form in enumerate(trial.client.pieces)]
    locals = {final: trial.fresh(150_000, final) for _, final in forms}
    trial.client.put_all([(locals[final], trial.at(piece)) for piece, final in forms])
    trial.fence("pieces are there")
    for piece, _ in forms:
        if trial.is_here(piece):
            raise Wrong(f"the agent has {piece}")
    trial.client.rename_all([(trial.at(piece), trial.at(final)) for piece, final in forms])
    for final, local in locals.items():
        trial.arrives(final, local)
    newer = trial.fresh(160_000, "film-0.mkv")
    trial.client.put(newer, trial.at("film-0.mkv.filepart"))
    trial.client.replace(trial.at("film-0.mkv.filepart"), trial.at("film-0.mkv"))
    trial.arrives("film-0.mkv", newer)


def get_while_changing(trial):
    """The file becomes another one in the middle of a get: the client has the old one or the new one, whole."""
    path, seen = "changing.bin", []
    old = trial.put(1_500_000, path)
    trial.arrives(path, old)
    there = trial.ground.share / trial.at(path)
    for size in (1_500_000, 700_000, 2_400_000):
        new = trial.fresh(size, path)
        inode = os.lstat(there).st_ino

        def change():
            trial.ground.write(trial.at(path), new.read_bytes())
            until(lambda: os.lstat(there).st_ino != inode, "the agent's change is in the share")

        client = trial.shaky()
        got = trial.root / "got"
        got.unlink(missing_ok=True)
        # Logging in takes some 10 kB; then it is in the middle of the file.
        trial.wire.hold_at(down=400_000)
        result = in_background(lambda: client.get(trial.at(path), got))
        try:
            if not trial.wire.held.wait(60):
                raise Wrong("the get has ended before its middle, or did not come there")
            change()
        finally:
            trial.wire.let_go()
        error = result()
        client.close()
        if error is not None:
            raise error
        seen.append("old" if digest(got) == digest(old) else "new" if digest(got) == digest(new) else "a mix")
        if seen[-1] == "a mix":
            raise Wrong(f"a get of {got.stat().st_size} bytes is neither the old file nor the new one")
        is_new(trial, path, got, old, new)
        old = new
    trial.notes.append(f"get in a change: {', '.join(seen)}")


def is_new(trial, path, got, old, new):
    """A client may remember the old file for a while; never parts of it."""
    def get():
        trial.client.get(trial.at(path), got)
        if digest(got) == digest(new):
            return True
        if digest(got) != digest(old):
            whose = "new" if new.read_bytes().startswith(got.read_bytes()) else "neither"
            raise Wrong(f"a get after the change has {got.stat().st_size} bytes ({whose}), not the whole file")
        return False
    until(get, "a get after the change is the new file")


def broken(trial):
    """The line is lost in the middle of an upload, once over a file and once to a new name, and the client goes on later."""
    before = trial.put(800_000, "broken over.bin")
    trial.arrives("broken over.bin", before)
    for path in ("broken over.bin", "broken new.bin"):
        whole = trial.fresh(4_000_000, path)
        break_off(trial, path, lambda client: client.put(whole, trial.at(path)))
        trial.ground.waits_with_reason(trial.at(path), "broke off")
        trial.fence(f"after {path}")
        if path == "broken over.bin":
            trial.arrives(path, before)
        elif trial.is_here(path):
            raise Wrong(f"the agent has a piece of {path}")
        trial.client.resume(whole, trial.at(path))
        trial.arrives(path, whole)


def break_off(trial, path, upload):
    """The line is lost when a good part of the file is in the share."""
    client = trial.shaky()
    there = trial.ground.share / trial.at(path)
    trial.wire.hold_at(up=2_000_000)
    result = in_background(lambda: upload(client))
    try:
        if not trial.wire.held.wait(60):
            raise Wrong(f"the upload does not come to its middle: {result()}")
        until(lambda: there.exists() and there.stat().st_size > 1_000_000, f"the middle of {path} is in the share")
        trial.wire.lose()
        error = result()
    finally:
        trial.wire.let_go()
        client.close()
    if error is None:
        raise Wrong("the client says that it went through although its line was lost")
    if not isinstance(error, Failed):
        raise error


def silent(trial):
    """The line is lost without anybody hearing it: the client goes on by another one while its first session is still there, and
    that ends later, with its file open. What was finished meanwhile is whole."""
    whole = trial.fresh(4_000_000, "silent.bin")
    there = trial.ground.share / trial.at("silent.bin")
    client = trial.shaky()
    trial.wire.hold_at(up=2_000_000)
    result = in_background(lambda: client.put(whole, trial.at("silent.bin")))
    try:
        if not trial.wire.held.wait(60):
            raise Wrong(f"the upload does not come to its middle: {result()}")
        until(lambda: there.exists() and there.stat().st_size > 1_000_000, "the middle of it is in the share")
        trial.client.resume(whole, trial.at("silent.bin"))
        trial.wire.lose()
        result()
    finally:
        trial.wire.let_go()
        client.close()
    trial.arrives("silent.bin", whole)


def large(size):
    def of_size(trial):
        began = time.monotonic()
        local = trial.put(size, "large.bin")
        sent = time.monotonic()
        trial.arrives("large.bin", local, seconds=60 + size / 2e6)
        arrived = time.monotonic()
        if size > 1 << 30:
            trial.notes.append(
                f"{size >> 20} MiB: put in {sent - began:.0f} s, at the agent {arrived - sent:.0f} s later")
        got = trial.root / "large.got"
        trial.client.get(trial.at("large.bin"), got)
        if digest(got) != digest(local):
            raise Wrong("what was got is not what was put")
        got.unlink()
        local.unlink()
    of_size.__name__ = "large"
    return of_size


# What one client does and the others do not


def own(trial):
    OWN[trial.kind.name](trial)


def own_sftp(trial):
    """Times and modes by setstat, and a link."""
    local = trial.fresh(90_000, "kept")
    os.chmod(local, 0o640)
    os.utime(local, (1_000_000_000, 1_000_000_000))
    trial.client.batch(f'put -p "{local}" "{trial.at("kept")}"')
    trial.arrives("kept", local)
    has_times(trial, "kept", 1_000_000_000, 0o640)
    trial.client.batch(f'chmod 600 "{trial.at("kept")}"')
    has_times(trial, "kept", 1_000_000_000, 0o600)


def own_lftp(trial):
    """mirror -R broken in the middle and gone on with, once more with less, and by its own name for pieces."""
    local, names = trial.tree("mirror")
    big = local / "sub" / "big.bin"
    trial.allow(fill(big, 4_000_000, trial.random), "mirror/sub/big.bin")
    break_off(trial, "mirror/sub/big.bin", lambda client: client.put_tree(local, trial.at("mirror")))
    trial.fence("after the mirror")
    trial.client.resume_tree(local, trial.at("mirror"))
    trial.tree_arrives(local, [*names, "sub/big.bin"], "mirror")
    os.utime(local / "a.txt", (1_200_000_000, 1_200_000_000))
    trial.allow(fill(local / "b.jpg", 80_000, trial.random), "mirror/b.jpg")
    shutil.rmtree(local / "other")
    trial.client.command(f'mirror -R -e "{local}" "{trial.at("mirror")}"')
    trial.arrives("mirror/b.jpg", local / "b.jpg")
    trial.goes("mirror/other")
    whole = trial.fresh(300_000, "by piece.bin")
    trial.client.put_as_piece(whole, trial.at("by piece.bin"))
    trial.arrives("by piece.bin", whole)


def own_rclone(trial):
    """sync: what is new comes, what is gone goes, what is equal stays; and a mount, if there can be one."""
    local, names = trial.tree("sync")
    trial.client.sync(local, trial.at("sync"))
    trial.tree_arrives(local, names, "sync")
    inode = trial.ground.watch.inode(trial.at("sync/b.jpg"))
    (local / "a.txt").unlink()
    trial.allow(fill(local / "sub" / "c.bin", 200_000, trial.random), "sync/sub/c.bin")
    trial.allow(fill(local / "new.bin", 5_000, trial.random), "sync/new.bin")
    trial.client.sync(local, trial.at("sync"))
    trial.arrives("sync/sub/c.bin", local / "sub" / "c.bin")
    trial.arrives("sync/new.bin", local / "new.bin")
    trial.goes("sync/a.txt")
    if trial.ground.watch.inode(trial.at("sync/b.jpg")) != inode:
        raise Wrong("what did not change was sent again")
    os.utime(local / "b.jpg", (1_100_000_000, 1_100_000_000))
    trial.client.sync(local, trial.at("sync"))
    has_times(trial, "sync/b.jpg", 1_100_000_000)
    if not has_fuse():
        trial.notes.append("no /dev/fuse: rclone mount left out")
        return
    mounted = trial.client.mount()
    try:
        editor_saves(trial, mounted.path, "mounted")
    finally:
        mounted.close()


def own_sshfs(trial):
    editor_saves(trial, trial.client.root, "edited")
    path = trial.client.root / trial.at("edited.txt")
    os.utime(path, (1_300_000_000, 1_300_000_000))
    os.chmod(path, 0o600)
    has_times(trial, "edited.txt", 1_300_000_000, 0o600)
    shorter = trial.fresh(0, "edited.txt")
    data = path.read_bytes()[:1_000]
    shorter.write_bytes(data)
    trial.allow(digest(shorter), "edited.txt")
    os.truncate(path, 1_000)
    trial.arrives("edited.txt", shorter)


def own_paramiko(trial):
    """Appends, writes in the middle, and says times and modes by handle and by name."""
    path, whole = "appended.log", trial.put(100_000, "appended.log")
    trial.arrives(path, whole)
    data = bytearray(whole.read_bytes())
    for offset, more in ((100_000, trial.random.randbytes(5_000)), (50_000, trial.random.randbytes(300))):
        data[offset:offset + len(more)] = more
        whole.write_bytes(data)
        trial.allow(digest(whole), path)
        with trial.client.sftp.open(trial.at(path), "r+b") as file:
            file.seek(offset)
            file.write(more)
        trial.arrives(path, whole)
    with trial.client.sftp.open(trial.at(path), "r+b") as file:
        file.chmod(0o640)
        file.utime((1_400_000_000, 1_400_000_000))
    has_times(trial, path, 1_400_000_000, 0o640)


OWN = {"sftp": own_sftp, "lftp": own_lftp, "rclone": own_rclone, "sshfs": own_sshfs, "paramiko": own_paramiko}


def editor_saves(trial, mounted, name):
    """As editors do it: in place; by a new file that takes the name; by moving the old one aside first."""
    path = trial.at(f"{name}.txt")
    first = trial.fresh(9_000, f"{name}.txt")
    (mounted / path).write_bytes(first.read_bytes())
    trial.arrives(f"{name}.txt", first)
    second = trial.fresh(9_500, f"{name}.txt")
    with open(mounted / path, "wb") as file:
        file.write(second.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    trial.arrives(f"{name}.txt", second)
    third = trial.fresh(9_700, f"{name}.txt")
    draft = mounted / trial.at(f".goutputstream-{name}")
    draft.write_bytes(third.read_bytes())
    os.rename(draft, mounted / path)
    trial.arrives(f"{name}.txt", third)
    fourth = trial.fresh(9_900, f"{name}.txt")
    aside = mounted / trial.at(f"{name}.txt~")
    os.rename(mounted / path, aside)
    (mounted / path).write_bytes(fourth.read_bytes())
    os.unlink(aside)
    trial.arrives(f"{name}.txt", fourth)


def has_times(trial, path, mtime, mode=None):
    there = trial.ground.folder / trial.at(path)

    def is_so():
        try:
            status = os.lstat(there)
        except OSError:
            return False
        return status.st_mtime == mtime and (mode is None or status.st_mode & 0o7777 == mode)
    until(is_so, f"{path} with the time and mode that were set")


def until(is_so, what, seconds=60):
    """For what no event tells."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise Wrong(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def in_background(act):
    """Returns a function that waits for it and gives its error, or None."""
    errors = []

    def body():
        try:
            act()
        except Exception as error:
            errors.append(error)
    thread = threading.Thread(target=body, daemon=True)
    thread.start()

    def result():
        thread.join(180)
        if thread.is_alive():
            return Wrong("it does not end")
        return errors[0] if errors else None
    return result


CASES = [put, overwrite, twice, rename, directories, pieces, get_while_changing, broken, silent, own]
