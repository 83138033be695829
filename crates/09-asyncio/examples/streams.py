"""A request by streams: write it, and read the answer line by line."""
import asyncio
import socket
import threading


def serve_one(listener):
    """A server in a thread, with one answer."""
    client, _ = listener.accept()
    with client:
        request = client.recv(1000)
        answer = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        client.sendall(answer if request.startswith(b"GET /") else b"")


async def fetch(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await writer.drain()
    length = 0
    while (line := (await reader.readline()).decode().strip()):
        print("line:", line)
        if line.startswith("Content-Length: "):
            length = int(line.split(": ")[1])
    print("body:", (await reader.readexactly(length)).decode())
    writer.close()


listener = socket.create_server(("127.0.0.1", 0))
server = threading.Thread(target=serve_one, args=(listener,))
server.start()
asyncio.run(fetch(*listener.getsockname()))
server.join()
listener.close()

# Prints:
# line: HTTP/1.0 200 OK
# line: Content-Length: 5
# body: hello
