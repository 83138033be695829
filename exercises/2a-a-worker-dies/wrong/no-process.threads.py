"""Exercise 2a: a worker dies.

Wrong: no process is started; threads do it.
"""

import time
from queue import Queue
from threading import Thread

from plumbing import get, main, tell_error, tell_page


def crawl(targets, limits):
    targets_left, outcomes = Queue(), Queue()
    for target in targets:
        targets_left.put(target)
    for number in range(1, limits.concurrency + 1):
        by = f"thread {number}"
        args = by, targets_left, outcomes
        Thread(target=work, args=args).start()
        targets_left.put(None)
    for _ in targets:
        tell(*outcomes.get())


def tell(by, target, started, result):
    if isinstance(result, OSError):
        tell_error(target, started, "io", result, by)
    else:
        tell_page(target, started, *result, by=by)


def work(by, targets_left, outcomes):
    for target in iter(targets_left.get, None):
        started = time.monotonic()
        try:
            result = get(target)
        except OSError as error:
            result = error
        outcomes.put((by, target, started, result))


if __name__ == "__main__":
    main(crawl)
