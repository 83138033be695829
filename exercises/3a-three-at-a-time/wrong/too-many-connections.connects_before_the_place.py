"""Exercise 3a, wrong: it waits for a place with its connection open."""

import socket
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
    started = time.monotonic()
    try:
        with socket.create_connection(target.address) as sock, places:
            status, body = get(sock, target)
    except OSError as error:
        plumbing.tell_error(target, started, "reset", error)
    else:
        plumbing.tell_page(target, started, status, body)


def get(sock, target):
    sock.sendall(target.request())
    data, page = b"", None
    while page is None:
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError("the connection ended too early")
        data += chunk
        page = plumbing.parse(data)
    return page


if __name__ == "__main__":
    plumbing.main(crawl)
