"""Exercise 2b: hire once.

Wrong: the pool's processes end after one page, and others are started.
"""

import multiprocessing
import time

from plumbing import get, main, tell_error, tell_page


def crawl(targets, limits):
    context = multiprocessing.get_context("spawn")
    with context.Pool(limits.concurrency, maxtasksperchild=1) as pool:
        for outcome in pool.imap_unordered(work, targets):
            tell(*outcome)


def tell(by, target, started, result):
    if isinstance(result, OSError):
        tell_error(target, started, "io", result, by)
    else:
        tell_page(target, started, *result, by=by)


def work(target):
    """Runs in a process of the pool."""
    started = time.monotonic()
    try:
        result = get(target)
    except OSError as error:
        result = error
    name = multiprocessing.current_process().name  # SpawnPoolWorker-3
    return "process " + name.rpartition("-")[2], target, started, result


if __name__ == "__main__":
    main(crawl)
