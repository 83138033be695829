"""Exercise 2a: a worker dies.

Wrong: a new pool fetches all pages that the broken one did not bring, and
some of them had been asked for already.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from plumbing import get, main, tell_error, tell_page


def crawl(targets, limits):
    while targets:
        targets = crawl_until_it_breaks(targets, limits)


def crawl_until_it_breaks(targets, limits):
    """Returns the targets that still have no outcome."""
    context = multiprocessing.get_context("spawn")
    lost = []
    with ProcessPoolExecutor(limits.concurrency, context) as pool:
        fetches = {pool.submit(fetch, target): target for target in targets}
        for future in as_completed(fetches):
            target = fetches[future]
            try:
                by, started, status, body = future.result()
                tell_page(target, started, status, body, by)
            except BrokenProcessPool:
                lost.append(target)
            except OSError as error:
                tell_error(target, time.monotonic(), "io", error)
    return lost


def fetch(target):
    """Runs in a worker. What it returns travels through a pipe."""
    started = time.monotonic()
    status, body = get(target)
    name = multiprocessing.current_process().name  # SpawnProcess-3
    return "process " + name.rpartition("-")[2], started, status, body


if __name__ == "__main__":
    main(crawl)
