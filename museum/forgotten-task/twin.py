"""The same mistake with Python's asyncio: see README.md."""

import asyncio
import time

from plumbing import main, parse, tell_error, tell_page


async def fetch_all(targets, limits):
    in_flight = asyncio.Semaphore(limits.concurrency)
    finished = asyncio.Queue()
    fetches = [fetch(target, limits.deadline, in_flight, finished)
               for target in targets]
    closing = asyncio.create_task(fetch_and_close(fetches, finished))
    while (outcome := await finished.get()) is not None:
        tell, *words = outcome
        tell(*words)
    await closing


async def fetch_and_close(fetches, finished):
    """Runs all fetches, and says when the last one has ended."""
    asyncio.gather(*fetches)
    finished.put_nowait(None)


async def fetch(target, deadline, in_flight, finished):
    async with in_flight:
        started = time.monotonic()
        try:
            page = await asyncio.wait_for(download(target), deadline)
        except asyncio.TimeoutError:
            outcome = tell_error, target, started, "timeout", "too late"
        except (OSError, ValueError) as error:
            outcome = tell_error, target, started, "io", error
        else:
            outcome = tell_page, target, started, *page
    finished.put_nowait(outcome)


async def download(target):
    reader, writer = await asyncio.open_connection(*target.address)
    try:
        writer.write(target.request())
        data = b""
        while (page := parse(data)) is None:
            chunk = await reader.read(65536)
            if not chunk:
                raise ConnectionError("the connection ended too early")
            data += chunk
        return page
    finally:
        writer.close()


main(lambda targets, limits: asyncio.run(fetch_all(targets, limits)))
