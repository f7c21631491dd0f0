"""SyncHub as a contender: a hub and the agent of B run, A's agent makes one pass."""
import contextlib
import json
import pathlib
import subprocess

from . import data
from .wire import Wire


class SyncHub:
    name = "synchub"
    programs = None
    without = ()

    def __init__(self, root, delay, rate=None):
        self.root = pathlib.Path(root)
        self.a, self.b = (data.empty(self.root / name) for name in ("a", "b"))
        self.home = {side: self.root / f"{side}.home" for side in "ab"}
        self.processes, self.wires = {}, {}
        self.call("synchub", "init", "--root", self.root / "hub", "--listen", "127.0.0.1")
        line = self._start("hub", "synchub", "run", "--root", self.root / "hub")
        port = int(line.split()[2].rstrip(","))
        self.api_port = int(line.split()[4])
        for side in "ab":
            self.wires[side] = Wire(port, delay, rate)
            invite = json.loads(self.call("syncctl", "invite", side, "--root", self.root / "hub"))
            self._redirect(invite, self.wires[side].port)
            self.call("syncagent", "join", "-", "--home", self.home[side], "--folder", self.root / side,
                      input=json.dumps(invite))
        self.run_agent("b")
        self.wait("b")

    @staticmethod
    def _redirect(invite, port):
        if "port" in invite:
            invite["port"] = port
        for host in invite.get("hosts", []):
            if isinstance(host, dict):
                host["port"] = port

    @classmethod
    def is_here(cls):
        return True

    def sides(self):
        return {name: (lambda process=process: [process.pid]) for name, process in self.processes.items()}

    def call(self, program, *arguments, **options):
        done = subprocess.run(
            [self.programs / program, *map(str, arguments)], capture_output=True, text=True, **options)
        if done.returncode:
            raise SystemExit(f"{program} {' '.join(map(str, arguments))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def _start(self, name, program, *arguments):
        log = open(self.root / f"{name}.log", "ab")
        process = subprocess.Popen(
            [self.programs / program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes[name] = process
        if program == "synchub":
            line = process.stdout.readline()
            if not line.startswith("ready:"):
                raise SystemExit("the hub did not start; see " + (self.root / "hub.log").read_text())
            return line

    def run_agent(self, side):
        self._start(side, "syncagent", "run", "--home", self.home[side])

    def end_agent(self, side):
        self._end(self.processes.pop(side))

    def wait(self, sides):
        self.call("syncctl", "wait", "--on", sides, "--timeout", 600, "--root", self.root / "hub")

    def carry(self):
        self.call("syncagent", "once", "--home", self.home["a"])
        self.wait("b")

    @staticmethod
    def _end(process):
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self):
        for name in [name for name in self.processes if name != "hub"] + ["hub"]:
            if name in self.processes:
                self._end(self.processes.pop(name))
        for one in self.wires.values():
            one.close()
