"""Exercise 3b, wrong: the lock is let go between the read and the set."""

import threading
import time

import plumbing

TALLY = "/counter/tally"
one_addition_at_a_time = threading.Lock()


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
        add(target, len(body))
    except OSError as error:
        plumbing.tell_error(target, started, "io", error)
    else:
        plumbing.tell_page(target, started, status, body)


def add(target, size):
    """Adds to the number. `target` only says where the site is."""
    with one_addition_at_a_time:
        number = read_number(target)
    with one_addition_at_a_time:
        set_number(target, number + size)


def read_number(target):
    _, body = plumbing.get(target._replace(path=TALLY))
    return int(body)


def set_number(target, number):
    plumbing.get(target._replace(path=f"{TALLY}?set={number}"))


if __name__ == "__main__":
    plumbing.main(crawl)
