"""A hub, an agent whose folder is watched all the time, and what may ever be seen there."""
import json
import os
import random
import sqlite3
import threading
import time

from torturing.fleet import Fleet, RightClock, Trouble
from torturing.trees import differences, image
from .watch import Watch
from .wire import Wire

PATIENCE = 60


class Wholes:
    """Which contents are whole, and under which names they may be seen."""

    def __init__(self):
        self.paths, self.sizes, self.pieces = {}, {}, []
        self.lock = threading.Lock()

    def allow(self, digest, *paths):
        with self.lock:
            self.paths.setdefault(digest, set()).update(paths)

    def may_be(self, path, digest):
        return path in self.paths.get(digest, ())

    def see(self, path, digest, size):
        with self.lock:
            if not self.may_be(path, digest):
                self.pieces.append((path, f"the agent was given {size} bytes at {path} that nobody ever put there whole"))

    def pieces_below(self, directory):
        with self.lock:
            return [text for path, text in self.pieces if path.split("/")[0] == directory]


class Ground:
    def __init__(self, programs, root, names):
        self.root = root
        self.fleet = Fleet(programs, root, ["ann"], RightClock(), phones=names)
        self.share, self.folder = root / "hub" / "share", root / "ann"
        self.wholes = Wholes()
        self.watch = Watch(self.folder, self.wholes.see)

    def wire(self):
        """A way to the hub of its own."""
        wire = Wire(self.fleet.loop, self.fleet.port)
        self.fleet.know(wire.port)
        return wire

    def arrives(self, path, what, seconds=PATIENCE):
        self.watch.wait(lambda now: now.get(path) == what, f"{path} as it was put, at the agent", seconds)

    def goes(self, path):
        self.watch.wait(
            lambda now: not any(one == path or one.startswith(path + "/") for one in now), f"{path} gone at the agent",
            PATIENCE)

    def write(self, path, data):
        """The agent's user saves a file: never half of it."""
        draft = self.root / f"{path.replace('/', '-')}.draft"
        draft.write_bytes(data)
        os.rename(draft, self.folder / path)

    def waits_with_reason(self, path, words):
        """Until the hub says of a path that it waits, with these words among the reason."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.fleet.ctl("unsynced", "--json")
            for one in json.loads(answer.stdout or "[]"):
                if one["path"] == path and words in one["reason"]:
                    return one["reason"]
            time.sleep(0.1)
        raise Trouble(f"the hub does not say that {path} {words}")

    def finish(self):
        """Everything is the same everywhere, nothing met anything, and no piece was ever anybody's version."""
        self.fleet.wait(PATIENCE * 2, random.Random(1))
        differ = differences(image(os.fsencode(self.share)), image(os.fsencode(self.folder)), "the share", "the folder")
        if differ:
            raise Trouble("\n".join([f"{len(differ)} differences in the end:", *differ[:20]]))
        conflicts = json.loads(self.fleet.ctl("conflicts", "--json").stdout)
        if conflicts:
            raise Trouble(f"conflicts where nobody made one: {conflicts}")
        self.watch.close()
        if self.wholes.pieces:
            raise Trouble("\n".join(text for _, text in self.wholes.pieces))
        self.fleet.stop()
        self.check_history()
        answer = self.fleet.answer("synchub", "check", "--root", self.root / "hub")
        if answer.returncode:
            raise Trouble(f"synchub check: {answer.stdout}{answer.stderr}")

    def check_history(self):
        """The hub's own record of each version there ever was: the folder's watch may have missed one, this has not."""
        journal = sqlite3.connect(f"file:{self.root}/hub/journal.db?mode=ro", uri=True)
        wrong = []
        for path, kind, digest, size, client, change in journal.execute(
                "SELECT path, kind, sha256, size, client, change FROM history ORDER BY seq"):
            path = os.fsdecode(path)
            if client not in ("share", "ann", path.split("/")[0]):
                wrong.append(f"{path} was not changed by {client}")
            # 3: a deletion, which says what there was before.
            if kind == 0 and change != 3 and not self.wholes.may_be(path, digest.hex()):
                wrong.append(f"a version of {path} with {size} bytes is none that was ever whole there")
        journal.close()
        if wrong:
            raise Trouble("\n".join([f"{len(wrong)} wrong versions:", *wrong[:20]]))
