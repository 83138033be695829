"""Exercise 9b. Wrong: it opens a connection to see whether the site is there,
closes it, and opens another one for the page.
"""

import asyncio
import time

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    asyncio.run(fetch_all(targets))


async def fetch_all(targets):
    fetches = [fetch(target) for target in targets]
    for next_one in asyncio.as_completed(fetches):
        tell(*await next_one)


def tell(target, started, result):
    if isinstance(result, Exception):
        tell_error(target, started, "io", result)
    else:
        status, body = result
        tell_page(target, started, status, body)


async def fetch(target):
    """Fetches one target: which one, since when, and a page or an error."""
    started = time.monotonic()
    try:
        return target, started, await download(target)
    except (OSError, ValueError) as error:
        return target, started, error


async def download(target):
    """The status and the body of a page."""
    _, first = await asyncio.open_connection(*target.address)
    first.close()
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
