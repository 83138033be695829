"""Exercise 9c. Wrong: the second mirror is asked when the first one has failed,
and not before.
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
    won = False
    for target in mirrors:
        if won:
            error = "the other mirror was first"
            tell_error(target, started, "io", error)
            continue
        try:
            tell_page(target, started, *await download(target))
            won = True
        except (OSError, ValueError) as error:
            tell_error(target, started, "io", error)


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
