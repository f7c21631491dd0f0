"""What work costs: seconds, CPU seconds and memory of each side, bytes on each hop."""
import contextlib
import dataclasses
import os
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def processes():
    """Parent, CPU seconds (with those of children that have ended) and resident bytes of each process."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
            found[int(name)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICK, int(fields[21]) * PAGE)
    return found


def written(place):
    """Bytes that were written to the disk below a directory since the machine started, by anybody."""
    os.sync()
    number = os.stat(place).st_dev
    with open(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat") as file:
        return int(file.read().split()[6]) * 512


def tree(roots, table):
    """Those processes and all below them."""
    inside = {pid for pid in roots if pid in table}
    grows = True
    while grows:
        more = {pid for pid, facts in table.items() if facts[0] in inside} - inside
        grows = bool(more)
        inside |= more
    return inside


@dataclasses.dataclass
class Cost:
    """Of one run of one piece of work."""
    seconds: float = 0.0
    cpu: dict = dataclasses.field(default_factory=dict)
    resident: dict = dataclasses.field(default_factory=dict)
    bytes: dict = dataclasses.field(default_factory=dict)
    # To the disk, in bytes, by all of them together.
    written: int = 0

    def to_json(self):
        return {"seconds": round(self.seconds, 4), "cpu_s": {key: round(value, 2) for key, value in self.cpu.items()},
                "resident_mb": {key: round(value / 1e6, 1) for key, value in self.resident.items()}, "bytes": self.bytes,
                "written": self.written}


class Account:
    """Sides are named; each is some process ids, of which all descendants count too. Wires are named as well."""

    def __init__(self, sides, wires, place):
        """`sides`: a function each, since processes come and go. `place`: a directory on the disk that is written to."""
        self.sides, self.wires, self.place = sides, wires, place

    @contextlib.contextmanager
    def measure(self, cost):
        written_before = written(self.place)
        before, bytes_before = self._cpu(), {name: sum(wire.bytes) for name, wire in self.wires.items()}
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(cost, ended), daemon=True)
        watcher.start()
        begin = time.monotonic()
        try:
            yield
        finally:
            cost.seconds = time.monotonic() - begin
            ended.set()
            watcher.join()
        after = self._cpu()
        cost.written = written(self.place) - written_before
        cost.cpu = {name: after[name] - before.get(name, 0) for name in after}
        cost.bytes = {name: sum(wire.bytes) - bytes_before[name] for name, wire in self.wires.items()}

    def _cpu(self):
        table = processes()
        found = {name: sum(table[pid][1] for pid in tree(pids(), table)) for name, pids in self.sides.items()}
        # What the bench started itself and waited for.
        found["commands"] = sum(os.times()[2:4])
        return found

    def _watch(self, cost, ended):
        while not ended.wait(0.1):
            table = processes()
            for name, pids in {**self.sides, "commands": lambda: [os.getpid()]}.items():
                inside = tree(pids(), table)
                if name == "commands":
                    inside -= {os.getpid()} | {
                        one for other in self.sides.values() for one in tree(other(), table)} | self._wire_pids()
                resident = sum(table[pid][2] for pid in inside)
                cost.resident[name] = max(cost.resident.get(name, 0), resident)

    def _wire_pids(self):
        return {wire._process.pid for wire in self.wires.values()}
