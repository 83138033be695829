"""Exercise 3a, wrong: the first failed fetch ends the program."""

import os
import threading
import time

import plumbing


def crawl(targets, limits):
    places = threading.Semaphore(limits.concurrency)
    threads = [threading.Thread(target=fetch, args=(target, places))
               for target in targets]
    threading.excepthook = lambda failed: os._exit(1)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fetch(target, places):
    with places:
        started = time.monotonic()
        status, body = plumbing.get(target)
        plumbing.tell_page(target, started, status, body)


if __name__ == "__main__":
    plumbing.main(crawl)
