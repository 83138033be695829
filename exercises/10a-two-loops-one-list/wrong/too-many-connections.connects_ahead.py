"""Exercise 10a. Wrong: each loop is handed one page more than it has places
for, and connects before the page has a place.
"""

import asyncio
import multiprocessing
import time
from collections import deque
from multiprocessing.connection import wait

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    """Fetches the targets on two loops. Both together have at most
    `limits.concurrency` fetches in flight."""
    places = limits.concurrency // 2
    workers = [Worker(1, limits.concurrency - places), Worker(2, places)]
    left = deque(targets)
    for worker in workers:
        worker.hand_over(left)
    running = {worker.pipe: worker for worker in workers}
    while any(worker.in_flight for worker in workers):
        for pipe in wait(list(running)):
            worker = running[pipe]
            try:
                index, started, result = pipe.recv()
            except (EOFError, OSError):  # it has died
                del running[pipe]
                left.extendleft(reversed(worker.in_flight.values()))
                worker.in_flight.clear()
                for other in running.values():
                    other.hand_over(left)
            else:
                target = worker.in_flight.pop(index)
                tell(target, started, result, worker.name)
                worker.hand_over(left)
    for target in left:  # no worker is left
        tell(target, time.monotonic(), None, "main")


def tell(target, started, result, by):
    if result is None:
        tell_error(target, started, "worker-died", "its worker has died", by)
    elif isinstance(result, Exception):
        tell_error(target, started, "io", result, by)
    else:
        status, body = result
        tell_page(target, started, status, body, by)


class Worker:
    """A process with a loop, and what was handed over to it."""

    def __init__(self, number, places):
        self.name, self.places = f"process {number}", places
        self.in_flight = {}
        context = multiprocessing.get_context("spawn")
        self.pipe, its_pipe = context.Pipe()
        context.Process(
            target=work, args=(its_pipe, places), daemon=True
        ).start()
        # Only the worker has it: if the worker dies, the pipe ends.
        its_pipe.close()

    def hand_over(self, left):
        """Takes as many targets as there is room for."""
        while left and len(self.in_flight) <= self.places:
            target = left.popleft()
            self.in_flight[target.index] = target
            try:
                self.pipe.send(target)
            except OSError:
                return  # it has died: the next `recv` says so


def work(pipe, places):
    """Runs in a worker. Targets and pages travel through the pipe."""
    asyncio.run(fetch_all(pipe, asyncio.Semaphore(places)))


async def fetch_all(pipe, places):
    loop = asyncio.get_running_loop()
    tasks = set()  # the loop alone might lose them
    while True:
        try:
            # On a thread, because a read from a pipe blocks.
            target = await loop.run_in_executor(None, pipe.recv)
        except (EOFError, OSError):
            return  # the other process has ended
        task = loop.create_task(fetch(target, pipe, places))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def fetch(target, pipe, places):
    """Fetches one target, when there is room for it."""
    started = time.monotonic()
    try:
        result = await download(target, places)
    except (OSError, ValueError) as error:
        result = error
    pipe.send((target.index, started, result))


async def download(target, places):
    """The status and the body of a page."""
    reader, writer = await asyncio.open_connection(*target.address)
    try:
        async with places:
            writer.write(target.request())
            page = parse(await reader.read())  # until the site closes
    finally:
        writer.close()
    if page is None:
        raise ConnectionError("the connection ended too early")
    return page


if __name__ == "__main__":
    main(crawl)
