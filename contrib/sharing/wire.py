"""A way to the hub that breaks, or stands still, after so many bytes."""
import contextlib
import threading

from torturing.proxy import Proxy


class Wire(Proxy):
    """Carries one client. Its methods may be called by any thread."""

    def __init__(self, loop, target):
        self.left = {}
        self.held = threading.Event()
        super().__init__(loop, target)

    def hold_at(self, up=None, down=None):
        """After so many bytes towards the hub, or from it, nothing flows until `let_go`. `held` tells when it is so far."""
        self.held.clear()
        self.left = {is_up: count for is_up, count in ((True, up), (False, down)) if count is not None}

    def let_go(self):
        self.left = {}
        self.set()

    def lose(self):
        """The line is lost, and stays so until `let_go`."""
        self.set(refusing=True)

    async def _pump(self, reader, writer):
        is_up = writer.get_extra_info("peername")[1] == self.target
        with contextlib.suppress(OSError):
            while block := await reader.read(1 << 16):
                await self.flowing.wait()
                if is_up in self.left:
                    self.left[is_up] -= len(block)
                    if self.left[is_up] < 0:
                        self.flowing.clear()
                        self.held.set()
                        await self.flowing.wait()
                writer.write(block)
                await writer.drain()
        writer.transport.abort()
