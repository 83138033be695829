"""Chapter 9: asyncio, the library on top of chapters 5 to 8.

Nothing below chapter 8's `fetch` is written here any more. asyncio brings
the event loop, tasks that can be awaited and cancelled, futures, `gather`,
locks, and connections with buffers, which it calls streams (`crawl`). One
level below the streams it waits for sockets (`crawl_with_sockets`): there
the fetch is chapter 8's again.

To cancel a task is to throw `CancelledError` into its coroutine, at the
`await` where it waits. The coroutine may catch it, clean up with more
`await`s, and raise it again. A time limit is such a cancellation.

One promise of the Rust stage is not kept by the streams: they raise as
soon as they hear of a reset, also while they connect. If the server had
sent its page before, the page is lost. With sockets it is received.

It needs Python 3.11, the first one with `TaskGroup`.
"""

import asyncio
import socket
import sys
from asyncio import Queue, Semaphore

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, DeadlinePassed, Exchange, Page
from crawl import feature, main


def crawl(targets, limits, done):
    """Fetches the targets, and hands each outcome to `done` as it comes.

    A task is made when the semaphore has room for it. With `async with
    in_flight` in the fetch there would be a task for every target from the
    start, and most of them would wait in line.
    """
    feature(asyncio, "TaskGroup")  # older Pythons are not supported
    asyncio.run(fetch_all(targets, limits, done))


async def fetch_all(targets, limits, done):
    in_flight = Semaphore(limits.concurrency)
    fetches = []
    for index, target in enumerate(targets):
        await in_flight.acquire()
        task = asyncio.create_task(fetch(index, target, limits, done))
        # However it ends, and also if it never begins.
        task.add_done_callback(lambda _: in_flight.release())
        fetches.append(task)
    await asyncio.gather(*fetches)


async def fetch(index, target, limits, done):
    """Fetches one target."""
    exchange = Exchange(target, limits)
    while True:
        page = await in_time(exchange, download(exchange))
        if not exchange.try_next_address(page):
            break
    # The loop calls `done`: if that ends the program, no task has failed.
    loop = asyncio.get_running_loop()
    loop.call_soon(done, exchange.finish(index, page))


async def in_time(exchange, download):
    """The page that a download brings, or the error that ends it.

    `asyncio.timeout` would be shorter, and lose a page: when a loop that
    was kept busy finds the last bytes and a passed deadline in the same
    turn, it cancels the download before the download can read them. `wait`
    cancels nothing, so the download takes its step first.
    """
    task = asyncio.create_task(download)
    await asyncio.wait([task], timeout=exchange.time_left())
    if not task.done():
        # A program that was stopped may not have looked at its sockets.
        await asyncio.wait([task], timeout=0)
    if not task.done():
        task.cancel()
        await asyncio.wait([task])  # until its socket is closed
    if task.cancelled():
        return DeadlinePassed("the deadline passed")
    return await result_of(task)


async def download(exchange):
    reader, writer = await asyncio.open_connection(*exchange.address())
    try:
        exchange.connected(None)
        await send(writer, exchange)
        return await receive(reader, exchange)
    finally:
        # Not `close`, which would first send what is not sent yet.
        writer.transport.abort()


async def send(writer, exchange):
    """Sends the request."""
    request = exchange.unsent()
    writer.write(request)
    drained = await result_of(writer.drain())
    exchange.sent(len(request) if drained is None else drained)


async def receive(reader, exchange):
    """Receives until the page is complete."""
    received = None
    while not isinstance(received, Page):
        chunk = await result_of(reader.read(CHUNK_BYTES))
        received = exchange.received(chunk)
    return received


async def result_of(awaitable):
    """What an awaitable comes to or, as a value, the `OSError` that it
    raises: an exchange takes both."""
    try:
        return await awaitable
    except OSError as error:
        return error


# The same, one level below: sockets instead of streams.


def crawl_with_sockets(targets, limits, done):
    """Fetches the targets, and hands each outcome to `done` as it comes:
    chapter 8's code, with this library's waiting."""
    feature(asyncio, "TaskGroup")
    asyncio.run(sock_fetch_all(targets, limits, done))


async def sock_fetch_all(targets, limits, done):
    finished = Queue()
    in_flight = 0
    # The group keeps its tasks; the loop alone might lose them.
    async with asyncio.TaskGroup() as group:
        for index, target in enumerate(targets):
            if in_flight == limits.concurrency:
                done(await finished.get())
                in_flight -= 1
            group.create_task(sock_fetch(index, target, limits, finished))
            in_flight += 1
        for _ in range(in_flight):
            done(await finished.get())


async def sock_fetch(index, target, limits, finished):
    """Fetches one target."""
    exchange = Exchange(target, limits)
    while True:
        page = await in_time(exchange, sock_download(exchange))
        if not exchange.try_next_address(page):
            break
    finished.put_nowait(exchange.finish(index, page))


async def sock_download(exchange):
    with socket.socket(exchange.family()) as sock:
        sock.setblocking(False)
        await sock_connect(sock, exchange)
        await sock_send(sock, exchange)
        return await sock_receive(sock, exchange)


async def sock_connect(sock, exchange):
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect(sock, exchange.address())
    exchange.connected(await result_of(connect))


async def sock_send(sock, exchange):
    """Sends the request."""
    loop = asyncio.get_running_loop()
    request = exchange.unsent()
    sent = await result_of(loop.sock_sendall(sock, request))
    exchange.sent(len(request) if sent is None else sent)


async def sock_receive(sock, exchange):
    """Receives until the page is complete."""
    loop = asyncio.get_running_loop()
    received = None
    while not isinstance(received, Page):
        chunk = await result_of(loop.sock_recv(sock, CHUNK_BYTES))
        received = exchange.received(chunk)
    return received


if __name__ == "__main__":
    main({"asyncio": crawl, "asyncio-socket": crawl_with_sockets})
