"""One large file over a long way: the rate of SyncHub and of OpenSSH's sftp and rsync, up and down, for round trips of some
length. A rate that a round trip bounds falls with it; one that the wire bounds does not."""
import shutil
import subprocess
import time

from . import data, ours
from .sshd import SSHServer

MIB = 1 << 20
ROUND_TRIPS = (0.0, 0.040, 0.200)


def _timed(*command):
    begun = time.monotonic()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return time.monotonic() - begun


def _connections(home, count):
    path = home / "agent.json5"
    path.write_text("\n".join(
        f"max_connections: {count}," if "max_connections:" in line else line for line in path.read_text().split("\n")))


def _ours(root, delay, size, seed, connections):
    """Seconds up and down, each of a whole pass with its login."""
    fleet = ours.SyncHub(data.empty(root), delay)
    try:
        fleet.end_agent("b")
        for side in "ab":
            _connections(fleet.home[side], connections)
        data.large_file(fleet.a, size, seed)
        times = [_timed(fleet.programs / "syncagent", "once", "--home", fleet.home[side]) for side in "ab"]
        data.compare(fleet.a, fleet.b, "synchub, a long way")
        return times
    finally:
        fleet.close()
        shutil.rmtree(root)


def _theirs(root, delay, size, seed):
    """For each tool seconds up and down."""
    server = SSHServer(data.empty(root) / "sshd", delay)
    try:
        data.large_file(root, size, seed)
        file, there, back, batch = root / "large.bin", root / "there", root / "back", root / "batch"
        found = {"sftp": []}
        for line in (f"put {file} {there}", f"get {there} {back}"):
            batch.write_text(line + "\n")
            found["sftp"].append(_timed("sftp", "-q", "-F", server.config("a"), "-b", batch, "hub"))
        there.unlink()
        back.unlink()
        if shutil.which("rsync"):
            found["rsync"] = [_timed("rsync", "-W", "-e", server.ssh("a"), *way)
                              for way in ((file, f"hub:{there}"), (f"hub:{there}", back))]
        return found
    finally:
        server.close()
        shutil.rmtree(root)


def measure(options, place):
    """Megabytes a second, up and down, by round trip and tool."""
    size = max(int(256 * options.scale), 1) * MIB
    found = {}
    for trip in ROUND_TRIPS:
        rows = _theirs(place / "pipelining", trip / 2, size, options.seed)
        for count in (1, 4):
            rows[f"synchub, {count} connection{'s at most' * (count > 1)}"] = _ours(
                place / "pipelining", trip / 2, size, options.seed, count)
        found[f"{int(trip * 1000)} ms"] = {
            name: [round(size / seconds / 1e6, 1) for seconds in times] for name, times in rows.items()}
    return found


def text(found):
    return "\n".join(f"one large file, round trip {trip}, MB/s up and down: " + ", ".join(
        f"{name} {up} / {down}" for name, (up, down) in rows.items()) for trip, rows in found.items())
