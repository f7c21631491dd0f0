"""How soon an edit is on the other side while the agents run, and what it costs when nothing happens."""
import contextlib
import os
import random
import statistics
import time

from . import account, data, loop, ours
from .syncthing import Syncthing

ROWS = {
    "edit": "a 4 KiB file edited, agents running", "edit-40ms": "the same, 40 ms round trip",
    "edit-up": "the same while a large file goes up, over 2 MB/s and 40 ms",
    "edit-down": "the same while a large file comes down, over 2 MB/s and 40 ms"}
DELAYS = {"edit": 0.0, "edit-40ms": 0.040}
# Bytes a second, and a file that takes longer than all edits.
SLOW, BULK = 2_000_000, 1 << 30


def latencies(fleet, edits, rest, size=4096):
    """Seconds from the close of a written file to its whole content under its name on the other side. `rest` comes after each."""
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
        rest()
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


def ours_running(root, delay, rate=None):
    fleet = ours.SyncHub(root, delay, rate)
    fleet.run_agent("a")
    fleet.wait("a,b")
    return fleet


def busy(fleet, row):
    """Begins a transfer that goes on while edits are measured."""
    where = fleet.a if row == "edit-up" else fleet.root / "hub" / "share"
    data.fill(where / "large.bin", BULK, random.Random(1))
    # Until it fills the wire.
    wire, up = fleet.wires["a" if row == "edit-up" else "b"], row == "edit-up"
    begun = wire.bytes[0 if up else 1]
    while wire.bytes[0 if up else 1] - begun < 5 * SLOW:
        time.sleep(0.1)


def contenders(named):
    found = {"synchub": ours_running}
    if "rsync" in named and loop.InotifyLoop.is_here():
        found[loop.InotifyLoop.name] = loop.InotifyLoop
    if "syncthing" in named and Syncthing.is_here():
        # As soon as it can be told to.
        found["syncthing, tuned"] = lambda root, delay: Syncthing(root, delay, watches=1)
    return found


def _turn(options, place, row, name, begin, resting):
    """Seconds of some edits in one set-up, and what it costs at rest (nothing unless `resting`)."""
    slow = row not in DELAYS
    fleet = begin(data.empty(place / "edits"), *((0.020, SLOW) if slow else (DELAYS[row] / 2,)))
    try:
        if slow:
            busy(fleet, row)
        rest = (lambda: fleet.wait("a,b")) if name == "synchub" and not slow else (lambda: time.sleep(0.5))
        count = options.edits if name == "synchub" else min(options.edits, 15)
        times = latencies(fleet, max(-(-count // options.repeat), 1), rest)
        return times, idle(fleet, options.idle) if resting and name == "synchub" and not slow else {}
    finally:
        fleet.close()
        data.empty(place / "edits").rmdir()


def _figures(turns, options):
    """Of all edits of all turns."""
    times = sorted(one for times, _ in turns for one in times)
    return {"edits": len(times), "median_ms": round(statistics.median(times) * 1000, 1),
            "p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))] * 1000, 1),
            "worst_ms": round(times[-1] * 1000, 1),
            "medians_ms": [round(statistics.median(times) * 1000, 1) for times, _ in turns],
            "idle_seconds": options.idle, "idle": turns[0][1]}


def measure(options, place):
    """By row and contender. The edits are shared out among turns, each with a set-up of its own, contenders interleaved."""
    found = {}
    for row in ROWS:
        if row not in options.rows:
            continue
        some, turns = contenders([] if row not in DELAYS else options.peers.split(",")), {}
        for turn in range(options.repeat):
            for name, begin in some.items():
                turns.setdefault(name, []).append(_turn(options, place, row, name, begin, resting=turn == 0))
        found[row] = {name: _figures(them, options) for name, them in turns.items()}
    return found


def text(found):
    lines = []
    for row, some in found.items():
        for name, one in some.items():
            beside = "" if name == "synchub" else f"; SyncHub ÷ it {some['synchub']['median_ms'] / one['median_ms']:.3f}"
            spread = f"{min(one['medians_ms'])}–{max(one['medians_ms'])}"
            lines.append(f"{ROWS[row]}, {name}: median {one['median_ms']} ms (of each turn {spread}), p95 {one['p95_ms']} ms, "
                         f"worst {one['worst_ms']} ms ({one['edits']} edits in {len(one['medians_ms'])} turns){beside}")
            lines += [f"  idle {side}: {figure['cpu_s']} CPU seconds in {one['idle_seconds']} s, {figure['resident_mb']} MB resident"
                      for side, figure in one["idle"].items()]
    return "\n".join(lines)
