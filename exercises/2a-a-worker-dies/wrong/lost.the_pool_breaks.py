"""Exercise 2a: a worker dies.

Wrong: when a worker dies, Python's pool is broken, and all pages of all
workers are lost.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from plumbing import get, main, tell_error, tell_page


def crawl(targets, limits):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(limits.concurrency, context) as pool:
        fetches = {pool.submit(fetch, target): target for target in targets}
        for future in as_completed(fetches):
            target = fetches[future]
            try:
                by, started, status, body = future.result()
                tell_page(target, started, status, body, by)
            except BrokenProcessPool as error:
                tell_error(target, time.monotonic(), "worker-died", error)
            except OSError as error:
                tell_error(target, time.monotonic(), "io", error)


def fetch(target):
    """Runs in a worker. What it returns travels through a pipe."""
    started = time.monotonic()
    status, body = get(target)
    name = multiprocessing.current_process().name  # SpawnProcess-3
    return "process " + name.rpartition("-")[2], started, status, body


if __name__ == "__main__":
    main(crawl)
