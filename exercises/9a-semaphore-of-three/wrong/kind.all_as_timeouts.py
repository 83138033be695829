"""Exercise 9a. Wrong: every failure is told as a timeout."""

import asyncio
import time

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    asyncio.run(fetch_all(targets, limits))


async def fetch_all(targets, limits):
    places = asyncio.Semaphore(limits.concurrency)
    await asyncio.gather(*(fetch(target, places) for target in targets))


async def fetch(target, places):
    """Fetches one target, when there is a place for it, and tells what
    came of it."""
    async with places:
        started = time.monotonic()
        try:
            status, body = await download(target)
            tell_page(target, started, status, body)
        except ConnectionResetError as error:
            tell_error(target, started, "timeout", error)
        except (OSError, ValueError) as error:
            tell_error(target, started, "timeout", error)


async def download(target):
    """The status and the body of a page."""
    reader, writer = await asyncio.open_connection(*target.address)
    try:
        writer.write(target.request())
        page = parse(await reader.read())  # until the site closes
    finally:
        writer.close()
    if page is None:
        raise ConnectionError("the connection ended too early")
    return page


if __name__ == "__main__":
    main(crawl)
