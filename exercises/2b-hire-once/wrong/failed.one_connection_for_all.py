"""Exercise 2b: hire once.

Wrong: a process asks for all its pages on one connection, which the site
closes after the first.
"""

import multiprocessing
import socket
import time

from plumbing import main, parse, tell_error, tell_page

context = multiprocessing.get_context("spawn")


def crawl(targets, limits):
    targets_left, outcomes = context.Queue(), context.Queue()
    for target in targets:
        targets_left.put(target)
    workers = []
    for number in range(1, limits.concurrency + 1):
        args = f"process {number}", targets_left, outcomes
        worker = context.Process(target=work, args=args)
        worker.start()
        workers.append(worker)
        targets_left.put(None)
    for _ in targets:
        tell(*outcomes.get())
    for worker in workers:
        worker.join()


def tell(by, target, started, result):
    if isinstance(result, OSError):
        tell_error(target, started, "io", result, by)
    else:
        tell_page(target, started, *result, by=by)


def work(by, targets_left, outcomes):
    """Runs in a process of its own."""
    sock = None
    for target in iter(targets_left.get, None):
        sock = sock or socket.create_connection(target.address)
        started = time.monotonic()
        try:
            result = get(sock, target)
        except OSError as error:
            result = error
        outcomes.put((by, target, started, result))


def get(sock, target):
    sock.sendall(target.request())
    data, page = b"", None
    while page is None:
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError("the connection ended too early")
        data += chunk
        page = parse(data)
    return page


if __name__ == "__main__":
    main(crawl)
