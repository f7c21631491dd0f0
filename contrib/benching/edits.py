"""How soon an edit is on the other side while the agents run, and what it costs when nothing happens."""
import contextlib
import os
import statistics
import time

from . import account, data, ours

ROWS = {"edit": "a 4 KiB file edited, agents running", "edit-40ms": "the same, 40 ms round trip"}
DELAYS = {"edit": 0.0, "edit-40ms": 0.040}


def latencies(fleet, edits, size=4096):
    """Seconds from the close of a written file to its whole content under its name on the other side."""
    source, target = fleet.a / "edited.bin", fleet.b / "edited.bin"
    times = []
    for _ in range(edits):
        content = os.urandom(size)
        source.write_bytes(content)
        begin = time.monotonic()
        while True:
            with contextlib.suppress(FileNotFoundError):
                if target.read_bytes() == content:
                    break
            if time.monotonic() - begin > 60:
                raise SystemExit("an edit did not arrive within a minute")
            time.sleep(0.0005)
        times.append(time.monotonic() - begin)
        # Edits of a person are apart: the next one does not meet the second look at the last.
        fleet.wait("a,b")
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


def measure(options, place):
    found = {}
    for row in ROWS:
        if row not in options.rows:
            continue
        fleet = ours.SyncHub(data.empty(place / "edits"), DELAYS[row] / 2)
        try:
            fleet.run_agent("a")
            fleet.wait("a,b")
            times = latencies(fleet, options.edits)
            found[row] = {
                "edits": len(times), "median_ms": round(statistics.median(times) * 1000, 1),
                "p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))] * 1000, 1),
                "worst_ms": round(times[-1] * 1000, 1), "idle_seconds": options.idle,
                "idle": idle(fleet, options.idle)}
        finally:
            fleet.close()
            data.empty(place / "edits").rmdir()
    return found


def text(found):
    lines = []
    for row, one in found.items():
        lines.append(f"{ROWS[row]}: median {one['median_ms']} ms, p95 {one['p95_ms']} ms, worst {one['worst_ms']} ms "
                     f"({one['edits']} edits)")
        lines += [f"  idle {name}: {figure['cpu_s']} CPU seconds in {one['idle_seconds']} s, {figure['resident_mb']} MB resident"
                  for name, figure in one["idle"].items()]
    return "\n".join(lines)
