"""How fast a core hashes and cuts, and how many instructions the hot loops take (callgrind): the latter hold still."""
import pathlib
import re
import shutil
import subprocess
import tempfile

COUNTED = {"cut": "instructions to cut 1 MiB into chunks", "plan": "instructions of the planner for 1,000 nodes"}


def _instructions(program, work, rounds):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--counted", work, str(rounds)],
        capture_output=True, text=True, check=True)
    return int(re.search(r"Collected\s*:\s*(\d+)", done.stderr).group(1))


def measure(program):
    """`program`: hashrate, as it was built beside the others."""
    if not program.exists():
        return {}
    figures = {}
    for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
        name, rate, unit = line.rsplit(" ", 2)
        figures[name] = f"{rate} {unit} of one core"
    if shutil.which("valgrind"):
        with tempfile.TemporaryDirectory() as place:
            # Valgrind cannot read what Swift tells debuggers.
            bare = pathlib.Path(place) / "hashrate"
            subprocess.run(["strip", "-o", bare, program], check=True)
            for work, title in COUNTED.items():
                one, two = (_instructions(bare, work, rounds) for rounds in (4, 8))
                figures[title] = f"{(two - one) / 4:,.0f}"
    return figures


def text(figures):
    return "\n".join(f"rate: {name}: {figure}" for name, figure in figures.items())
