"""One large file over a long way: the rate of SyncHub and of OpenSSH's sftp and rsync, up and down, for round trips of some
length. A rate that a round trip bounds falls with it; one that the wire bounds does not. Each once: it takes its time."""
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
    """Seconds up and down, each of a whole pass with its login, and how many connections have carried."""
    fleet = ours.SyncHub(data.empty(root), delay)
    try:
        fleet.end_agent("b")
        for side in "ab":
            _connections(fleet.home[side], connections)
        data.large_file(fleet.a, size, seed)
        found = []
        for side in "ab":
            before = fleet.wires[side].carriers
            seconds = _timed(fleet.programs / "syncagent", "once", "--home", fleet.home[side])
            found.append((seconds, fleet.wires[side].carriers - before))
        data.compare(fleet.a, fleet.b, "synchub, a long way")
        return found
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
            found["sftp"].append((_timed("sftp", "-q", "-F", server.config("a"), "-b", batch, "hub"), 1))
        there.unlink()
        back.unlink()
        if shutil.which("rsync"):
            found["rsync"] = [(_timed("rsync", "-W", "-e", server.ssh("a"), *way), 1)
                              for way in ((file, f"hub:{there}"), (f"hub:{there}", back))]
        return found
    finally:
        server.close()
        shutil.rmtree(root)


def measure(options, place):
    """Megabytes a second and connections, up and down, by round trip and tool."""
    # At 200 ms the trials of two and of four connections take some ten seconds.
    size = max(int(options.long_mib * options.scale), 1) * MIB
    found = {}
    for trip in ROUND_TRIPS:
        rows = _theirs(place / "pipelining", trip / 2, size, options.seed)
        for count in (1, 4):
            rows[f"synchub, {count} connection{'s at most' * (count > 1)}"] = _ours(
                place / "pipelining", trip / 2, size, options.seed, count)
        found[f"{int(trip * 1000)} ms"] = {
            name: [{"mb_s": round(size / seconds / 1e6, 1), "connections": count} for seconds, count in ways]
            for name, ways in rows.items()}
    return found


def _way(one):
    return f"{one['mb_s']}" + (f" ({one['connections']} connections)" if one["connections"] > 1 else "")


def text(found):
    return "\n".join(f"one large file, round trip {trip}, MB/s up and down: " + ", ".join(
        f"{name} {_way(up)} / {_way(down)}" for name, (up, down) in rows.items()) for trip, rows in found.items())
