"""What the user of a machine does to files, at random."""
import contextlib
import ctypes
import os
import stat
import time

from .contents import digest, read
from .trees import walk

_libc = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _EXCHANGE = -100, 2

# Few, so that machines meet; and those that programs have broken at.
NAMES = [
    b"a", b"b", b"notes.txt", b"Notes.txt", b"report.txt", b"photo.jpg", b"main.c", b"x.tar.gz", b"two words",
    b" spaces at the ends ", b"-dash", b".hidden", b"new\nline", b"\xff\xfe not UTF-8", "caf\u00e9".encode(),
    "cafe\u0301".encode(), b"quote'\"`$", b"glob*?[a]", b"back\\slash", b"...", b"L" * 251 + b".txt", b"%41", b"con.",
]
MODES = [0o644, 0o600, 0o755, 0o640, 0o664, 0o700]
# Before 1970, after 2038 and 2106, and with nanoseconds.
TIMES = [-14_182_916_123_456_789, 0, 1, 1_700_000_000_987_654_321, 4_102_444_800_000_000_001, 4_294_967_296_000_000_000]


class Machine:
    """One folder and its user. Deeds race with the agent, so any of them may fail half-way; what was closed and what was
    destroyed until then is on record."""

    def __init__(self, name, folder, aside, random, contents, log):
        self.name, self.folder, self.aside = name, folder, aside
        self.random, self.contents, self.log = random, contents, log
        self.others = []
        self.step = 0
        self.serial = 0
        os.makedirs(aside, exist_ok=True)

    # Paths

    def full(self, path):
        return os.path.join(self.folder, path)

    def listing(self):
        files, directories, links = [], [b""], []
        for path, status in walk(self.folder):
            kind = stat.S_IFMT(status.st_mode)
            (files if kind == stat.S_IFREG else directories if kind == stat.S_IFDIR else links).append(path)
        self.files, self.directories, self.links = files, directories, links

    def some(self, paths):
        if not paths:
            raise LookupError
        return self.random.choice(paths)

    def new_path(self, directory=None):
        directory = self.random.choice(self.directories) if directory is None else directory
        if directory.count(b"/") > 5:
            directory = b""
        if self.random.random() < 0.4:
            self.serial += 1
            name = b"%s-%d.txt" % (self.name.encode(), self.serial)
        else:
            name = self.random.choice(NAMES)
        return os.path.join(directory, name)

    def size(self):
        kind = self.random.random()
        if kind < 0.03:
            return self.random.randrange(1 << 20, 6 << 20)
        return self.random.randrange(30, 300) if kind < 0.6 else self.random.randrange(300, 200_000)

    # Steps, each with its record

    def closed(self, data, path):
        self.contents.closed(data, self.step, self.name, path)

    def destroyed(self, data, path):
        self.contents.destroyed(data, [os.path.join(root, path) for root in self.others])

    @contextlib.contextmanager
    def losing(self, path):
        """What is done inside takes the name from whatever is there. A handle from before tells what that was."""
        try:
            descriptor = os.open(self.full(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            yield
            return
        try:
            yield
            status = os.fstat(descriptor)
            # Still named: the agent had put something else there in between, and that is what was lost here.
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                self.destroyed(os.pread(descriptor, status.st_size, 0), path)
        finally:
            os.close(descriptor)

    def write_new(self, path, data, pieces=1):
        """Fails if the name is taken: nothing is destroyed."""
        descriptor = os.open(self.full(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for piece in range(pieces):
                file.write(data[len(data) * piece // pieces:len(data) * (piece + 1) // pieces])
                if pieces > 1:
                    time.sleep(self.random.random() * 0.1)
        self.closed(data, path)

    def in_place(self, path, change):
        """Opens a file, and writes what `change` makes of it: a list of (offset, bytes), and the size in the end."""
        descriptor = os.open(self.full(path), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            status = os.fstat(descriptor)
            old = file.read()
            writes, size = change(old)
            # A file whose name was taken from it before it was opened is nobody's any more.
            self.destroyed(old, path)
            for offset, data in writes:
                file.seek(offset)
                file.write(data)
                if self.random.random() < 0.1:
                    time.sleep(self.random.random() * 0.3)
            if size != len(old):
                file.truncate(size)
            file.seek(0)
            new = file.read()
        self.closed(new, path)
        return status, len(old), len(new)

    def unlink(self, path):
        with self.losing(path):
            os.unlink(self.full(path))

    def move(self, source, target):
        with self.losing(target):
            os.rename(self.full(source), self.full(target))
        self.contents.moved(source, target)

    def put_aside(self, path):
        """Out of the folder in one step, with all that is in it."""
        self.serial += 1
        aside = os.path.join(self.aside, b"%d" % self.serial)
        os.rename(self.full(path), aside)
        found = [(b"", os.lstat(aside)), *walk(aside)] if not os.path.islink(aside) else []
        for below, status in found:
            if stat.S_ISREG(status.st_mode):
                self.destroyed(read(os.path.join(aside, below) if below else aside) or b"",
                               os.path.join(path, below) if below else path)

    # Deeds

    def create(self):
        path = self.new_path()
        self.log(f"create {path!r}")
        self.write_new(path, self.contents.fresh(self.random, self.size()), self.random.choice([1, 1, 1, 3]))

    def create_dated(self):
        path, at = self.new_path(), self.random.choice(TIMES)
        self.log(f"create {path!r} of {at}")
        self.write_new(path, self.contents.fresh(self.random, 100))
        os.utime(self.full(path), ns=(at, at))

    def create_large(self):
        path, size = self.new_path(), self.random.randrange(1 << 20, 9 << 20)
        self.log(f"create {path!r} of {size} bytes")
        self.write_new(path, self.contents.fresh(self.random, size), 3)

    def create_many(self):
        directory, count = self.new_path(), self.random.randrange(20, 120)
        self.log(f"mkdir {directory!r} with {count} files")
        os.mkdir(self.full(directory))
        for number in range(count):
            self.write_new(os.path.join(directory, b"%d" % number), self.contents.fresh(self.random, 60))

    def copy(self):
        path, target = self.some(self.files), self.new_path()
        data = read(self.full(path))
        self.log(f"cp {path!r} {target!r}")
        if data is not None:
            self.write_new(target, data)

    def overwrite(self):
        path = self.some(self.files)
        data = self.contents.fresh(self.random, self.size())
        self.log(f"overwrite in place {path!r}: {digest(data)[:8]}")
        self.in_place(path, lambda old: ([(0, data)], len(data)))

    def edit_in_place(self):
        path = self.some(self.files)
        self.log(f"edit in place {path!r}")

        def change(old):
            piece = self.contents.fresh(self.random, 50)
            offset = self.random.randrange(len(old) + 1)
            return [(0, self.contents.fresh(self.random, 30)), (offset, piece)], max(len(old), offset + len(piece), 60)
        self.in_place(path, change)

    def append(self):
        path = self.some(self.files)
        self.log(f"append {path!r}")
        self.in_place(path, lambda old: (
            [(len(old), data := self.contents.fresh(self.random, self.random.choice([50, 5_000])))], len(old) + len(data)))

    def truncate(self):
        path = self.some(self.files)
        self.log(f"truncate {path!r}")
        self.in_place(path, lambda old: ([], self.random.choice([0, len(old) // 2, max(len(old) - 1, 0)])))

    def edit_secretly(self):
        """The same size and the same mtime."""
        path = self.some(self.files)
        self.log(f"edit with the same size and mtime {path!r}")
        label = self.contents.fresh(self.random, 0)
        status, before, after = self.in_place(path, lambda old: ([(0, label[:len(old)])], len(old)))
        os.utime(self.full(path), ns=(status.st_atime_ns, status.st_mtime_ns))

    def delete(self):
        path = self.some(self.files)
        self.log(f"rm {path!r}")
        self.unlink(path)

    def delete_tree(self):
        path = self.some(self.directories[1:])
        self.log(f"rm -r {path!r}")
        self.remove_tree(path)

    def remove_tree(self, path):
        for name in sorted(os.listdir(self.full(path))):
            below = os.path.join(path, name)
            if stat.S_ISDIR(os.lstat(self.full(below)).st_mode):
                self.remove_tree(below)
            else:
                self.unlink(below)
        os.rmdir(self.full(path))

    def take_out(self):
        path = self.some(self.files + self.directories[1:])
        self.log(f"move out {path!r}")
        self.put_aside(path)

    def recreate(self):
        path = self.some(self.files)
        self.log(f"rm and create {path!r}")
        self.unlink(path)
        if self.random.random() < 0.5:
            time.sleep(self.random.random() * 0.4)
        self.write_new(path, self.contents.fresh(self.random, self.size()))

    def rename(self):
        path, target = self.some(self.files + self.directories[1:] + self.links), self.new_path()
        if os.path.lexists(self.full(target)):
            raise LookupError
        self.log(f"mv {path!r} {target!r}")
        self.move(path, target)

    def rename_over(self):
        path, target = self.some(self.files), self.some(self.files)
        self.log(f"mv over {path!r} {target!r}")
        if path != target:
            self.move(path, target)

    def rename_case(self):
        path = self.some(self.files + self.directories[1:])
        directory, name = os.path.split(path)
        self.log(f"swap case of {path!r}")
        target = os.path.join(directory, name.swapcase())
        if target != path and not os.path.lexists(self.full(target)):
            self.move(path, target)

    def move_into_moved(self):
        path, file, target = self.some(self.directories[1:]), self.some(self.files), self.new_path()
        if os.path.lexists(self.full(target)):
            raise LookupError
        self.log(f"mv {path!r} {target!r}, then {file!r} into it")
        self.move(path, target)
        if not file.startswith(path + b"/"):
            self.move(file, os.path.join(target, os.path.basename(file)))

    def swap(self):
        one, two = self.some(self.files + self.directories[1:]), self.some(self.files)
        self.log(f"swap {one!r} {two!r}")
        if one == two or two.startswith(one + b"/"):
            return
        if self.random.random() < 0.5:
            if _libc.renameat2(_AT_FDCWD, self.full(one), _AT_FDCWD, self.full(two), _EXCHANGE):
                raise OSError(ctypes.get_errno(), "renameat2")
            self.contents.moved(one, two)
            self.contents.moved(two, one)
            return
        between = self.full(two + b".between"[:255 - len(os.path.basename(two))])
        if os.path.lexists(between):
            return
        os.rename(self.full(one), between)
        try:
            os.rename(self.full(two), self.full(one))
        finally:
            with self.losing(two):
                os.rename(between, self.full(two))
            self.contents.moved(one, two)
            self.contents.moved(two, one)

    def directory_to_file(self):
        path = self.some(self.directories[1:])
        self.log(f"file instead of directory {path!r}")
        self.put_aside(path)
        self.write_new(path, self.contents.fresh(self.random, self.size()))

    def file_to_directory(self):
        path = self.some(self.files)
        self.log(f"directory instead of file {path!r}")
        self.unlink(path)
        os.mkdir(self.full(path))
        self.write_new(os.path.join(path, b"inside"), self.contents.fresh(self.random, 100))

    def make_directory(self):
        path = self.new_path()
        self.log(f"mkdir {path!r}")
        os.mkdir(self.full(path))

    def link(self):
        path, target = self.new_path(), self.some(self.files + [b"nowhere", b"/etc", b"..", b"\xff"])
        self.log(f"ln -s {target!r} {path!r}")
        os.symlink(target, self.full(path))

    def relink(self):
        path = self.some(self.links)
        self.log(f"change link {path!r}")
        os.unlink(self.full(path))
        os.symlink(b"elsewhere %d" % self.random.randrange(1000), self.full(path))

    def chmod(self):
        path, mode = self.some(self.files + self.directories[1:]), self.random.choice(MODES)
        directory = path in self.directories
        self.log(f"chmod {mode:o} {path!r}")
        os.chmod(self.full(path), mode | 0o700 if directory else mode)

    def touch(self):
        path, at = self.some(self.files), self.random.choice(TIMES)
        self.log(f"touch {path!r} {at}")
        os.utime(self.full(path), ns=(at, at), follow_symlinks=False)

    def save_by_rename(self):
        """As most programs save."""
        path = self.some(self.files)
        self.log(f"save by rename {path!r}")
        self.serial += 1
        draft = os.path.join(os.path.dirname(path), b".save-%d" % self.serial)
        self.write_new(draft, self.contents.fresh(self.random, self.size()))
        self.move(draft, path)

    def save_with_backup(self):
        """As vim saves with a backup: the old file gets another name, the new one is written, the old one goes."""
        path = self.some(self.files)
        self.log(f"save with a backup {path!r}")
        self.serial += 1
        backup = os.path.join(os.path.dirname(path), b"backup-%d~" % self.serial)
        self.move(path, backup)
        self.write_new(path, self.contents.fresh(self.random, self.size()))
        self.unlink(backup)

    def save_with_link(self):
        """As Emacs may save: the old file keeps a second name for a while."""
        path = self.some(self.files)
        self.log(f"save with a linked backup {path!r}")
        self.serial += 1
        directory = os.path.dirname(path)
        backup, draft = (os.path.join(directory, b"%s-%d~" % (kind, self.serial)) for kind in (b"backup", b".draft"))
        os.link(self.full(path), self.full(backup))
        self.write_new(draft, self.contents.fresh(self.random, self.size()))
        self.move(draft, path)
        self.unlink(backup)

    WEIGHTS = {
        create: 14, create_dated: 2, create_large: 1, create_many: 1, copy: 2, overwrite: 6, edit_in_place: 8, append: 8,
        truncate: 3, edit_secretly: 4, delete: 7, delete_tree: 1, take_out: 2, recreate: 4, rename: 10, rename_over: 4,
        rename_case: 2, move_into_moved: 3, swap: 4, directory_to_file: 1, file_to_directory: 1, make_directory: 4,
        link: 2, relink: 1, chmod: 4, touch: 2, save_by_rename: 6, save_with_backup: 4, save_with_link: 2,
    }

    def act(self, step):
        self.step = step
        self.listing()
        if len(self.files) > 500:
            deeds = {Machine.delete: 3, Machine.delete_tree: 3, Machine.take_out: 3}
        else:
            deeds = self.WEIGHTS
        deed = self.random.choices(list(deeds), list(deeds.values()))[0]
        try:
            deed(self)
        except LookupError:
            pass
        except OSError as error:
            # Names come and go by the agent's hand, too.
            self.log(f"  {deed.__name__}: {error.strerror}")
