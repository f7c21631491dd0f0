"""Where the measuring is done: a file system of its own, since what else a disk holds changes what it costs."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile


# xfs and btrfs share blocks between files; ext4 does not.
MAKING = {
    "ext4": ("-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("-q", "-f"),
    "btrfs": ("-q", "-f"),
}


@contextlib.contextmanager
def bench_disk(gibibytes, kind="ext4"):
    """A directory on a fresh file system of a kind, in a sparse image; a plain directory for who may not mount.

    Yields the directory and what it is, in words.
    """
    root = pathlib.Path(tempfile.mkdtemp(prefix="synchub-bench-"))
    try:
        if os.geteuid() != 0:
            yield root, "a directory on " + _kind(root) + " (only root may make a file system of its own)"
            return
        image, place = root / "image", root / "disk"
        place.mkdir()
        with open(image, "wb") as file:
            file.truncate(gibibytes << 30)
        subprocess.run([f"mkfs.{kind}", *MAKING[kind], image], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "loop,discard", image, place], check=True)
        try:
            yield place, f"{kind} in a sparse image on " + _kind(root)
        finally:
            subprocess.run(["umount", place], check=False)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _kind(path):
    return subprocess.run(
        ["stat", "-f", "-c", "%T", path], check=True, capture_output=True, text=True).stdout.strip()
