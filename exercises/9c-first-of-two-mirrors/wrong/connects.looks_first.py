"""Exercise 9c. Wrong: it opens a connection to see whether the site is there,
closes it, and opens another one for the page.
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
    fetches = {asyncio.create_task(download(each)): each for each in mirrors}
    won = False
    while fetches and not won:
        done, _ = await asyncio.wait(
            fetches, return_when=asyncio.FIRST_COMPLETED
        )
        task = done.pop()
        target = fetches.pop(task)
        if task.exception():
            tell_error(target, started, "io", task.exception())
        else:
            tell_page(target, started, *task.result())
            won = True
    for task, target in fetches.items():
        task.cancel()
        await asyncio.wait([task])  # until its connection is closed
        tell_error(target, started, "io", "the other mirror was first")


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
