"""A TCP proxy on loopback that delays, cuts and falls silent."""
import asyncio
import contextlib
import threading


class Proxy:
    """Between one agent and its hub. Its methods may be called by any thread."""

    def __init__(self, loop, target):
        self.loop, self.target = loop, target
        self.delay = 0.0
        self.refusing = False
        self.writers = set()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), loop).result()

    async def _listen(self):
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        return self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        if self.refusing:
            return writer.transport.abort()
        try:
            onward = await asyncio.open_connection("127.0.0.1", self.target, limit=1 << 20)
        except OSError:
            return writer.transport.abort()
        self.writers |= {writer, onward[1]}
        try:
            await asyncio.gather(self._pump(reader, onward[1]), self._pump(onward[0], writer))
        finally:
            for one in (writer, onward[1]):
                one.transport.abort()
                self.writers.discard(one)

    async def _pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while block := await reader.read(1 << 16):
                if self.delay:
                    await asyncio.sleep(self.delay)
                # Silent: what arrives is kept, and the connections stay open.
                await self.flowing.wait()
                writer.write(block)
                await writer.drain()
        writer.transport.abort()

    def cut(self):
        """Breaks all connections; new ones work."""
        def abort():
            for writer in list(self.writers):
                writer.transport.abort()
        self.loop.call_soon_threadsafe(abort)

    def set(self, *, refusing=False, silent=False, delay=0.0):
        """How it is from now on; without arguments everything flows."""
        def change():
            self.refusing, self.delay = refusing, delay
            (self.flowing.clear if silent else self.flowing.set)()
        self.loop.call_soon_threadsafe(change)
        if refusing:
            self.cut()


def start_loop():
    """An event loop on a thread of its own, which ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop
