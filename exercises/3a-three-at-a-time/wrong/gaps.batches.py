"""Exercise 3a, wrong: each batch waits for its slowest page."""

import threading
import time

import plumbing


def crawl(targets, limits):
    for first in range(0, len(targets), limits.concurrency):
        batch = targets[first:first + limits.concurrency]
        threads = [threading.Thread(target=fetch, args=(target,))
                   for target in batch]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def fetch(target):
    started = time.monotonic()
    try:
        status, body = plumbing.get(target)
    except OSError as error:
        plumbing.tell_error(target, started, "reset", error)
    else:
        plumbing.tell_page(target, started, status, body)


if __name__ == "__main__":
    plumbing.main(crawl)
