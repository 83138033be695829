"""What the scenes of chapter 9 have in common: one request, by streams."""

import asyncio
import json
import sys


async def get(address, path):
    """The body of a page."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer.split(b"\r\n\r\n", 1)[1]


def tell(**numbers):
    """What the runner reads."""
    print(json.dumps(numbers))


