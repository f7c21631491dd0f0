"""A hub, agents behind proxies, and a phone's key, as processes that never outlive this one."""
import contextlib
import ctypes
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

from . import proxy

_libc = ctypes.CDLL(None, use_errno=True)
_SUBREAPER = 36


class Trouble(Exception):
    """What the run was for: something that must not be."""


def adopt_orphans():
    """Whoever of our descendants loses its parent becomes our child, so that none can stay."""
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)


def dying_with_us(*command):
    """The command, ended with whoever starts it. By a program: Python between fork and exec may wait for ever for what another
    thread held at that moment."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)]


def leaving_a_core(*command):
    """Should it crash: in its working directory, where the kernel is set up that way."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    limit = "unlimited" if hard == resource.RLIM_INFINITY else hard
    return ["prlimit", f"--core={limit}:{limit}", "--", *map(str, command)]


def parents():
    """The parent of each process of this machine."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry.name}/stat", "rb") as file:
                    fields = file.read().rsplit(b")", 1)[1].split()
                if fields[0] != b"Z":
                    found[int(entry.name)] = int(fields[1])
    return found


def descendants(pid):
    table, found, ring = parents(), [], [pid]
    while ring:
        ring = [child for child, parent in table.items() if parent in ring]
        found += ring
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class RightClock:
    """For whom the machine's own clock and zone will do."""

    def next(self):
        return {}, "right"


class Clocks:
    """A clock for each start of a program: right, or wrong by years, or jumping; each in a zone of its own."""

    YEAR = 31_557_600
    SHIFTS = [0, 0, 1800, -10_800, -12 * YEAR, 7 * YEAR, 40 * YEAR, -40 * YEAR]
    ZONES = ["UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"]

    def __init__(self, random, root):
        self.random, self.wrong = random, 0
        # An invite is good for an hour, by the hub's clock: who joins needs the right time.
        self.are_right = True
        self.library = root / "clock.so"
        source = pathlib.Path(__file__).parent / "clock.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.library, source], check=True)

    def next(self):
        """Variables, and what to say of them."""
        one, zone = self.random.choice(self.SHIFTS), self.random.choice(self.ZONES)
        other = self.random.choice(self.SHIFTS) if self.random.random() < 0.4 else one
        if one == other == 0 or self.are_right:
            return {"TZ": zone}, zone
        self.wrong += 1
        wrong = f"{one} {other} {self.random.choice([1, 5, 20])}"
        return {"TZ": zone, "LD_PRELOAD": str(self.library), "WRONG_CLOCK": wrong}, f"{wrong} {zone}"


class Member:
    """A program that runs, is killed and runs again."""

    def __init__(self, name, command, log, clocks):
        self.name, self.command, self.log, self.clocks = name, command, log, clocks
        self.process = None
        self.kills = 0
        self.on_start = lambda text: None

    @property
    def is_running(self):
        return self.process is not None

    def start(self, ready=None):
        clock, said = self.clocks.next()
        environment = dict(os.environ, SYNC_TRACE=os.environ.get("SYNC_TRACE", "debug"), **clock)
        self.on_start(f"start {said}")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                dying_with_us(*leaving_a_core(*self.command)), stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                env=environment, cwd=self.log.parent)
        if ready:
            line = self.process.stdout.readline().decode()
            if not line.startswith(ready):
                raise Trouble(f"{self.name} did not start: {line!r}")

    def kill(self):
        self.kills += 1
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM, and a clean end in time."""
        if not self.process:
            return
        process, self.process = self.process, None
        process.terminate()
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Trouble(f"{self.name} did not end within 30 s of SIGTERM") from None
        if code:
            raise Trouble(f"{self.name} ended with {code} when it was told to stop")

    def see_that_it_lives(self):
        if self.process and self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            raise Trouble(f"{self.name} has ended by itself, with {code}")


class Fleet:
    def __init__(self, programs, root, names, clocks, phones=("phone",)):
        self.programs, self.root, self.names = pathlib.Path(programs).resolve(), pathlib.Path(root), names
        self.clocks = clocks
        self.loop = proxy.start_loop()
        self.proxies, self.agents = {}, {}
        self.share = os.fsencode(self.root / "hub" / "share")
        self.port, api = free_port(), free_port()
        self.call("synchub", "init", "--root", self.root / "hub", "--name", "torture", "--listen", "127.0.0.1",
                  "--sftp-port", self.port, "--api-port", api)
        self.hub = Member(
            "hub", [self.programs / "synchub", "run", "--root", self.root / "hub"], self.root / "hub.log", clocks)
        self.start_hub()
        for name in names:
            self._join(name)
        self.users = {phone: self._invite_phone(phone) for phone in phones}
        self.sftp_command = [
            "sftp", "-q", "-b", "-", "-P", str(self.port), "-i", self.key(phones[0]), "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={self.root / 'known_hosts'}", "-o", "ServerAliveInterval=5",
            self.users[phones[0]]]

    def start_hub(self):
        self.hub.start(ready="ready:")

    def call(self, program, *arguments, timeout=60, **options):
        return self.answer(program, *arguments, timeout=timeout, check=True, **options).stdout

    def answer(self, program, *arguments, timeout=60, **options):
        return subprocess.run(
            dying_with_us(self.programs / program, *arguments), capture_output=True, text=True, timeout=timeout, **options)

    def ctl(self, *arguments, timeout=60):
        return self.answer("syncctl", *arguments, "--root", self.root / "hub", timeout=timeout)

    def folder(self, name):
        return os.fsencode(self.root / name)

    def _join(self, name):
        invite = json.loads(self.call("syncctl", "invite", name, "--root", self.root / "hub"))
        self.proxies[name] = proxy.Proxy(self.loop, self.port)
        invite["port"] = self.proxies[name].port
        home = self.root / f"{name}.home"
        self.call("syncagent", "join", "-", "--home", home, "--folder", self.root / name, input=json.dumps(invite))
        self.agents[name] = Member(
            name, [self.programs / "syncagent", "run", "--home", home], self.root / f"{name}.log", self.clocks)
        self.agents[name].start()

    def key(self, phone):
        return self.root / f"{phone}.key"

    def _invite_phone(self, name):
        """Whom to log in as, and where: USER@HOST."""
        key = self.key(name)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        shown = self.call("syncctl", "invite", name, "--sftp-only", "--key", f"{key}.pub", "--root", self.root / "hub")
        self.know(self.port)
        return next(line for line in shown.splitlines() if line.startswith("sftp ")).split()[3]

    def know(self, port):
        """The hub may be met at this port, too."""
        host_key = (self.root / "hub/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
        line = f"[127.0.0.1]:{port} {' '.join(host_key)}\n"
        known = self.root / "known_hosts"
        if not known.exists() or line not in known.read_text():
            with open(known, "a") as file:
                file.write(line)

    def sftp(self, *lines):
        """Whether a batch went through."""
        try:
            return subprocess.run(
                dying_with_us(*self.sftp_command), input="\n".join(lines).encode() + b"\n", capture_output=True,
                timeout=60).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def kill_sshd(self):
        """The hub's sshd and all its sessions: children of the hub, which we have started."""
        for pid in descendants(self.hub.process.pid) if self.hub.process else []:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def members(self):
        return [self.hub, *self.agents.values()]

    def heal(self):
        """Everything runs and is connected."""
        for one in self.proxies.values():
            one.set()
        if not self.hub.is_running:
            self.start_hub()
        for agent in self.agents.values():
            if not agent.is_running:
                agent.start()
        answer = self.ctl("resume", "--all")
        if answer.returncode:
            raise Trouble(f"resume --all: {answer.stderr}")

    def decide(self, random):
        """Somebody looks at what the guard holds, and approves or rejects it."""
        batches = json.loads(self.ctl("held", "--json").stdout or "[]")
        for batch in batches:
            self.ctl(random.choice(["approve", "reject"]), batch["id"])
        return len(batches)

    def wait(self, seconds, random):
        """Until everybody is in sync and nothing is held.
        Returns how many batches were decided on."""
        end, decided = time.monotonic() + seconds, 0
        while True:
            decided += self.decide(random)
            answer = self.ctl("wait", "--timeout", 10, timeout=60)
            if answer.returncode == 0 and not self.decide(random):
                return decided
            if time.monotonic() > end:
                waits = self.ctl("unsynced").stdout
                raise Trouble(f"no sync within {seconds} s: {answer.stdout}{answer.stderr}\n{waits}")

    def stop(self):
        """Everything ends as it should: agents first."""
        for member in [*self.agents.values(), self.hub]:
            member.stop()
        deadline = time.monotonic() + 10
        while left := descendants(os.getpid()):
            if time.monotonic() > deadline:
                raise Trouble(f"processes are left: {left}")
            time.sleep(0.05)


def end_all():
    """Whatever this process has started, in whatever state it is."""
    for _ in range(50):
        left = descendants(os.getpid())
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.05)
