import asyncio

from tracing import run, trace


async def consume(name, condition, items):
    async with condition:
        try:
            await condition.wait_for(lambda: items)
            trace(name, "takes", items.pop(0))
        finally:
            trace(name, "leaves, the lock is held:", condition.locked())


async def holds(condition, delay):
    async with condition:
        trace("held")
        await asyncio.sleep(delay)
        trace("given back")


async def main():
    condition = asyncio.Condition()
    items = []
    tasks = [asyncio.create_task(consume(name, condition, items))
             for name in ("one", "two", "three", "four")]
    await asyncio.sleep(0)
    async with condition:
        items.append("apple")
        condition.notify(1)
        trace("notified one")
    await asyncio.sleep(1)

    trace("a cancelled one takes the lock before it goes on")
    holder = asyncio.create_task(holds(condition, 2))
    await asyncio.sleep(1)
    tasks[1].cancel()
    await asyncio.wait([tasks[1], holder])
    trace(tasks[1].cancelled())

    async with condition:
        items += ["pear", "plum"]
        condition.notify_all()
        trace("notified all")
    await asyncio.wait(tasks)


run(main())
