"""A TCP proxy on loopback that counts bytes and delays them, in a process of its own so that it takes no turns from the
bench. Undelayed bytes never leave the kernel (splice)."""
import collections
import contextlib
import ctypes
import multiprocessing
import os
import signal
import socket
import threading
import time

BLOCK = 1 << 20
# What takes its turn as one.
PART = 64 << 10
# How much is on the way at most, in bytes and in each direction: far more than any window, so that only time is lost.
IN_FLIGHT = 256 << 20
# A connection that has carried so many bytes, both ways together, carries files.
MUCH = 1 << 20


class Wire:
    """From `port` to a port of this machine. Counts the bytes from and to who connects, and the connections that carry files."""

    def __init__(self, target, delay=0.0, rate=None):
        """`delay`: in seconds, each way. `rate`: bytes a second each way, of all connections together; what comes faster waits
        in one long queue, as in a router at home."""
        self._counts = multiprocessing.Array(ctypes.c_int64, 3, lock=False)
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = listener.getsockname()[1]
        # SAFETY: forked before the bench has threads of its own that hold locks which the child would need.
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(listener, target, delay, rate, self._counts), daemon=True)
        self._process.start()
        listener.close()

    @property
    def bytes(self):
        """Up and down, so far."""
        return self._counts[0], self._counts[1]

    @property
    def carriers(self):
        """How many connections have carried more than ``MUCH``, so far."""
        return self._counts[2]

    def close(self):
        self._process.kill()
        self._process.join()


def _serve(listener, target, delay, rate, counts):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    lock = threading.Lock()
    busy = [0.0, 0.0]

    def counter():
        """Of one connection."""
        carried = 0

        def count(which, number):
            nonlocal carried
            with lock:
                counts[which] += number
                counts[2] += carried <= MUCH < carried + number
                carried += number

        return count

    def due(which, number):
        """When so many bytes that come now have arrived."""
        with lock:
            busy[which] = max(busy[which], time.monotonic()) + (number / rate if rate else 0.0)
            return busy[which] + delay

    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", target))
        except OSError:
            near.close()
            continue
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        count = counter()
        for which, source, sink in ((0, near, far), (1, far, near)):
            body = _delayed if delay or rate else _straight
            threading.Thread(target=body, args=(source, sink, due, which, count), daemon=True).start()


def _end(sink):
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _straight(source, sink, _, which, count):
    inlet, outlet = os.pipe()
    with contextlib.suppress(OSError):
        import fcntl
        fcntl.fcntl(inlet, 1031, BLOCK)  # F_SETPIPE_SZ
    try:
        while taken := os.splice(source.fileno(), outlet, BLOCK):
            count(which, taken)
            while taken:
                taken -= os.splice(inlet, sink.fileno(), taken)
    except OSError:
        pass
    finally:
        os.close(inlet)
        os.close(outlet)
        _end(sink)


def _delayed(source, sink, due, which, count):
    queue, changed, held = collections.deque(), threading.Condition(), 0

    def deliver():
        nonlocal held
        while True:
            with changed:
                while not queue:
                    changed.wait()
                moment, block = queue.popleft()
            time.sleep(max(moment - time.monotonic(), 0))
            if not block:
                return _end(sink)
            try:
                sink.sendall(block)
            except OSError:
                return
            with changed:
                held -= len(block)
                changed.notify_all()

    threading.Thread(target=deliver, daemon=True).start()
    block = b"-"
    while block:
        try:
            block = source.recv(PART)
        except OSError:
            block = b""
        count(which, len(block))
        with changed:
            queue.append((due(which, len(block)), block))
            held += len(block)
            changed.notify_all()
            while held > IN_FLIGHT:
                changed.wait()
