"""Chapter 1: one page after another, asleep in every call.

The program sleeps because the function that it called sleeps: `connect`
returns when the connection is there, `recv` when bytes are, and until then
nothing else happens. The crawl takes the sum of all waits.
"""

import socket
import sys

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, Exchange, Page, Sent
from crawl import main, result_of


def crawl(targets, limits, done):
    """Fetches the targets, one after another, and hands each outcome to
    `done` as it comes."""
    for index, target in enumerate(targets):
        done(fetch(index, target, limits))


def fetch(index, target, limits):
    """Fetches one target, asleep until it is done. The process pool and
    the thread pool run it too."""
    exchange = Exchange(target, limits)
    while True:
        try:
            page = download(exchange)
        except OSError as error:
            page = error
        if not exchange.try_next_address(page):
            return exchange.finish(index, page)


def download(exchange):
    with socket.socket(exchange.family()) as sock:
        connect(sock, exchange)
        send(sock, exchange)
        return receive(sock, exchange)


def connect(sock, exchange):
    """Sleeps until the connection is there."""
    sock.settimeout(exchange.time_left())
    exchange.connected(result_of(sock.connect, exchange.address()))


def send(sock, exchange):
    """Sleeps until there is room for the request."""
    sent = None
    while sent is not Sent.ALL:
        sock.settimeout(exchange.time_left())
        sent = exchange.sent(result_of(sock.send, exchange.unsent()))


def receive(sock, exchange):
    """Sleeps until bytes are there, again and again, until the page is
    complete."""
    received = None
    while not isinstance(received, Page):
        sock.settimeout(exchange.time_left())
        received = exchange.received(result_of(sock.recv, CHUNK_BYTES))
    return received


if __name__ == "__main__":
    main({"blocking": crawl})
