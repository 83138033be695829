"""One callback, registered for two sockets."""

import selectors
import socket


class Fetch:
    def __init__(self, sockets):
        self.sockets = sockets
        self.ended = 0

    def receive(self):
        """Ends the fetch."""
        self.ended += 1
        print(f"the fetch has ended {self.ended} x")
        for sock in self.sockets:
            sock.close()


def wait_for_either(selector, fetch):
    """Two connections to the same server: whichever is ready first."""
    for sock in fetch.sockets:
        selector.register(sock, selectors.EVENT_READ, fetch.receive)


servers, sockets = zip(socket.socketpair(), socket.socketpair())
with selectors.DefaultSelector() as selector:
    wait_for_either(selector, Fetch(sockets))
    for server in servers:
        server.sendall(b"the page")
    for key, _ in selector.select():
        key.data()
for server in servers:
    server.close()
