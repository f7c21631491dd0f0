"""A hub with something in it, and clients that speak to its API as agents do."""
import base64
import hashlib
import http.client
import json
import subprocess

from torturing.fleet import Member, RightClock, Trouble, dying_with_us, free_port


class Client:
    def __init__(self, api, name, token, epoch):
        self.api, self.name, self.token, self.epoch, self.number = api, name, token, epoch, 0

    def ask(self, method, path, message=None):
        return self.api.ask(method, path, self.token, message)

    def commit(self, **operation):
        """What the operation was answered with."""
        self.number += 1
        message = {"epoch": self.epoch, "generation": f"{self.name}-1", "acknowledged": 0,
                   "operations": [{"number": self.number, **operation}]}
        return self.ask("POST", "/v1/commit", message)["outcomes"][0]

    def directory(self, name, parent=1):
        return self.commit(verb="create", parent=parent, name=name, content={"kind": "directory", "mode": 0o755})["node"]

    def file(self, name, text, parent=1):
        return self.commit(verb="create", parent=parent, name=name, **content(text))["node"]

    def edit(self, node, text, base=None):
        return self.commit(
            verb="edit", node=node["id"], content_base=base or node["content_version"], **content(text))["node"]

    def delete(self, node):
        return self.commit(
            verb="delete", node=node["id"], content_base=node["content_version"],
            location_base=node["location_version"])["node"]


def content(text):
    data = text.encode()
    return {"content": {"kind": "file", "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "mode": 0o644,
                        "mtime": 1_700_000_000_000_000_000},
            "source": {"inline": base64.b64encode(data).decode()}}


class API:
    def __init__(self, port):
        self.port = port

    def ask(self, method, path, token, message=None):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, message and json.dumps(message), {"Authorization": f"Bearer {token}"})
            answer = line.getresponse()
            body = answer.read()
        finally:
            line.close()
        if answer.status != 200:
            raise Trouble(f"{method} {path}: {answer.status} {body.decode(errors='replace')}")
        return json.loads(body)


class Hub:
    """With a directory `photos`, files with a past, a conflict, one client of each sort, and what is held."""

    def __init__(self, programs, root):
        self.root = root
        port = free_port()
        init = [programs / "synchub", "init", "--root", root / "hub", "--name", "described", "--listen", "127.0.0.1",
                "--sftp-port", free_port(), "--api-port", port]
        done = subprocess.run(dying_with_us(*init), capture_output=True, text=True)
        if done.returncode:
            raise Trouble(f"synchub init: {done.stderr}")
        self.hub = Member("hub", [programs / "synchub", "run", "--root", root / "hub"], root / "hub.log", RightClock())
        self.hub.start(ready="ready:")
        self.api = API(port)
        self.admin_token = (root / "hub" / "admin.token").read_text().strip()
        self.boss = self.join("boss", admin=True)
        self.photos = self.boss.directory("photos")
        self.seen = self.boss.edit(self.boss.file("seen", "one", self.photos["id"]), "another one")
        self.other = self.boss.file("other", "a third one")
        self.boss.edit(self.other, "one way")
        # From the same base: a conflict.
        self.boss.edit(self.other, "the other way", base=1)
        self.boss.delete(self.boss.file("gone", "what was deleted"))
        self.frame = self.join("frame", read_only=True, subtree="photos")
        for name in ("spare", "rest"):
            self.join(name)

    def invite(self, name, **options):
        """What a join is let in by."""
        invite = self.api.ask("POST", "/v1/invite", self.admin_token, {"client": name, **options})["invite"]
        return hashlib.sha256(f"synchub-invite\n{invite['key']}".encode()).hexdigest()

    def join(self, name, **options):
        secret = self.invite(name, **options)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.root / f"{name}.key"], check=True)
        key = (self.root / f"{name}.key.pub").read_text().strip()
        token = self.api.ask("POST", "/v1/join", secret, {"public_key": key})["token"]
        hello = {"version": "1", "generation": f"{name}-1"}
        return Client(self.api, name, token, self.api.ask("POST", "/v1/hello", token, hello)["epoch"])

    def stop(self):
        self.hub.see_that_it_lives()
        self.hub.stop()
