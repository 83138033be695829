"""Exercise 3a, a solution. A semaphore counts the places: a thread takes
one before it connects. `with` gives it back on every way out."""

import threading
import time

import plumbing


def crawl(targets, limits):
    places = threading.Semaphore(limits.concurrency)
    threads = [threading.Thread(target=fetch, args=(target, places))
               for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fetch(target, places):
    with places:
        started = time.monotonic()
        try:
            status, body = plumbing.get(target)
        except OSError as error:
            plumbing.tell_error(target, started, "reset", error)
        else:
            plumbing.tell_page(target, started, status, body)


if __name__ == "__main__":
    plumbing.main(crawl)
