"""Trees on the disk by names that are bytes, and how they differ."""
import os
import stat

from .contents import digest, read


def is_ours(name):
    return name.startswith(b".synchub")


def walk(root):
    """(path below root, status), parents first, sorted by bytes. What vanishes meanwhile is left out."""
    def inside(directory):
        try:
            names = sorted(os.listdir(os.path.join(root, directory) if directory else root))
        except OSError:
            return
        for name in names:
            if is_ours(name):
                continue
            path = os.path.join(directory, name) if directory else name
            try:
                status = os.lstat(os.path.join(root, path))
            except OSError:
                continue
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                yield from inside(path)
    return inside(b"")


def image(root):
    """Everything that has to be the same elsewhere, by path."""
    found = {}
    for path, status in walk(root):
        full, mode = os.path.join(root, path), stat.S_IMODE(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            found[path] = ("directory", oct(mode))
        elif stat.S_ISLNK(status.st_mode):
            found[path] = ("symlink", os.readlink(full), status.st_mtime_ns)
        elif stat.S_ISREG(status.st_mode):
            found[path] = ("file", oct(mode), status.st_mtime_ns, status.st_size, digest(read(full) or b""))
        else:
            found[path] = ("other", oct(status.st_mode))
    return found


def differences(one, two, first, second):
    return [
        f"{path!r}: {one.get(path, 'nothing')} in {first}, {two.get(path, 'nothing')} in {second}"
        for path in sorted(set(one) | set(two)) if one.get(path) != two.get(path)
    ]


def digests(root):
    """What the files below a directory hold, ours included."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            data = read(os.path.join(directory, name))
            if data is not None:
                found[digest(data)] = os.path.join(directory, name)
    return found
