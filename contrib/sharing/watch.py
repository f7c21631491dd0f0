"""What a folder shows its user, all the time: every content that is ever seen under any name of it."""
import contextlib
import ctypes
import hashlib
import os
import select
import stat
import struct
import threading
import time

_libc = ctypes.CDLL(None, use_errno=True)
_MODIFY, _CLOSE_WRITE, _MOVED, _CREATE, _DELETE = 0x2, 0x8, 0xC0, 0x100, 0x200
_EVENTS = _MODIFY | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE
_DIRECTORY, _OVERFLOW = 0x40000000, 0x4000
_HEAD = struct.Struct("iIII")
DIRECTORY = "directory"


class Missing(Exception):
    """What was waited for did not come."""


def digest_of(path):
    """SHA-256 of a regular file and its status; None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        found = hashlib.sha256()
        while block := file.read(1 << 20):
            found.update(block)
        return found.hexdigest(), status


class Watch:
    """Reads each file of a folder whenever the kernel says that something happened to it. `on_seen(path, digest, size)` is
    called for each content that is new at its name."""

    def __init__(self, folder, on_seen):
        self.folder, self.on_seen = os.fspath(folder), on_seen
        self.changed = threading.Condition()
        # Path below the folder -> digest, or DIRECTORY; and what the file is, so that it is not read twice.
        self.now, self.statuses, self.places = {}, {}, {}
        self.is_over = False
        self.error = None
        self.descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self.look_at_all()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def close(self):
        self.is_over = True
        self.thread.join()
        os.close(self.descriptor)

    # What happens

    def follow(self):
        try:
            while not self.is_over:
                if not select.select([self.descriptor], [], [], 0.2)[0]:
                    continue
                names, everything = self.take_events()
                if everything:
                    self.look_at_all()
                for path in names:
                    self.look_at(path)
        except Exception as error:  # Whoever waits is told.
            with self.changed:
                self.error = error
                self.changed.notify_all()

    def take_events(self):
        """Names of files that something happened to, and whether all has to be looked at."""
        data = os.read(self.descriptor, 1 << 16)
        names, everything, offset = [], False, 0
        while offset < len(data):
            place, mask, _, length = _HEAD.unpack_from(data, offset)
            offset += _HEAD.size + length
            name = data[offset - length:offset].rstrip(b"\0").decode("utf-8", "surrogateescape")
            if mask & (_DIRECTORY | _OVERFLOW) or place not in self.places:
                everything = True
            elif not name.startswith(".synchub"):
                path = os.path.join(self.places[place], name)
                if path not in names:
                    names.append(path)
        return names, everything

    def look_at_all(self):
        found, ring = set(), [""]
        while ring:
            directory = ring.pop()
            full = os.path.join(self.folder, directory)
            place = _libc.inotify_add_watch(self.descriptor, os.fsencode(full), _EVENTS)
            if place >= 0:
                self.places[place] = directory
            with contextlib.suppress(OSError):
                for entry in os.scandir(full):
                    if entry.name.startswith(".synchub"):
                        continue
                    path = os.path.join(directory, entry.name)
                    found.add(path)
                    if entry.is_dir(follow_symlinks=False):
                        ring.append(path)
                        self.set(path, DIRECTORY)
                    else:
                        self.look_at(path)
        for path in set(self.now) - found:
            self.look_at(path)

    def look_at(self, path):
        full = os.path.join(self.folder, path)
        try:
            status = os.lstat(full)
        except OSError:
            return self.set(path, None)
        if stat.S_ISDIR(status.st_mode):
            return self.set(path, DIRECTORY)
        mark = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if self.statuses.get(path) == mark and self.now.get(path) is not None:
            return
        found = digest_of(full)
        if found is None:
            return self.set(path, None)
        self.statuses[path] = mark
        if self.now.get(path) != found[0]:
            self.on_seen(path, found[0], found[1].st_size)
        self.set(path, found[0])

    def set(self, path, what):
        with self.changed:
            if what is None:
                self.now.pop(path, None)
                self.statuses.pop(path, None)
            else:
                self.now[path] = what
            self.changed.notify_all()

    # What is waited for

    def wait(self, is_so, what, seconds):
        """Until `is_so(now)`, of paths and what they are."""
        end = time.monotonic() + seconds
        with self.changed:
            while not is_so(self.now):
                left = end - time.monotonic()
                if self.error:
                    raise self.error
                if left <= 0:
                    raise Missing(f"not within {seconds} s: {what}")
                self.changed.wait(left)

    def inode(self, path):
        return os.lstat(os.path.join(self.folder, path)).st_ino
