"""Exercise 3b, wrong: the lock is let go before the set has its answer."""

import socket
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
        sock = socket.create_connection(target.address)
        path = f"{TALLY}?set={number + size}"
        sock.sendall(target._replace(path=path).request())
        # Long enough for the request to be there, on a quiet machine.
        time.sleep(0.005)
    with sock:
        while sock.recv(65536):
            pass


def read_number(target):
    _, body = plumbing.get(target._replace(path=TALLY))
    return int(body)


if __name__ == "__main__":
    plumbing.main(crawl)
