"""Exercise 3a, wrong: it prints notes between its outcomes."""

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
        print("fetching", target.path, flush=True)
        try:
            status, body = plumbing.get(target)
        except OSError as error:
            plumbing.tell_error(target, started, "reset", error)
        else:
            plumbing.tell_page(target, started, status, body)


if __name__ == "__main__":
    plumbing.main(crawl)
