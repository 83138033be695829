"""A socket is read after it was closed."""

import os
import socket

server, sock = socket.socketpair()
number = sock.fileno()
sock.close()

try:
    sock.recv(100)
except OSError as error:
    print(f"the socket: {error}")

# The system gives the number to whoever opens the next socket.
other_server, other = socket.socketpair()
if other_server.fileno() == number:
    other_server, other = other, other_server
print(f"the next socket has the same number: {other.fileno() == number}")
other_server.sendall(b"the page of another fetch")
print(f"the number: {os.read(number, 100).decode()}")
for each in server, other_server, other:
    each.close()
