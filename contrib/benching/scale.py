"""What grows with the tree, or with the number of clients: a restart, a million nodes, a hundred long polls."""
import contextlib
import http.client
import json
import os
import selectors
import socket
import statistics
import subprocess
import time

from . import data, ours

ROWS = {
    "restart": "restart to in-sync, 100,000 files",
    "nodes": "1,000,000 nodes: memory at rest, and an edit",
    "polls": "100 clients held in long polls, one committing",
}


def _resident(process):
    """In bytes."""
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def restart(options, place):
    """From the start of an agent that has everything until the hub calls it in sync, beside a mere listing."""
    fleet = ours.SyncHub(data.empty(place / "scale"), 0)
    try:
        count = max(int(100_000 * options.scale), 1)
        data.small_files(fleet.a, count, 64, options.seed)
        fleet.carry()
        times, lists, moved = [], [], []
        for _ in range(options.repeat):
            fleet.end_agent("b")
            begin = time.monotonic()
            subprocess.run(["find", fleet.b, "-printf", "%p %s %T@ %i\n"], check=True, stdout=subprocess.DEVNULL)
            lists.append(time.monotonic() - begin)
            before = sum(fleet.wires["b"].bytes)
            begin = time.monotonic()
            fleet.run_agent("b")
            # A barrier that only this process can pass: it has looked at everything.
            fleet.wait("b")
            times.append(time.monotonic() - begin)
            moved.append(sum(fleet.wires["b"].bytes) - before)
        return {"files": count, "seconds": times, "find_seconds": lists, "bytes": moved,
                "ratio": round(statistics.median(times) / statistics.median(lists), 2)}
    finally:
        fleet.close()
        data.empty(place / "scale").rmdir()


def _edits(fleet, count=20):
    """Median seconds from the close of a written file until the share has it."""
    name, share = "d0/edited.bin", fleet.root / "hub" / "share"
    times = []
    for _ in range(count):
        content = os.urandom(4096)
        (fleet.a / name).write_bytes(content)
        begin = time.monotonic()
        while True:
            with contextlib.suppress(FileNotFoundError):
                if (share / name).read_bytes() == content:
                    break
            if time.monotonic() - begin > 60:
                raise SystemExit("an edit did not reach the share within a minute")
            time.sleep(0.0005)
        times.append(time.monotonic() - begin)
        fleet.wait("a")
    return statistics.median(times)


def _tree(folder, count):
    """Directories of a thousand small files each."""
    for directory in range(max(count // 1000, 1)):
        where = folder / f"d{directory}"
        where.mkdir()
        for number in range(min(count, 999)):
            (where / f"f{number}").write_bytes(b"%d %d" % (directory, number))


def nodes(options, place):
    """Hub and one agent with few and with many nodes: resident memory at rest, and how soon an edit is in the share."""
    found = {}
    for count in (1_000, max(int(1_000_000 * options.scale), 1_000)):
        fleet = ours.SyncHub(data.empty(place / "scale"), 0)
        try:
            fleet.end_agent("b")
            fleet.call("syncctl", "revoke", "b", "--root", fleet.root / "hub")
            _tree(fleet.a, count)
            begin = time.monotonic()
            fleet.call("syncagent", "once", "--home", fleet.home["a"])
            first = time.monotonic() - begin
            fleet.run_agent("a")
            fleet.wait("a")
            edit = _edits(fleet)
            time.sleep(5)
            found[count] = {"first_sync_s": round(first, 1), "edit_ms": round(edit * 1000, 1),
                            "hub_mb": round(_resident(fleet.processes["hub"]) / 1e6, 1),
                            "agent_mb": round(_resident(fleet.processes["a"]) / 1e6, 1)}
        finally:
            fleet.close()
            data.empty(place / "scale").rmdir()
    few, many = found.values()
    return {"nodes": found, "edit_ratio": round(many["edit_ms"] / few["edit_ms"], 2)}


class _Poll:
    """A client's long poll, straight to the API."""

    def __init__(self, port, token, query):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(f"GET /v1/changes?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                            f"Authorization: Bearer {token}\r\n\r\n".encode())
        self.socket.setblocking(False)


def _ask(port, token, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body and json.dumps(body), {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {text[:500]}")
    return json.loads(text)


def polls(options, place):
    """From the close of a file at A until each of the clients has been told, and the hub's memory meanwhile."""
    fleet = ours.SyncHub(data.empty(place / "scale"), 0)
    try:
        count = max(int(100 * options.scale), 2)
        port = fleet.api_port
        tokens = []
        for number in range(count):
            name, home = f"c{number}", fleet.root / f"c{number}.home"
            invite = fleet.call("syncctl", "invite", name, "--root", fleet.root / "hub")
            fleet.call("syncagent", "join", "-", "--home", home, "--folder", fleet.root / f"c{number}", input=invite)
            tokens.append((home / "token").read_text().strip())
        fleet.run_agent("a")
        fleet.wait("a,b")
        rounds = []
        for turn in range(max(options.repeat, 3) + 1):
            held = []
            for number, token in enumerate(tokens):
                hello = _ask(port, token, "POST", "/v1/hello", {"version": "bench", "generation": f"{number:032x}"})
                query = f"since={hello['head']}&wait=50&epoch={hello['epoch']}"
                held.append(_Poll(port, token, query))
            time.sleep(1)
            told = selectors.DefaultSelector()
            for poll in held:
                told.register(poll.socket, selectors.EVENT_READ)
            (fleet.a / "edited.bin").write_bytes(os.urandom(4096))
            times, begin = [], None
            while len(times) < count:
                for key, _ in told.select(30):
                    # From the first one that was told: the way of the edit to the hub is another row's.
                    begin = begin or time.monotonic()
                    times.append(time.monotonic() - begin)
                    told.unregister(key.fileobj)
                    key.fileobj.close()
            # The first round opens what the others find open.
            if turn > 0:
                rounds.append(max(times) * 1000)
            fleet.wait("a,b")
        return {"clients": count, "all_told_ms": [round(one, 1) for one in rounds],
                "hub_mb": round(_resident(fleet.processes["hub"]) / 1e6, 1)}
    finally:
        fleet.close()
        data.empty(place / "scale").rmdir()


def measure(options, place):
    pieces = {"restart": restart, "nodes": nodes, "polls": polls}
    return {row: pieces[row](options, place) for row in ROWS if row in options.rows}


def text(found):
    return "\n".join(f"{ROWS[row]}: {json.dumps(one)}" for row, one in found.items())
