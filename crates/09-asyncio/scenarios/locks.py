import asyncio

from tracing import run, trace


async def limited(name, semaphore, turns):
    async with semaphore:
        trace(name, "in")
        for _ in range(turns):
            await asyncio.sleep(0)
    trace(name, "out")


async def waits_for(name, event):
    await event.wait()
    trace(name, "goes on")


async def main():
    semaphore = asyncio.Semaphore(2)
    every = ("a", 3), ("b", 1), ("c", 1), ("d", 1), ("e", 0)
    await asyncio.gather(*(limited(name, semaphore, turns)
                           for name, turns in every))

    lock = asyncio.Lock()
    trace(lock.locked())
    holder = asyncio.create_task(limited("holder", lock, 2))
    second = asyncio.create_task(limited("second", lock, 0))
    third = asyncio.create_task(limited("third", lock, 0))
    await asyncio.sleep(0)
    trace(lock.locked())
    second.cancel()
    await asyncio.wait([holder, second, third])
    trace(second.cancelled(), lock.locked())

    event = asyncio.Event()
    tasks = [asyncio.create_task(waits_for(name, event))
             for name in ("x", "y")]
    await asyncio.sleep(0)
    trace("set")
    event.set()
    await asyncio.wait(tasks)
    await waits_for("z", event)

    await asyncio.sleep(1)
    tasks = [asyncio.create_task(waits_for(name, event))
             for name in ("u", "v")]
    event.clear()
    await asyncio.sleep(0)
    event.set()
    event.clear()
    trace("cleared at once, and all go on", event.is_set())
    await asyncio.wait(tasks)


run(main())
