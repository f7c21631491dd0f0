"""What this machine can do at most, in the same run: copying, hashing, ciphers, durable writes, listing."""
import hashlib
import os
import re
import shutil
import statistics
import subprocess
import time

from . import data

MIB = 1 << 20


def _seconds(body):
    begin = time.monotonic()
    body()
    return time.monotonic() - begin


def _openssl(name):
    """Bytes a second with blocks of 16 KiB on one core; None where openssl does not know it."""
    done = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes", "16384", "-evp", name],
                          capture_output=True, text=True)
    found = re.search(r"(\d+(?:\.\d+)?)k\s*$", done.stdout.strip())
    return float(found.group(1)) * 1000 if done.returncode == 0 and found else None


def _rate(size, body):
    return size / statistics.median(_seconds(body) for _ in range(3))


def _copies(source, copy, size):
    """Bytes a second of copies with and without a sync, turn about; each begins with no copy there and nothing left to write."""
    times = {"cp": [], "cp and fsync": []}
    for _ in range(3):
        for name, found in times.items():
            copy.unlink(missing_ok=True)
            os.sync()
            begin = time.monotonic()
            subprocess.run(["cp", "--reflink=never", source, copy], check=True)
            if name == "cp and fsync":
                with open(copy, "rb+") as file:
                    os.fsync(file.fileno())
            found.append(time.monotonic() - begin)
    return {name: size / statistics.median(found) for name, found in times.items()}


def measure(options, place):
    ground = data.empty(place / "limits")
    size = max(int(1024 * options.scale), 1) * MIB
    source, copy = ground / "large.bin", ground / "copy"
    data.large_file(ground, size, options.seed)
    block = os.urandom(64 * MIB)

    def durable_writes():
        for _ in range(100):
            with open(ground / "small", "wb") as file:
                file.write(b"x" * 4096)
                os.fsync(file.fileno())

    found = {
        **_copies(source, copy, size),
        "SHA-256": _rate(len(block), lambda: hashlib.sha256(block).digest()),
        "aes-128-ctr": _openssl("aes-128-ctr"), "chacha20-poly1305": _openssl("chacha20-poly1305"),
    }
    figures = {name: f"{rate / 1e6:.0f} MB/s" for name, rate in found.items() if rate}
    figures["write of 4 KiB and fsync"] = f"{100 / _seconds(durable_writes):.0f} a second"
    count = max(int(100_000 * options.scale), 1)
    data.small_files(ground / "many", count, 64, options.seed)
    times = [_seconds(lambda: subprocess.run(
        ["find", ground / "many", "-printf", "%p %s %T@ %i\n"], check=True, stdout=subprocess.DEVNULL)) for _ in range(3)]
    figures[f"find -printf of {count} files"] = f"{statistics.median(times):.2f} s"
    shutil.rmtree(ground)
    return figures


def text(figures):
    return "\n".join(f"limit: {name}: {figure}" for name, figure in figures.items())
