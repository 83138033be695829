"""Exercise 9c. Wrong: it waits for both mirrors, and then looks which one was
first.
"""

import asyncio
import time

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    asyncio.run(fetch_all(targets))


async def fetch_all(targets):
    pages = zip(targets[0::2], targets[1::2])
    await asyncio.gather(*(first_of(mirrors) for mirrors in pages))


async def first_of(mirrors):
    """Fetches a page: the first mirror that brings it has won."""
    started = time.monotonic()
    results = await asyncio.gather(*(timed(each) for each in mirrors))
    winner = min(results, key=lambda result: result[0])
    for target, result in zip(mirrors, results):
        _, page, error = result
        if error:
            tell_error(target, started, "io", error)
        elif result is winner:
            tell_page(target, started, *page)
        else:
            tell_error(target, started, "io", "the other mirror was first")


async def timed(target):
    """When a download ended, and its page or its error."""
    try:
        page = await download(target)
        return time.monotonic(), page, None
    except (OSError, ValueError) as error:
        return float("inf"), None, error


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
