"""The QR code that `syncctl invite` draws on a terminal, read by a reader that is not ours."""
import os
import pty
import re
import shutil
import subprocess

from torturing.fleet import Trouble, dying_with_us

# Pixels for a module.
SCALE = 4
WHITE, BLACK = 255, 0
COLOURS = {"40": BLACK, "30": BLACK, "107": WHITE, "97": WHITE}
# Which half of a character has the colour of text.
HALVES = {"█": (True, True), "▀": (True, False), "▄": (False, True), " ": (False, False)}


class Reader:
    """As the clients are looked for and installed."""

    name, program, packages, needs_fuse = "code", "zbarimg", ("zbar-tools",), False

    @classmethod
    def is_here(cls):
        return shutil.which(cls.program) is not None


def check(fleet, root):
    """Invites two phones at a terminal, one with colours and one without; what the reader says has to be where they are told
    to connect."""
    for name, term in (("camera", "xterm"), ("old-camera", "dumb")):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", root / f"{name}.key"], check=True)
        shown = at_terminal(term, [
            fleet.programs / "syncctl", "invite", name, "--sftp-only", "--key", root / f"{name}.key.pub", "--root", root / "hub"])
        if ("\x1b[" in shown) != (term != "dumb"):
            raise Trouble(f"colours on a terminal that is {term}: {shown!r}")
        words = next((line.split() for line in shown.splitlines() if line.startswith("sftp -P ")), None)
        if words is None:
            raise Trouble(f"no line says how {name} connects: {shown}")
        wanted, read = f"sftp://{words[3]}:{words[2]}/", look(shown, root / f"{name}.pgm")
        if read != wanted:
            raise Trouble(f"the code on a terminal that is {term} says {read!r}, and is to say {wanted!r}:\n{shown}")
        fleet.call("syncctl", "revoke", name, "--root", root / "hub")


def at_terminal(term, command):
    """What a program writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": term}
    child = subprocess.Popen(dying_with_us(*command), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    shown = b""
    # At its end Linux says EIO.
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    errors = child.communicate(timeout=60)[1].decode()
    if child.returncode:
        raise Trouble(f"{command[1]} ended with {child.returncode}: {errors}")
    return shown.decode().replace("\r\n", "\n")


def look(shown, picture):
    """Draws the lines that a code is made of, and has them read."""
    lines = [line for line in shown.splitlines() if set(plain(line)) <= set(HALVES) and len(plain(line)) > 20]
    rows = [row for line in lines for row in pixels(line)]
    if not rows or len({len(row) for row in rows}) != 1:
        raise Trouble(f"no code was drawn: {shown}")
    picture.write_bytes(b"P5 %d %d 255\n" % (len(rows[0]), len(rows)) + b"".join(rows))
    done = subprocess.run(
        dying_with_us(Reader.program, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture), capture_output=True, text=True,
        timeout=60)
    if done.returncode:
        raise Trouble(f"{Reader.program} reads nothing in {picture} ({done.returncode}): {done.stderr}\n{shown}")
    return done.stdout.removesuffix("\n")


def plain(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def pixels(line):
    """The rows of pixels of a line. A terminal has light text on a dark ground, if it is not told otherwise."""
    text, ground = WHITE, BLACK
    halves = [], []
    for codes, character in re.findall(r"\x1b\[([0-9;]*)m|(.)", line):
        for code in codes.split(";") if not character else []:
            if code in ("", "0"):
                text, ground = WHITE, BLACK
            elif code in ("97", "30"):
                text = COLOURS[code]
            elif code in ("40", "107"):
                ground = COLOURS[code]
            else:
                raise Trouble(f"a colour that is not known here: {code}")
        if character:
            for half, is_text in zip(halves, HALVES[character]):
                half.append(bytes([text if is_text else ground]) * SCALE)
    return [row for half in halves for row in [b"".join(half)] * SCALE]
