"""What people make by hand: inotifywait and rsync, in a loop."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from . import data
from .sshd import SSHServer

# Events that come together are carried together; without whole nanoseconds rsync takes two edits within a second for one.
LOOP = """inotifywait -m -q -r -e close_write,create,move,delete,attrib "$1" | while read -r _; do
    while read -r -t 0.05 _; do :; done
    rsync -a --delete --modify-window=-1 -e "$2" "$3" "$4"
done"""


class InotifyLoop:
    name = "inotify + rsync"
    packages = ("inotify-tools", "rsync")

    def __init__(self, root, delay):
        self.root = pathlib.Path(root)
        self.a, self.hub, self.b = (data.empty(self.root / name) for name in ("a", "hub", "b"))
        self.server = SSHServer(self.root / "sshd", delay)
        self.processes = {}
        for name, watched, side, ends in (
                ("a", self.a, "a", (f"{self.a}/", f"hub:{self.hub}/")), ("b", self.hub, "b", (f"hub:{self.hub}/", f"{self.b}/"))):
            self.processes[name] = subprocess.Popen(
                ["bash", "-c", LOOP, "loop", watched, self.server.ssh(side), *ends], start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Neither says when it watches.
        for _ in range(200):
            (self.a / "probe").write_text("")
            time.sleep(0.3)
            if (self.b / "probe").exists():
                return
        self.close()
        raise SystemExit("the loop of inotifywait and rsync carries nothing")

    @classmethod
    def is_here(cls):
        return bool(shutil.which("inotifywait") and shutil.which("rsync"))

    def wait(self, _):
        """It cannot tell."""

    def close(self):
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        self.server.close()
