#!/usr/bin/env python3
"""What it costs that sessions tell what they do: sftp-server with its log on a socket that keeps records apart, and somebody who
reads them, beside one that says nothing. Turn about, in one run, without a network: OpenSSH's `sftp -D` starts the server itself.

Usage: contrib/benching/sessions.py [--files N] [--mib N] [--repeat N] [--directory DIR]
"""
import argparse
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

SERVER = next((one for one in ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server") if os.access(one, os.X_OK)),
              None) or shutil.which("sftp-server")


def read(listener, counts):
    """All records until the session ends."""
    while record := listener.recv(8192):
        counts.append(len(record))


def session(level, directory, batch):
    """One session with a batch of commands. Returns seconds, CPU seconds of client and server, and records."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    counts = []
    reader = threading.Thread(target=read, args=(ours, counts))
    reader.start()
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["sftp", "-q", "-b", "-", "-D", f"{SERVER} -e -l {level}"], input=batch, text=True, cwd=directory,
                   stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    theirs.close()
    reader.join()
    ours.close()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, len(counts)


def measure(options, place):
    small, large = place / "small", place / "large"
    small.mkdir()
    for number in range(options.files):
        (small / f"{number:06}").write_bytes(os.urandom(4096))
    with open(large, "wb") as file:
        for _ in range(options.mib):
            file.write(os.urandom(1 << 20))
    found = {}
    for _ in range(options.repeat):
        for level in ("ERROR", "VERBOSE"):
            for name, source, size in (("small", f"{small}/*", options.files), ("large", large, options.mib)):
                share = place / "share"
                share.mkdir()
                os.sync()
                found.setdefault((name, level), []).append((size, *session(level, share, f"put {source} ./\n")))
                shutil.rmtree(share)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=3000, help="of 4 KiB; by default %(default)s")
    parser.add_argument("--mib", type=int, default=512, help="of the large one; by default %(default)s")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--directory", type=pathlib.Path, help="where to write; by default in the temporary directory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as place:
        found = measure(options, pathlib.Path(place))
    for name, unit in (("small", "files/s"), ("large", "MiB/s")):
        for level in ("ERROR", "VERBOSE"):
            runs = found[name, level]
            speeds = sorted(size / seconds for size, seconds, _, _ in runs)
            cpu = statistics.median(cpu for _, _, cpu, _ in runs)
            print(f"{name} {level}: {statistics.median(speeds):.0f} {unit} ({speeds[0]:.0f}–{speeds[-1]:.0f}), "
                  f"cpu {cpu:.2f} s, {runs[0][3]} records")


if __name__ == "__main__":
    main()
