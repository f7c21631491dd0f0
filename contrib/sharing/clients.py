"""The clients, each behind the same few words. Paths in the share are relative to it, without a leading slash."""
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import time

from torturing.fleet import dying_with_us

PATIENCE = 120
# Who starts what is to stay: it would be ended with the thread that started it.
_starter = concurrent.futures.ThreadPoolExecutor(1)


class Failed(Exception):
    """The client says that it did not do it."""


def run(*command, input=None, timeout=PATIENCE, environment=None):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            dying_with_us(*command), input=input, capture_output=True, text=True, timeout=timeout,
            env={**os.environ, **(environment or {})})
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end within {timeout} s") from None
    if done.returncode:
        raise Failed(f"{' '.join(command[:3])} …: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


class Client:
    """`door`: where and as whom to log in. `work`: a directory of its own."""

    name, program, packages = "", "", ()
    # What a mount needs.
    needs_fuse = False
    # What apps call a file that they have not sent to its end. FolderSync's, and Firefox's, KDE's, WinSCP's and so on.
    pieces = (
        "{}.filepart", "{}.part", "{}.partial", "{}.crdownload", "{}~", "{}.5ae3f0c1.partial", ".in.{}.", "{}.tacitpart")

    def __init__(self, door, work):
        self.door, self.work = door, pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)

    @classmethod
    def is_here(cls):
        return shutil.which(cls.program) is not None

    def close(self):
        pass

    def put(self, local, remote):
        raise NotImplementedError

    def resume(self, local, remote):
        """Goes on with an upload that broke off, as this client does it: some begin again."""
        self.put(local, remote)

    def get(self, remote, local):
        raise NotImplementedError

    def put_all(self, pairs):
        """Of (local, remote)."""
        for local, remote in pairs:
            self.put(local, remote)

    def rename(self, old, new):
        raise NotImplementedError

    def rename_all(self, pairs):
        for old, new in pairs:
            self.rename(old, new)

    def replace(self, old, new):
        """A rename onto another file."""
        self.rename(old, new)

    def mkdir(self, path):
        raise NotImplementedError

    def put_tree(self, local, remote):
        raise NotImplementedError

    def remove_tree(self, remote, local):
        """`local` is a directory that looks alike: not each client can list by itself."""
        raise NotImplementedError


class SFTP(Client):
    """OpenSSH's own."""

    name = program = "sftp"
    packages = ("openssh-client",)

    def batch(self, *lines):
        door = self.door
        run("sftp", "-q", "-b", "-", "-P", door.port, *ssh_options(door), f"{door.user}@127.0.0.1",
            input="".join(f"{line}\n" for line in lines))

    def put(self, local, remote):
        self.put_all([(local, remote)])

    def put_all(self, pairs):
        self.batch(*(f'put "{local}" "{remote}"' for local, remote in pairs))

    def resume(self, local, remote):
        self.batch(f'reput "{local}" "{remote}"')

    def get(self, remote, local):
        self.batch(f'get "{remote}" "{local}"')

    def rename(self, old, new):
        self.rename_all([(old, new)])

    def rename_all(self, pairs):
        self.batch(*(f'rename "{old}" "{new}"' for old, new in pairs))

    def mkdir(self, path):
        self.batch(f'mkdir "{path}"')

    def put_tree(self, local, remote):
        # It makes no directory on the way there by itself.
        self.batch(f'mkdir "{remote}"', f'put -pR "{local}/." "{remote}/"')

    def remove_tree(self, remote, local):
        lines = []
        for directory, names, files in os.walk(local, topdown=False):
            there = os.path.normpath(os.path.join(remote, os.path.relpath(directory, local)))
            lines += [f'rm "{there}/{file}"' for file in files] + [f'rmdir "{there}"']
        self.batch(*lines)


class LFTP(Client):
    name = program = "lftp"
    packages = ("lftp",)

    def command(self, *lines, more=""):
        door = self.door
        connect = " ".join(map(str, ["ssh", "-a", "-x", *ssh_options(door)]))
        run("lftp", "--norc", "-c", "; ".join([
            f'set sftp:connect-program "{connect}"', "set net:max-retries 1", "set net:timeout 20", "set net:reconnect-interval-base 1",
            "set cmd:fail-exit yes", "set xfer:clobber yes", *([more] if more else []),
            f"open -p {door.port} -u {door.user},unused sftp://127.0.0.1", *lines]),
            environment={"HOME": str(self.work)})

    def put(self, local, remote):
        self.put_all([(local, remote)])

    def put_all(self, pairs):
        self.command(*(f'put "{local}" -o "{remote}"' for local, remote in pairs))

    def put_as_piece(self, local, remote):
        """By the name that it keeps for pieces."""
        self.command(f'put "{local}" -o "{remote}"', more="set xfer:use-temp-file yes")

    def resume(self, local, remote):
        self.command(f'put -c "{local}" -o "{remote}"')

    def get(self, remote, local):
        self.command(f'get "{remote}" -o "{local}"')

    def rename(self, old, new):
        self.rename_all([(old, new)])

    def rename_all(self, pairs):
        self.command(*(f'mv "{old}" "{new}"' for old, new in pairs))

    def replace(self, old, new):
        # It asks for a plain rename, which SFTP refuses where there is something.
        self.command(f'rm "{new}"', f'mv "{old}" "{new}"')

    def mkdir(self, path):
        self.command(f'mkdir "{path}"')

    def put_tree(self, local, remote):
        self.command(f'mirror -R "{local}" "{remote}"')

    def resume_tree(self, local, remote):
        self.command(f'mirror -R -c "{local}" "{remote}"')

    def remove_tree(self, remote, local):
        self.command(f'rm -r "{remote}"')


class Rclone(Client):
    """As it is set up by who follows its guide: no word about a shell, which it then looks for itself."""

    name = program = "rclone"
    packages = ("rclone",)
    # Its own form since 1.63, and two more: each name costs a start of it.
    pieces = ("{}.5ae3f0c1.partial", "{}.part", "{}.filepart")

    def __init__(self, door, work):
        super().__init__(door, work)
        self.configuration = self.work / "rclone.conf"
        self.configuration.write_text(
            f"[hub]\ntype = sftp\nhost = 127.0.0.1\nport = {door.port}\nuser = {door.user}\nkey_file = {door.key}\n"
            f"known_hosts_file = {door.known_hosts}\n")

    def rclone(self, *words):
        run("rclone", "--config", self.configuration, "--retries", 1, "--low-level-retries", 1, *words)

    def put(self, local, remote):
        self.rclone("copyto", local, f"hub:{remote}")

    def get(self, remote, local):
        pathlib.Path(local).unlink(missing_ok=True)
        self.rclone("copyto", f"hub:{remote}", local)

    def rename(self, old, new):
        self.rclone("moveto", f"hub:{old}", f"hub:{new}")

    def mkdir(self, path):
        self.rclone("mkdir", f"hub:{path}")

    def put_tree(self, local, remote):
        self.rclone("copy", "--create-empty-src-dirs", local, f"hub:{remote}")

    def sync(self, local, remote):
        self.rclone("sync", "--create-empty-src-dirs", local, f"hub:{remote}")

    def remove_tree(self, remote, local):
        self.rclone("purge", f"hub:{remote}")

    def mount(self):
        # It sends a file some time after it was closed, five seconds if it is not told otherwise. With no time at all, a file
        # that is renamed while it is sent keeps its old name in the share (rclone 1.60).
        return Mount(self.work / "mount", [
            "rclone", "--config", self.configuration, "mount", "hub:", self.work / "mount", "--vfs-cache-mode", "writes",
            "--vfs-write-back", "1s", "--cache-dir", self.work / "cache", "--dir-cache-time", "1s"])


class SSHFS(Client):
    name = program = "sshfs"
    packages = ("sshfs", "fuse3")
    needs_fuse = True
    mounted = None

    @property
    def root(self):
        if self.mounted is None:
            door = self.door
            self.mounted = Mount(self.work / "mount", [
                "sshfs", "-f", "-p", door.port, "-o",
                f"IdentityFile={door.key},IdentitiesOnly=yes,BatchMode=yes,UserKnownHostsFile={door.known_hosts}",
                # Otherwise it remembers sizes for 20 s, and reads only so much of a file that has grown since.
                "-o", "dir_cache=no,attr_timeout=0",
                f"{door.user}@127.0.0.1:", self.work / "mount"])
        return self.mounted.path

    def close(self):
        if self.mounted is not None:
            self.mounted.close()
            self.mounted = None

    @contextlib.contextmanager
    def failing(self):
        try:
            yield
        except (OSError, Failed) as error:
            # A mount whose line is lost has ended; the next word mounts it again.
            if self.mounted is not None and not self.mounted.is_alive():
                self.close()
            raise Failed(f"sshfs: {error}") from None

    def put(self, local, remote):
        with self.failing():
            copy(local, self.root / remote)

    def resume(self, local, remote):
        with self.failing():
            there = self.root / remote
            copy(local, there, there.stat().st_size if there.exists() else 0)

    def get(self, remote, local):
        with self.failing():
            copy(self.root / remote, local)

    def rename(self, old, new):
        with self.failing():
            os.rename(self.root / old, self.root / new)

    def mkdir(self, path):
        with self.failing():
            (self.root / path).mkdir()

    def put_tree(self, local, remote):
        with self.failing():
            shutil.copytree(local, self.root / remote)

    def remove_tree(self, remote, local):
        with self.failing():
            shutil.rmtree(self.root / remote)


class Paramiko(Client):
    name = "paramiko"
    connection = None

    @classmethod
    def is_here(cls):
        try:
            import paramiko  # noqa: F401
        except ImportError:
            return False
        return True

    @property
    def sftp(self):
        import paramiko
        if self.connection is None:
            self.connection = paramiko.SSHClient()
            self.connection.load_host_keys(str(self.door.known_hosts))
            self.connection.connect(
                "127.0.0.1", self.door.port, self.door.user, key_filename=str(self.door.key), allow_agent=False,
                look_for_keys=False)
            self.channel = self.connection.open_sftp()
            self.channel.get_channel().settimeout(PATIENCE)
        return self.channel

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    @contextlib.contextmanager
    def failing(self):
        import paramiko
        try:
            yield
        except (OSError, EOFError, paramiko.SSHException) as error:
            self.close()
            raise Failed(f"paramiko: {error!r}") from None

    def put(self, local, remote):
        with self.failing():
            self.sftp.put(str(local), remote)

    def resume(self, local, remote):
        with self.failing():
            there = self.sftp.stat(remote).st_size
            with open(local, "rb") as source, self.sftp.open(remote, "r+b") as target:
                target.set_pipelined(True)
                source.seek(there)
                target.seek(there)
                shutil.copyfileobj(source, target, 1 << 18)

    def get(self, remote, local):
        with self.failing():
            self.sftp.get(remote, str(local))

    def rename(self, old, new):
        with self.failing():
            self.sftp.posix_rename(old, new)

    def mkdir(self, path):
        with self.failing():
            self.sftp.mkdir(path)

    def put_tree(self, local, remote):
        with self.failing():
            for directory, _, files in os.walk(local):
                there = os.path.normpath(os.path.join(remote, os.path.relpath(directory, local)))
                self.sftp.mkdir(there)
                for file in files:
                    self.sftp.put(os.path.join(directory, file), f"{there}/{file}")

    def remove_tree(self, remote, local):
        with self.failing():
            for entry in self.sftp.listdir_attr(remote):
                path = f"{remote}/{entry.filename}"
                if stat.S_ISDIR(entry.st_mode):
                    self.remove_tree(path, local)
                else:
                    self.sftp.remove(path)
            self.sftp.rmdir(remote)


def has_fuse():
    """Whether something can be mounted here."""
    return os.access("/dev/fuse", os.R_OK | os.W_OK)


CLIENTS = [SFTP, LFTP, Rclone, SSHFS, Paramiko]


class Mount:
    """A program in the foreground that shows the share below `path`."""

    def __init__(self, path, command):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.log = open(self.path.parent / "mount.log", "ab")
        self.process = _starter.submit(
            subprocess.Popen, dying_with_us(*command), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log).result()
        end = time.monotonic() + PATIENCE
        while not os.path.ismount(self.path):
            if self.process.poll() is not None or time.monotonic() > end:
                self.close()
                raise Failed(f"no mount: {(self.path.parent / 'mount.log').read_text()[-1000:]}")
            time.sleep(0.02)

    def is_alive(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        return self.process.poll() is None

    def close(self):
        unmount(self.path)
        # The session at the hub has its own view of this machine's mounts, this one among them: it would wait for that end.
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def unmount(path):
    """At once, whoever still has something open there."""
    subprocess.run(["fusermount3", "-u", "-q", "-z", path], capture_output=True)


def unmount_below(root):
    """What an end in the middle may have left. What is mounted is the share: nothing there may be removed by who tidies up."""
    with open("/proc/self/mounts", "rb") as file:
        places = [os.fsdecode(line.split()[1]) for line in file]
    for place in places:
        if place.startswith(f"{root}/"):
            unmount(place)
    with open("/proc/self/mounts", "rb") as file:
        return not any(os.fsdecode(line.split()[1]).startswith(f"{root}/") for line in file)


def ssh_options(door):
    return [
        "-i", door.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={door.known_hosts}"]


def copy(source, target, begun=0):
    """Goes on where `target` has `begun` bytes. By a program, since what this process has open on a mount, each program that it
    starts has for a moment, too, and closing that waits for the mount's line: with the proxy's sockets in its hands, so that
    nobody hears when that line is lost."""
    goes_on = ["conv=notrunc", "iflag=skip_bytes", "oflag=seek_bytes", f"skip={begun}", f"seek={begun}"] if begun else []
    run("dd", f"if={source}", f"of={target}", "bs=128K", "status=none", *goes_on)
