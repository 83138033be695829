"""Exercise 3a. A thread for each page, and all of them at once: the job
allows only `limits.concurrency` fetches in flight."""

import threading
import time

import plumbing


def crawl(targets, limits):
    threads = [threading.Thread(target=fetch, args=(target,))
               for target in targets]
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
