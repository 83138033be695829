import asyncio
import socket
import threading

from tracing import words

MANY = 10 << 20  # more than the system takes while nobody receives


def trace(*what):
    print(" -", *what, flush=True)


class Server(threading.Thread):
    """Sends some bytes, and counts what comes until the end. It receives
    from the beginning, or only when it is told to."""

    def __init__(self, data, closes=False, receives=True):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.data, self.closes, self.count = data, closes, 0
        self.may_receive = threading.Event()
        if receives:
            self.may_receive.set()
        self.start()

    def run(self):
        with self.listener, self.listener.accept()[0] as client:
            client.sendall(self.data)
            if self.closes:
                client.shutdown(socket.SHUT_WR)
            self.may_receive.wait()
            try:
                while chunk := client.recv(65536):
                    self.count += len(chunk)
            except ConnectionResetError:
                pass  # all has come, and the client closes both sides

    async def connect(self):
        return await asyncio.open_connection(*self.listener.getsockname())

    async def counted(self):
        await asyncio.to_thread(self.join)
        return self.count


async def arrived(data):
    """A reader for which all of this is there already, and its end."""
    server = Server(data, closes=True)
    reader, writer = await server.connect()
    await asyncio.sleep(0.1)
    return reader, writer


async def error_of(awaitable):
    try:
        trace("no error:", await awaitable)
    except (EOFError, OSError, ValueError, RuntimeError) as error:
        trace(words(error))
        return error
    except asyncio.LimitOverrunError as error:
        trace(words(error))
        return error


async def nothing_to_wait_for():
    server = Server(b"")
    reader, writer = await server.connect()
    trace("nothing", await reader.read(0), await reader.readexactly(0))
    waiting = asyncio.create_task(reader.read(10))
    await asyncio.sleep(0)
    writer.close()
    trace("is closing:", writer.is_closing())
    await writer.wait_closed()
    trace("who waits at the close:", await waiting, reader.at_eof())
    await error_of(writer.drain())
    writer.close()
    trace("again, and", await server.counted())


async def eof_after_the_rest():
    server = Server(b"hello", receives=False)
    reader, writer = await server.connect()
    writer.write(bytes(MANY))
    writer.write_eof()
    try:
        writer.write(b"more")
    except RuntimeError as error:
        trace(words(error))
    writer.write_eof()
    trace(await reader.readexactly(5))
    server.may_receive.set()
    await writer.drain()
    trace("the end:", await reader.read(10), reader.at_eof())
    trace("the server has all:", await server.counted() == MANY)
    writer.close()
    await writer.wait_closed()


async def close_after_the_rest():
    server = Server(b"", receives=False)
    reader, writer = await server.connect()
    writer.write(bytes(MANY))
    writer.close()
    writer.write(b"more")  # of what is sent before the end
    server.may_receive.set()
    await writer.wait_closed()
    trace("more:", await server.counted() == MANY + 4)


async def until():
    reader, writer = await arrived(b"a|b||c|||de\nf")
    trace(await reader.readuntil(b"||"), await reader.readuntil(b"||"))
    trace(await reader.readline(), await reader.readline())
    trace("at the end:", await reader.readline(), reader.at_eof())
    await error_of(reader.readuntil(b"|"))
    await error_of(reader.readuntil(b""))
    writer.close()


async def too_few():
    reader, writer = await arrived(b"abc")
    error = await error_of(reader.readexactly(10))
    trace(error.partial, error.expected, reader.at_eof())
    await error_of(reader.readexactly(1))
    writer.close()
    reader, writer = await arrived(b"abc")
    error = await error_of(reader.readuntil(b"|"))
    trace(error.partial, reader.at_eof())
    writer.close()


async def too_long():
    reader, writer = await arrived(65536 * b"x" + b"\nrest\n")
    trace("fits:", len(await reader.readline()), await reader.readline())
    writer.close()
    reader, writer = await arrived(65537 * b"x" + b"\nrest\n")
    await error_of(reader.readline())
    trace("goes on with", await reader.readline())
    writer.close()
    reader, writer = await arrived(65537 * b"x" + b"\nrest\n")
    for _ in range(2):
        error = await error_of(reader.readuntil(b"\n"))
        trace("consumed", error.consumed)
    trace("exactly", len(await reader.readexactly(error.consumed)))
    trace(await reader.readline(), await reader.readline())
    writer.close()
    reader, writer = await arrived(100_000 * b"x")
    await error_of(reader.readline())
    writer.close()


async def main():
    await nothing_to_wait_for()
    await eof_after_the_rest()
    await close_after_the_rest()
    await until()
    await too_few()
    await too_long()


asyncio.run(main())
