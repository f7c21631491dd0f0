"""Trees made from a seed, what is done to them, and whether two of them are equal."""
import hashlib
import os
import pathlib
import random
import shutil


def fill(path, size, random):
    """A file of random bytes."""
    with open(path, "wb", buffering=0) as file:
        while size > 0:
            size -= file.write(random.randbytes(min(size, 4 << 20)))


def small_files(root, count, size, seed):
    """`count` files of `size` bytes, a hundred in each directory."""
    source = random.Random(seed)
    for number in range(count):
        directory = root / f"d{number // 100:04}"
        if number % 100 == 0:
            directory.mkdir(parents=True)
        (directory / f"file-{number:06}.dat").write_bytes(source.randbytes(size))


def large_file(root, size, seed):
    root.mkdir(parents=True, exist_ok=True)
    fill(root / "large.bin", size, random.Random(seed))


# What a sparse file holds: so many pieces of so many bytes.
PIECES, PIECE = 16, 64 << 10


def sparse_file(root, size, seed):
    """A file that is holes but for a few pieces of random bytes at places that the seed says."""
    root.mkdir(parents=True, exist_ok=True)
    source = random.Random(seed)
    with open(root / "sparse.bin", "wb", buffering=0) as file:
        file.truncate(size)
        for block in source.sample(range(size // PIECE), PIECES):
            file.seek(block * PIECE)
            file.write(source.randbytes(PIECE))


def check_sparse(source, target, who):
    """Ends the bench if holes became data on the other side; those below 1 MiB, between two pieces, may."""
    here, there = (os.stat(root / "sparse.bin").st_blocks * 512 for root in (source, target))
    if there > here + (PIECES << 20):
        raise SystemExit(f"{who}: sparse.bin takes {here} bytes of the disk in {source} and {there} in {target}")


def copies(root, count, size, seed):
    root.mkdir(parents=True, exist_ok=True)
    fill(root / "copy-00.bin", size, random.Random(seed))
    for number in range(1, count):
        shutil.copyfile(root / "copy-00.bin", root / f"copy-{number:02}.bin")


def overwrite(root, size, seed):
    """`size` new bytes in the middle of the large file."""
    with open(root / "large.bin", "r+b") as file:
        file.seek(os.path.getsize(root / "large.bin") // 2)
        file.write(random.Random(seed).randbytes(size))


def insert(root, offset, seed):
    """One byte more in the large file: written anew, as an editor would."""
    old, new = root / "large.bin", root / ".new"
    with open(old, "rb") as source, open(new, "wb") as target:
        target.write(source.read(offset) + bytes([seed % 256]))
        shutil.copyfileobj(source, target, 4 << 20)
    new.rename(old)


def contents(root):
    """What each path below a directory is: kind, and for a file its mode and the digest of its bytes. What a tool keeps for
    itself (names that begin with `.synchub` or `.st`) is not the user's."""
    found, ring = {}, [""]
    while ring:
        inside = ring.pop()
        with os.scandir(os.path.join(root, inside)) as entries:
            for entry in entries:
                if entry.name.startswith((".synchub", ".st", ".unison")):
                    continue
                path = os.path.join(inside, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    found[path] = "directory"
                    ring.append(path)
                else:
                    with open(entry.path, "rb", buffering=0) as file:
                        digest = hashlib.file_digest(file, "sha256").hexdigest()
                    found[path] = (entry.stat().st_mode & 0o777, digest)
    return found


def compare(source, target, who):
    """Ends the bench if two directories are not equal, byte for byte."""
    here, there = contents(source), contents(target)
    if here != there:
        wrong = sorted(path for path in here.keys() | there.keys() if here.get(path) != there.get(path))
        raise SystemExit(f"{who}: {len(wrong)} of {len(here)} differ between {source} and {target}, the first is {wrong[0]}")


def empty(directory):
    """An empty directory of that name."""
    shutil.rmtree(directory, ignore_errors=True)
    pathlib.Path(directory).mkdir(parents=True)
    return pathlib.Path(directory)
