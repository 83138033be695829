"""Exercise 9c. Wrong: the mirror that takes the request first has won, and not
the one that brings the page first.
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
    requests = [asyncio.create_task(ask(each)) for each in mirrors]
    winner = None
    for request in asyncio.as_completed(requests):
        target, reader, writer = await request
        if winner is None:
            winner = target, reader, writer
        else:
            writer.close()
            tell_error(target, started, "io", "the other mirror was first")
    target, reader, writer = winner
    try:
        tell_page(target, started, *await download(reader))
    except (OSError, ValueError) as error:
        tell_error(target, started, "io", error)
    finally:
        writer.close()


async def ask(target):
    """A connection that has taken the request."""
    reader, writer = await asyncio.open_connection(*target.address)
    writer.write(target.request())
    return target, reader, writer


async def download(reader):
    """The status and the body of a page."""
    page = parse(await reader.read())  # until the site closes
    if page is None:
        raise ConnectionError("the connection ended too early")
    return page


if __name__ == "__main__":
    main(crawl)
