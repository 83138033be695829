"""Chapter 10: a process for each core, and asyncio's loop in each process.

One interpreter runs one thread of Python at a time, so a loop on a second
thread would wait for the first one: to use a second core, Python needs a
second process. Each worker runs `crawl_with_sockets` of chapter 9,
unchanged.

All workers take targets from one queue, each when it has room, so the work
spreads by itself. A pipe holds what is put into it, so a worker is handed
no more than it has room for: at first so many targets, and one more for
each outcome (*credit*).

One promise of the Rust stage is not kept: a worker that is stopped and
does not end (`kill -STOP`) is waited for. One that dies is replaced, and
the targets that it had in flight go back to the front of the list.

It needs Python 3.11, the first one with `TaskGroup`.
"""

import asyncio
import multiprocessing
import os
import sys
import threading
from collections import Counter, deque
from multiprocessing.connection import wait

sys.path.append(sys.path[0] + "/../crawl")
from crawl import Outcome, chapter, feature, main

sock_fetch = chapter("09-asyncio").sock_fetch

# A target that has met so many deaths may be what kills.
MOST_DEATHS = 2


def crawl(targets, limits, done):
    """Fetches the targets on a process for each core, each with a loop, and
    hands each outcome to `done` as it comes. All loops together have at
    most `limits.concurrency` fetches in flight."""
    feature(asyncio, "TaskGroup")  # older Pythons are not supported
    count = min(os.cpu_count() or 1, limits.concurrency, len(targets))
    left = deque(enumerate(targets))
    deaths = Counter()
    workers = {}  # by the pipe
    try:
        for number in range(count):
            # The first ones take what is left over.
            credit = limits.concurrency // count
            credit += number < limits.concurrency % count
            worker = Worker(number + 1, credit, limits)
            workers[worker.pipe] = worker
            worker.hand_over(left)
        while any(worker.in_flight for worker in workers.values()):
            for pipe in wait(list(workers)):
                worker = workers[pipe]
                try:
                    outcome = pipe.recv()
                except (EOFError, OSError):
                    del workers[pipe]
                    for outcome in worker.has_died(left, deaths):
                        done(outcome)
                    worker = Worker(worker.number, worker.credit, limits)
                    workers[worker.pipe] = worker
                else:
                    del worker.in_flight[outcome.target]
                    outcome.by = f"process {worker.number}"
                    done(outcome)
                worker.hand_over(left)
    finally:
        for worker in workers.values():
            worker.end()


class Worker:
    """A process with a loop, and what it has in flight."""

    def __init__(self, number, credit, limits):
        self.number, self.credit = number, credit
        self.in_flight = {}
        context = multiprocessing.get_context("spawn")
        self.pipe, its_pipe = context.Pipe()
        self.process = context.Process(
            target=work, args=(its_pipe, limits), daemon=True
        )
        self.process.start()
        # Only the worker has it: if the worker dies, the pipe ends.
        its_pipe.close()

    def hand_over(self, left):
        """Uses up the credit of the worker."""
        while left and len(self.in_flight) < self.credit:
            index, target = left.popleft()
            self.in_flight[index] = target
            try:
                self.pipe.send((index, target))
            except OSError:
                return  # it has died: the next `recv` says so

    def has_died(self, left, deaths):
        """Leaves what it had for whoever is free, and gives the outcomes
        of what is given up."""
        self.end()
        deaths.update(self.in_flight)
        words = "two processes have ended while they fetched it"
        for index, target in reversed(self.in_flight.items()):
            if deaths[index] >= MOST_DEATHS:
                yield Outcome.not_fetched(index, "worker-died", words)
            else:
                left.appendleft((index, target))

    def end(self):
        self.process.kill()
        self.process.join()
        self.pipe.close()


def work(pipe, limits):
    """Runs in a worker. Targets and outcomes travel through the pipe."""
    asyncio.run(fetch_all(pipe, limits))


async def fetch_all(pipe, limits):
    finished = asyncio.Queue()
    loop = asyncio.get_running_loop()
    tasks = set()  # the loop alone might lose them

    def begin(index, target):
        fetch = sock_fetch(index, target, limits, finished)
        task = loop.create_task(fetch)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def read_requests():
        """Runs on a thread, because a read from a pipe blocks."""
        try:
            while True:
                loop.call_soon_threadsafe(begin, *pipe.recv())
        except (EOFError, OSError):
            os._exit(0)  # the pool has ended, in whatever way

    threading.Thread(target=read_requests, daemon=True).start()
    while True:
        pipe.send(await finished.get())


if __name__ == "__main__":
    main({"many-processes": crawl})
