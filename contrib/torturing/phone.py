"""What an SFTP client does in the share, at random."""
import contextlib
import os
import re
import stat

from .trees import walk

# What can be said in a batch without thinking about quotes.
_PLAIN = re.compile(rb"[A-Za-z0-9][A-Za-z0-9 ._/-]*\Z")


class Phone:
    def __init__(self, fleet, random, contents, log):
        self.fleet, self.share, self.random, self.contents, self.log = fleet, fleet.share, random, contents, log
        self.count = 0

    def act(self, step):
        self.step = step
        found = [(path, status) for path, status in walk(self.share) if _PLAIN.match(path)]
        self.files = [path for path, status in found if stat.S_ISREG(status.st_mode)]
        self.directories = [b""] + [path for path, status in found if stat.S_ISDIR(status.st_mode)]
        deed = self.random.choice([
            self.put, self.put, self.put, self.put_over, self.put_by_rename, self.remove, self.rename, self.rename_over,
            self.make_directory, self.chmod, self.link])
        with contextlib.suppress(LookupError):
            deed()

    def some(self, paths):
        if not paths:
            raise LookupError
        return self.random.choice(paths)

    def new_path(self):
        self.count += 1
        name = self.random.choice([b"phone-%d.jpg" % self.count, b"a", b"notes.txt", b"photo.jpg", b"two words"])
        return os.path.join(self.random.choice(self.directories), name)

    def sftp(self, *lines):
        done = self.fleet.sftp(*lines)
        self.log(f"sftp {'; '.join(lines)}: {'done' if done else 'broke off'}")
        return done

    @contextlib.contextmanager
    def losing(self, path):
        """What is done inside overwrites or removes what is there. A handle from before tells what that was, unless the hub
        places something else while sftp logs in."""
        try:
            descriptor = os.open(os.path.join(self.share, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            yield
            self.contents.destroyed_unseen(path, self.step)
            return
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                yield
                return
            data = os.pread(descriptor, status.st_size, 0)
            yield
            status = os.fstat(descriptor)
            if status.st_nlink == 0 or os.pread(descriptor, status.st_size, 0) != data:
                self.contents.destroyed_in_share(data)
            # The hub may have had another there by then, and has no use for the older one if it keeps those bytes already.
            self.contents.destroyed_unseen(path, self.step)
        finally:
            os.close(descriptor)

    def upload(self, path, *more):
        data = self.contents.fresh(self.random, self.random.choice([200, 20_000, 20_000, 3_000_000]))
        draft = self.fleet.root / "phone.out"
        draft.write_bytes(data)
        with self.losing(path):
            if self.sftp(f'put "{draft}" "{path.decode()}"', *more):
                self.contents.closed(data, self.step, "share", path)
            else:
                self.contents.half(data)

    def put(self):
        path = self.new_path()
        if os.path.lexists(os.path.join(self.share, path)):
            raise LookupError
        self.upload(path)

    def put_over(self):
        self.upload(self.some(self.files))

    def put_by_rename(self):
        path = self.new_path()
        draft = path.decode() + ".uploading"
        with self.losing(path):
            self.upload(draft.encode(), f'rename "{draft}" "{path.decode()}"')

    def remove(self):
        path = self.some(self.files)
        with self.losing(path):
            self.sftp(f'rm "{path.decode()}"')

    def rename(self):
        path, target = self.some(self.files + self.directories[1:]), self.new_path()
        if not os.path.lexists(os.path.join(self.share, target)):
            self.sftp(f'rename "{path.decode()}" "{target.decode()}"')

    def rename_over(self):
        path, target = self.some(self.files), self.some(self.files)
        with self.losing(target):
            self.sftp(f'rename "{path.decode()}" "{target.decode()}"')

    def make_directory(self):
        self.sftp(f'mkdir "{self.new_path().decode()}"')

    def chmod(self):
        self.sftp(f'chmod {self.random.choice(["600", "644", "755"])} "{self.some(self.files).decode()}"')

    def link(self):
        self.sftp(f'ln -s "somewhere" "{self.new_path().decode()}"')
