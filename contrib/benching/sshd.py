"""An OpenSSH server for the peers, and how they reach it."""
import os
import pathlib
import shutil
import socket
import subprocess
import time

from . import wire


class SSHServer:
    """`sshd` on a port of its own with a key made for it. `wires` are the ways there: one for A, one for B."""

    def __init__(self, root, delay):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.root / name], check=True)
        shutil.copy(self.root / "user.pub", self.root / "authorized_keys")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        configuration = self.root / "sshd_config"
        configuration.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.root}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"PasswordAuthentication no\nAuthorizedKeysFile {self.root}/authorized_keys\nSubsystem sftp internal-sftp\n"
            "MaxStartups 100\n")
        self.wires = {"a": wire.Wire(port, delay), "b": wire.Wire(port, delay)}
        self.process = subprocess.Popen(
            [shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", configuration], stderr=subprocess.DEVNULL)
        host_key = " ".join((self.root / "host.pub").read_text().split()[:2])
        for name, one in self.wires.items():
            (self.root / f"known_{name}").write_text(f"[127.0.0.1]:{one.port} {host_key}\n")
            # Named hosts, for tools that take a name only.
            (self.root / f"config_{name}").write_text(
                f"Host hub\n HostName 127.0.0.1\n Port {one.port}\n IdentityFile {self.root}/user\n IdentitiesOnly yes\n"
                f" BatchMode yes\n UserKnownHostsFile {self.root}/known_{name}\n Ciphers aes128-ctr,aes256-ctr\n")
        self._wait(port)

    @staticmethod
    def _wait(port):
        for _ in range(200):
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except OSError:
                time.sleep(0.02)
        raise SystemExit("sshd does not answer")

    def config(self, side):
        return self.root / f"config_{side}"

    def ssh(self, side):
        return f"ssh -F {self.config(side)}"

    def close(self):
        self.process.terminate()
        self.process.wait()
        for one in self.wires.values():
            one.close()
