"""The pieces of work. A chain is one set-up and what is measured in it, one after the other."""
from . import data

MIB = 1 << 20


class Step:
    """What is done to A before it is carried to B; measured if it has a row in the table."""

    def __init__(self, row, change, check=lambda a, b, who: None):
        """`check`: what has to hold then, beside that B has what A has."""
        self.row, self.change, self.check = row, change, check


class Chain:
    def __init__(self, name, steps, delay=0.0, options={}):
        """`delay`: of the round trip, in seconds. `options`: by the name of a tool, what it is told beside the usual."""
        self.name, self.steps, self.delay, self.options = name, steps, delay, options


def rename(folder, _):
    (folder / "album").rename(folder / "renamed album")


def chains(scale=1.0):
    """`scale`: of all sizes and counts, for a quick look."""
    def many(count):
        return max(int(count * scale), 1)
    large = many(1024) * MIB
    return [
        Chain("small", [Step("small", lambda a, seed: data.small_files(a, many(10_000), 4096, seed))]),
        Chain("small-40ms", [Step("small-40ms", lambda a, seed: data.small_files(a, many(1_000), 4096, seed))], delay=0.040),
        Chain("large", [
            Step("large", lambda a, seed: data.large_file(a, large, seed)),
            Step("overwrite", lambda a, seed: data.overwrite(a, 64 << 10, seed)),
            Step("insert", lambda a, seed: data.insert(a, MIB, seed)),
        ]),
        Chain("sparse", [
            Step("sparse", lambda a, seed: data.sparse_file(a, max(many(5 * 1024), 16) * MIB, seed), data.check_sparse),
        ], options={"rsync": ("--sparse",)}),
        Chain("rename", [
            Step(None, lambda a, seed: data.small_files(a / "album", many(1_000), 200_000, seed)),
            Step("rename", rename),
        ]),
        Chain("copies", [Step("copies", lambda a, seed: data.copies(a, 50, many(20_000_000), seed))]),
        Chain("unchanged", [
            Step(None, lambda a, seed: data.small_files(a, many(100_000), 64, seed)),
            Step("unchanged", lambda a, seed: None),
        ]),
    ]


ROWS = {
    "small": "10,000 files of 4 KiB",
    "small-40ms": "1,000 files of 4 KiB, 40 ms round trip",
    "large": "one file of 1 GiB",
    "overwrite": "64 KiB overwritten in that file",
    "insert": "one byte inserted at 1 MiB in that file",
    "sparse": "a file of 5 GiB with 1 MiB of data",
    "rename": "directory of 1,000 files, 200 MB, renamed",
    "copies": "50 copies of one 20 MB file",
    "unchanged": "nothing changed, 100,000 files",
}
