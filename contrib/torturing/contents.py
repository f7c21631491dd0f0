"""Every content that was ever whole somewhere, and which of them have to be reachable in the end."""
import hashlib
import os
import stat

OWN_HAND, IN_SHARE = "overwritten or removed by its own user", "overwritten or removed in the share"


def digest(data):
    return hashlib.sha256(data).hexdigest()


def read(path):
    """The bytes of a regular file; None if there is none. Never follows a symlink, never waits for a FIFO."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


class Content:
    def __init__(self, label, data, step, who, path):
        self.label, self.size, self.step, self.who, self.path = label, len(data), step, who, path
        # Where it has been, as far as moves are known: a draft that is saved by a rename is soon at another name.
        self.paths = {path}
        # Somebody else was seen to have it, or a wait said so: from there on nothing that a machine does may lose it.
        self.established = False
        # Why it may be gone; None while it has to be reachable.
        self.gone = None

    def __str__(self):
        return f"{self.label} ({self.size} bytes, whole at {self.who}:{self.path!r} in step {self.step})"


class Contents:
    """The promise covers what was whole on a client or closed in the share. What its own user overwrote on the same machine
    before it could be sent is that user's doing: counted apart, unless the content was known elsewhere by then."""

    def __init__(self, seed):
        self.seed = seed
        self.known = {}
        self.broken = []
        self.count = 0

    def fresh(self, random, size):
        """Bytes that no other content has; beginning with a label by which a person finds them again."""
        self.count += 1
        label = f"content {self.count} of seed {self.seed}\n".encode()
        return (label + random.randbytes(max(size - len(label), 0)))

    def closed(self, data, step, who, path):
        """A writer has closed it: from now on it counts."""
        if not data:
            return
        key = digest(data)
        content = self.known.get(key)
        if content is None:
            content = self.known[key] = Content(f"#{len(self.known) + 1}", data, step, who, path)
        elif content.gone:
            content.gone, content.established = None, False
            content.step, content.who, content.path = step, who, path
        content.paths.add(path)

    def moved(self, source, target):
        """A machine has given something another name, with all that is in it."""
        for content in self.known.values():
            for path in list(content.paths):
                if path == source or path.startswith(source + b"/"):
                    content.paths.add(target + path[len(source):])

    def destroyed(self, data, elsewhere):
        """Its user has overwritten or removed it. `elsewhere`: paths where it would be, had it been sent."""
        content = self.known.get(digest(data)) if data else None
        if content is None or content.established or content.gone:
            return
        for path in elsewhere:
            if seems(path, len(data)) and read(path) == data:
                content.established = True
                return
        content.gone = OWN_HAND

    def destroyed_in_share(self, data):
        """An SFTP client has overwritten or removed it in the share, by itself."""
        content = self.known.get(digest(data)) if data else None
        if content is not None:
            content.gone = content.gone or IN_SHARE

    def destroyed_unseen(self, path, step):
        """An SFTP client has overwritten or removed what the hub had just put at a path: something that was made there
        lately."""
        for content in self.known.values():
            if path in content.paths and step - 200 <= content.step < step:
                content.gone = content.gone or IN_SHARE

    def establish(self, keys):
        for key in keys:
            if key in self.known and not self.known[key].gone:
                self.known[key].established = True

    def half(self, data):
        """An upload that may have stopped anywhere."""
        self.broken.append(data)

    def explains(self, data):
        """Whether somebody ever wrote these bytes as they are. A broken upload may have left any beginning of itself."""
        return not data or digest(data) in self.known or any(whole.startswith(data) for whole in self.broken)

    def missing(self, reachable):
        return [content for key, content in self.known.items() if not content.gone and key not in reachable]

    def figures(self, reachable):
        gone = [(content.gone, key in reachable) for key, content in self.known.items() if content.gone]
        return {
            "contents": len(self.known),
            "had_to_be_reachable": len(self.known) - len(gone),
            "lost_by_own_hand": gone.count((OWN_HAND, False)),
            "removed_in_share": sum(why == IN_SHARE for why, _ in gone),
            "removed_in_share_and_lost": gone.count((IN_SHARE, False)),
        }


def seems(path, size):
    try:
        return os.lstat(path).st_size == size
    except OSError:
        return False
