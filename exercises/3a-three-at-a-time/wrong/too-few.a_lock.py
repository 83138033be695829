"""Exercise 3a, wrong: a lock is one place, whatever the job allows."""

import threading
import time

import plumbing


def crawl(targets, limits):
    places = threading.Lock()
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
