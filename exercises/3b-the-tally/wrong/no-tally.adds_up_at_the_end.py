"""Exercise 3b, wrong: it adds up by itself, and sets the number once."""

import threading
import time

import plumbing

TALLY = "/counter/tally"
sizes = []


def crawl(targets, limits):
    threads = [threading.Thread(target=fetch, args=(target,))
               for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    set_number(targets[0], sum(sizes))


def fetch(target):
    started = time.monotonic()
    try:
        status, body = plumbing.get(target)
        sizes.append(len(body))
    except OSError as error:
        plumbing.tell_error(target, started, "io", error)
    else:
        plumbing.tell_page(target, started, status, body)


def set_number(target, number):
    plumbing.get(target._replace(path=f"{TALLY}?set={number}"))


if __name__ == "__main__":
    plumbing.main(crawl)
