"""Exercise 2b: hire once.

Wrong: a process for each page, all under one name.
"""

import multiprocessing
import time

from plumbing import get, main, tell_error, tell_page

context = multiprocessing.get_context("spawn")


def crawl(targets, limits):
    outcomes = context.Queue()
    running = 0
    for target in targets:
        if running == limits.concurrency:
            tell(*outcomes.get())
            running -= 1
        by = "process 1"
        context.Process(target=work, args=(by, target, outcomes)).start()
        running += 1
    for _ in range(running):
        tell(*outcomes.get())


def tell(by, target, started, result):
    if isinstance(result, OSError):
        tell_error(target, started, "io", result, by)
    else:
        tell_page(target, started, *result, by=by)


def work(by, target, outcomes):
    """Runs in a process of its own."""
    started = time.monotonic()
    try:
        result = get(target)
    except OSError as error:
        result = error
    outcomes.put((by, target, started, result))


if __name__ == "__main__":
    main(crawl)
