"""Exercise 10a. Wrong: the loops share how far they are in the list. Each reads
it, connects, and then writes the next number.
"""

import asyncio
import multiprocessing
import time

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    context = multiprocessing.get_context("spawn")
    position = context.Value("i", 0)
    results = context.Queue()
    places = limits.concurrency // 2
    for number, places in (1, limits.concurrency - places), (2, places):
        context.Process(
            target=work,
            args=(f"process {number}", places, targets, position, results),
            daemon=True,
        ).start()
    told = set()
    while len(told) < len(targets):
        index, started, result, by = results.get()
        if index not in told:
            told.add(index)
            tell(targets[index], started, result, by)


def tell(target, started, result, by):
    if isinstance(result, Exception):
        tell_error(target, started, "io", result, by)
    else:
        status, body = result
        tell_page(target, started, status, body, by)


def work(by, places, targets, position, results):
    """Runs in a worker."""
    asyncio.run(fetch_all(by, places, targets, position, results))


async def fetch_all(by, places, targets, position, results):
    async def one_place():
        while position.value < len(targets):
            index = position.value
            started = time.monotonic()
            try:
                result = await download(targets[index], position)
            except (OSError, ValueError) as error:
                result = error
            results.put((index, started, result, by))

    await asyncio.gather(*(one_place() for _ in range(places)))


async def download(target, position):
    """The status and the body of a page."""
    reader, writer = await asyncio.open_connection(*target.address)
    position.value = max(position.value, target.index + 1)
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
