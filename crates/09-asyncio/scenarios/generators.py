import asyncio

from tracing import run, trace


async def values():
    try:
        for number in range(3):
            await asyncio.sleep(1)
            trace("yields", number)
            yield number
        trace("generator ends")
    finally:
        trace("generator: finally")


class Connection:
    async def __aenter__(self):
        await asyncio.sleep(1)
        trace("entered")
        return "connection"

    async def __aexit__(self, *error):
        await asyncio.sleep(1)
        trace("left")


async def uses(delay):
    async with Connection() as connection:
        trace("uses", connection)
        await asyncio.sleep(delay)
        trace("used")


async def main():
    async for number in values():
        trace("takes", number)
        await asyncio.sleep(1)

    some = values()
    trace("first", await anext(some))
    await some.aclose()
    trace("closed")

    await uses(1)
    task = asyncio.create_task(uses(9))
    await asyncio.sleep(2)
    task.cancel()
    await asyncio.wait([task])
    trace("cancelled", task.cancelled())


run(main())
