"""Exercise 2b: hire once.

Several pages at once, on a fixed number of processes. Each takes one target
after another from a queue, until it takes a `None`.
"""

import multiprocessing
import time

from plumbing import get, main, tell_error, tell_page

context = multiprocessing.get_context("spawn")


def crawl(targets, limits):
    targets_left, outcomes = context.Queue(), context.Queue()
    for target in targets:
        targets_left.put(target)
    workers = []
    for number in range(1, limits.concurrency + 1):
        args = f"process {number}", targets_left, outcomes
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
