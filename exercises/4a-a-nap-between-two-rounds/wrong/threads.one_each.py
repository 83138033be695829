"""Exercise 4a, wrong: it has a thread for each socket."""

import socket
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
    each = begin(target)
    while not is_over(*each):
        time.sleep(0.001)


def begin(target):
    """Asks for a page: its target, when it began, its socket, its bytes."""
    started = time.monotonic()
    sock = socket.create_connection(target.address)
    sock.sendall(target.request())
    sock.setblocking(False)
    return target, started, sock, bytearray()


def is_over(target, started, sock, data):
    """Whether the page is there, or will never be."""
    try:
        chunk = sock.recv(65536)
    except BlockingIOError:
        return False
    except OSError as error:
        plumbing.tell_error(target, started, "reset", error)
        return True
    data += chunk
    page = plumbing.parse(data)
    if page:
        plumbing.tell_page(target, started, *page)
    elif not chunk:
        plumbing.tell_error(target, started, "truncated", "it ended early")
    else:
        return False
    sock.close()
    return True


if __name__ == "__main__":
    plumbing.main(crawl)
