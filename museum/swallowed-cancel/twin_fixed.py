"""The same mistake with Python's asyncio: see README.md."""

import asyncio
import time

from plumbing import main, parse, tell_error, tell_page


async def fetch_all(targets, limits):
    in_flight = asyncio.Semaphore(limits.concurrency)
    await asyncio.gather(*(fetch(target, limits.deadline, in_flight)
                           for target in targets))


async def fetch(target, deadline, in_flight):
    async with in_flight:
        started = time.monotonic()
        try:
            page = await asyncio.wait_for(download(target), deadline)
        except asyncio.TimeoutError:
            tell_error(target, started, "timeout", "too late")
        except (OSError, ValueError) as error:
            tell_error(target, started, "io", error)
        else:
            tell_page(target, started, *page)


async def download(target):
    reader, writer = await asyncio.open_connection(*target.address)
    try:
        writer.write(target.request())
        return await receive(reader)
    finally:
        writer.close()


async def receive(reader):
    data = b""
    while (page := parse(data)) is None:
        try:
            chunk = await reader.read(65536)
        except asyncio.CancelledError:
            raise  # let it go on outward
        if not chunk:
            raise ConnectionError("the connection ended too early")
        data += chunk
    return page


main(lambda targets, limits: asyncio.run(fetch_all(targets, limits)))
