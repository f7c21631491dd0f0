"""The tools that SyncHub is measured beside: each brings what is in A to the hub, and then what is there to B."""
import pathlib
import shutil
import subprocess

from . import data
from .sshd import SSHServer
from .syncthing import Syncthing


class Peer:
    """Works over ssh, one command for each hop."""

    name = program = ""
    # Debian's packages that it needs.
    packages = ()
    # What it cannot do, or only as something else: rows that it is left out of.
    without = ()
    # What a chain has it told beside the usual.
    options = ()

    def __init__(self, root, delay):
        self.root = pathlib.Path(root)
        self.a, self.hub, self.b = (data.empty(self.root / name) for name in ("a", "hub", "b"))
        self.server = SSHServer(self.root / "sshd", delay)
        self.wires = self.server.wires
        self.begin()

    @classmethod
    def is_here(cls):
        return shutil.which(cls.program) is not None

    def begin(self):
        """What has to be there before the first run."""

    def sides(self):
        return {"hub": lambda: [self.server.process.pid]}

    def carry(self):
        self.hop("a", self.a, up=True)
        self.hop("b", self.b, up=False)

    def hop(self, side, folder, up):
        raise NotImplementedError

    def close(self):
        self.server.close()

    def run(self, *command, **options):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
        if done.returncode:
            raise SystemExit(f"{self.name}: {' '.join(map(str, command))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


class Rsync(Peer):
    name = program = "rsync"
    packages = ("rsync",)

    def hop(self, side, folder, up):
        far = f"hub:{self.hub}/"
        ends = (f"{folder}/", far) if up else (far, f"{folder}/")
        self.run("rsync", "-a", "--delete", *self.options, "-e", self.server.ssh(side), *ends)


class OpenSSH(Peer):
    """`sftp`, put and get: the plain way for one large file."""

    name, program, packages = "sftp", "sftp", ("openssh-client",)
    without = ("overwrite", "insert", "sparse", "rename", "unchanged", "small", "small-40ms", "copies")

    def hop(self, side, folder, up):
        lines = "".join(
            f'put -p "{file}" "{self.hub}/{file.name}"\n' for file in folder.iterdir()) if up else "".join(
            f'get -p "{file}" "{folder}/{file.name}"\n' for file in self.hub.iterdir())
        self.run("sftp", "-q", "-F", self.server.config(side), "-b", "-", "hub", input=lines)


class Unison(Peer):
    name = program = "unison"
    packages = ("unison",)
    without = ("sparse",)

    def hop(self, side, folder, up):
        # A home on each end: two of one machine would share their archives.
        near, far = (self.root / f"unison-{side}-{end}" for end in ("near", "far"))
        near.mkdir(exist_ok=True)
        far.mkdir(exist_ok=True)
        self.run("unison", folder, f"ssh://hub/{self.hub}", "-batch", "-auto", "-silent", "-perms", "-1", "-times",
                 "-sshargs", f"-F {self.server.config(side)}", "-servercmd", f"env UNISON={far} unison",
                 env={"HOME": str(near), "UNISON": str(near), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})


class LFTP(Peer):
    name = program = "lftp"
    packages = ("lftp",)
    without = ("overwrite", "insert", "sparse", "rename")

    def hop(self, side, folder, up):
        mirror = f"mirror -R -e --parallel=4 {folder} {self.hub}" if up else f"mirror -e --parallel=4 {self.hub} {folder}"
        connect = f"ssh -a -x -F {self.server.config(side)}"
        self.run("lftp", "-c", f'set sftp:connect-program "{connect}"; set sftp:auto-confirm yes; '
                 f"open -u root,unused sftp://hub; {mirror}")


class Rclone(Peer):
    name = program = "rclone"
    packages = ("rclone",)
    without = ("overwrite", "insert", "sparse", "rename")

    def hop(self, side, folder, up):
        far = (f":sftp,host=127.0.0.1,port={self.wires[side].port},user=root,key_file={self.server.root}/user,"
               f"shell_type=unix:{self.hub}")
        ends = (folder, far) if up else (far, folder)
        self.run("rclone", "sync", "--config", "/dev/null", "--transfers", "8", "--checkers", "8", *ends)


PEERS = [Rsync, OpenSSH, Unison, LFTP, Rclone, Syncthing]
