"""How soon an edit is on the other side while the agents run, and what it costs when nothing happens."""
import contextlib
import os
import statistics
import time

from . import account, data, loop, ours
from .syncthing import Syncthing

ROWS = {"edit": "a 4 KiB file edited, agents running", "edit-40ms": "the same, 40 ms round trip"}
DELAYS = {"edit": 0.0, "edit-40ms": 0.040}


def latencies(fleet, edits, size=4096):
    """Seconds from the close of a written file to its whole content under its name on the other side."""
    source, target = fleet.a / "edited.bin", fleet.b / "edited.bin"
    times = []
    # The first one is not counted: what watches may have to begin.
    for number in range(edits + 1):
        content = os.urandom(size)
        source.write_bytes(content)
        begin = time.monotonic()
        while True:
            with contextlib.suppress(FileNotFoundError):
                if target.read_bytes() == content:
                    break
            if time.monotonic() - begin > 60:
                raise SystemExit(f"{type(fleet).__name__}: an edit did not arrive within a minute")
            time.sleep(0.0005)
        if number:
            times.append(time.monotonic() - begin)
        # Edits of a person are apart: the next one does not meet the second look at the last.
        fleet.wait("a,b")
        if type(fleet) is not ours.SyncHub:
            time.sleep(0.5)
    return sorted(times)


def idle(fleet, seconds):
    """CPU seconds, and resident megabytes, of each program while nothing happens."""
    time.sleep(3)
    pids = {name: process.pid for name, process in fleet.processes.items()}
    before = account.processes()
    time.sleep(seconds)
    after = account.processes()
    return {name: {"cpu_s": round(after[pid][1] - before[pid][1], 3), "resident_mb": round(after[pid][2] / 1e6, 1)}
            for name, pid in pids.items()}


def ours_running(root, delay):
    fleet = ours.SyncHub(root, delay)
    fleet.run_agent("a")
    fleet.wait("a,b")
    return fleet


def contenders(named):
    found = {"synchub": ours_running}
    if "rsync" in named and loop.InotifyLoop.is_here():
        found[loop.InotifyLoop.name] = loop.InotifyLoop
    if "syncthing" in named and Syncthing.is_here():
        # As soon as it can be told to.
        found["syncthing, tuned"] = lambda root, delay: Syncthing(root, delay, watches=1)
    return found


def measure(options, place):
    """By row and contender."""
    found = {}
    for row in ROWS:
        if row not in options.rows:
            continue
        for name, begin in contenders(options.peers.split(",")).items():
            fleet = begin(data.empty(place / "edits"), DELAYS[row] / 2)
            try:
                times = latencies(fleet, options.edits if name == "synchub" else min(options.edits, 15))
                found.setdefault(row, {})[name] = {
                    "edits": len(times), "median_ms": round(statistics.median(times) * 1000, 1),
                    "p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))] * 1000, 1),
                    "worst_ms": round(times[-1] * 1000, 1), "idle_seconds": options.idle,
                    "idle": idle(fleet, options.idle) if name == "synchub" else {}}
            finally:
                fleet.close()
                data.empty(place / "edits").rmdir()
    return found


def text(found):
    lines = []
    for row, some in found.items():
        for name, one in some.items():
            lines.append(f"{ROWS[row]}, {name}: median {one['median_ms']} ms, p95 {one['p95_ms']} ms, worst {one['worst_ms']} ms "
                         f"({one['edits']} edits)")
            lines += [f"  idle {side}: {figure['cpu_s']} CPU seconds in {one['idle_seconds']} s, {figure['resident_mb']} MB resident"
                      for side, figure in one["idle"].items()]
    return "\n".join(lines)
