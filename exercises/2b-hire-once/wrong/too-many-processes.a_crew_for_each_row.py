"""Exercise 2b: hire once.

Wrong: each row of pages gets processes of its own.
"""

import multiprocessing
import time

from plumbing import get, main, tell_error, tell_page

context = multiprocessing.get_context("spawn")


def crawl(targets, limits):
    for first in range(0, len(targets), limits.concurrency):
        crawl_row(targets[first:first + limits.concurrency], limits, first)


def crawl_row(targets, limits, first):
    targets_left, outcomes = context.Queue(), context.Queue()
    for target in targets:
        targets_left.put(target)
    workers = []
    for number in range(1, limits.concurrency + 1):
        by = f"process {first + number}"
        args = by, targets_left, outcomes
        worker = context.Process(target=work, args=args)
        worker.start()
        workers.append(worker)
        targets_left.put(None)
    for _ in targets:
        tell(*outcomes.get())
    for worker in workers:
        worker.join()


def tell(by, target, started, result):
    if isinstance(result, OSError):
        tell_error(target, started, "io", result, by)
    else:
        tell_page(target, started, *result, by=by)


def work(by, targets_left, outcomes):
    """Runs in a process of its own."""
    for target in iter(targets_left.get, None):
        started = time.monotonic()
        try:
            result = get(target)
        except OSError as error:
            result = error
        outcomes.put((by, target, started, result))


if __name__ == "__main__":
    main(crawl)
