"""syncthing as a contender: three of it, A and B each connected to the one in the middle."""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import data
from .wire import Wire

FOLDER = "bench"


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class _One:
    """One running syncthing, steered by its REST interface."""

    def __init__(self, root, folder):
        self.home, self.folder = root, folder
        self.port, self.api = _free_port(), _free_port()
        made = subprocess.run(
            ["syncthing", "generate", f"--home={root}", "--no-default-folder"], check=True, capture_output=True, text=True)
        self.id = re.search(r"Device ID: (\S+)", made.stdout + made.stderr).group(1)
        self.key = re.search(r"<apikey>(.*)</apikey>", (root / "config.xml").read_text()).group(1)
        self.process = None

    def configure(self, others, watches):
        """`others`: for each other one its identity and address. `watches`: the seconds that changes are gathered; None for no
        watching, as `once` does not watch."""
        devices = "".join(
            f'<device id="{name}" compression="metadata"><address>{address}</address></device>' for name, address in others)
        shared = "".join(f'<device id="{name}"></device>' for name in (self.id, *(name for name, _ in others)))
        (self.home / "config.xml").write_text(f"""<configuration version="36">
<folder id="{FOLDER}" path="{self.folder}" type="sendreceive" rescanIntervalS="0" fsWatcherEnabled="{str(watches is not None).lower()}"
 fsWatcherDelayS="{watches or 10}"><filesystemType>basic</filesystemType>{shared}</folder>
<device id="{self.id}"><address>dynamic</address></device>{devices}
<gui enabled="true" tls="false"><address>127.0.0.1:{self.api}</address><apikey>{self.key}</apikey></gui>
<options><listenAddress>tcp://127.0.0.1:{self.port}</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>
<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled>
<reconnectionIntervalS>1</reconnectionIntervalS><startBrowser>false</startBrowser><urAccepted>-1</urAccepted>
<crashReportingEnabled>false</crashReportingEnabled><setLowPriority>false</setLowPriority>
<autoUpgradeIntervalH>0</autoUpgradeIntervalH></options></configuration>""")

    def start(self):
        log = open(self.home / "log", "ab")
        self.process = subprocess.Popen(
            ["syncthing", "serve", f"--home={self.home}", "--no-browser", "--no-restart", "--no-upgrade"], stdout=log, stderr=log)

    def ask(self, path, method="GET"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api}/rest/{path}", method=method, headers={"X-API-Key": self.key})
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.loads(answer.read() or b"null")

    def end(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Syncthing:
    name, program, packages = "syncthing", "syncthing", ("syncthing",)
    without = ("sparse",)

    def __init__(self, root, delay, watches=None):
        self.root = pathlib.Path(root)
        self.a, self.hub, self.b = (data.empty(self.root / name) for name in ("a", "hub", "b"))
        self.ones = {name: _One(data.empty(self.root / f"{name}.home"), self.root / name) for name in ("a", "hub", "b")}
        hub = self.ones["hub"]
        self.wires = {side: Wire(hub.port, delay) for side in "ab"}
        for side in "ab":
            self.ones[side].configure([(hub.id, f"tcp://127.0.0.1:{self.wires[side].port}")], watches)
        hub.configure([(self.ones[side].id, "dynamic") for side in "ab"], watches)
        try:
            for one in self.ones.values():
                one.start()
            # It lists itself too, never connected.
            self._until(lambda: sum(
                link["connected"] for link in hub.ask("system/connections")["connections"].values()) == 2, "connect")
        except BaseException:
            self.close()
            raise
        self.processes = {name: one.process for name, one in self.ones.items()}

    @classmethod
    def is_here(cls):
        return shutil.which(cls.program) is not None

    def sides(self):
        return {name: (lambda process=one.process: [process.pid]) for name, one in self.ones.items()}

    @staticmethod
    def _until(holds, what):
        begin = time.monotonic()
        while True:
            # While it starts, nothing listens.
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if holds():
                    return
            if time.monotonic() - begin > 900:
                raise SystemExit(f"syncthing: {what}: not within 15 minutes")
            time.sleep(0.02)

    def carry(self):
        self.ones["a"].ask(f"db/scan?folder={FOLDER}", "POST")
        wanted = self._names(self.a)
        self._until(lambda: self._rests("b") and self._names(self.b) == wanted, "carry")

    def _rests(self, name):
        status = self.ones[name].ask(f"db/status?folder={FOLDER}")
        return status["state"] == "idle" and status["needTotalItems"] == 0

    @staticmethod
    def _names(root):
        """Size and time of each file: its last step is to set the time."""
        found = {}
        for path in root.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if not path.name.startswith((".st", "~syncthing", ".syncthing")):
                    status = path.stat()
                    found[path.relative_to(root)] = (status.st_size, status.st_mtime_ns) if path.is_file() else None
        return found

    def wait(self, _):
        self._until(lambda: self._rests("hub") and self._rests("b"), "wait")

    def close(self):
        for one in self.ones.values():
            one.end()
        for one in self.wires.values():
            one.close()
