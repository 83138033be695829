import asyncio

from tracing import run, trace


async def work(name, delay, fails=False, cleanup=0):
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        trace(name, "cancelled")
        await asyncio.sleep(cleanup)
        trace(name, "cleaned up")
        raise
    trace(name, "ends")
    if fails:
        raise ValueError(name)
    return name


async def all_well():
    async with asyncio.TaskGroup() as group:
        a = group.create_task(work("a", 2))
        b = group.create_task(work("b", 1))
        trace("body ends")
    trace(a.result(), b.result())


async def one_fails():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("a", 9, cleanup=1))
            group.create_task(work("b", 1, fails=True))
            try:
                await asyncio.sleep(9)
            finally:
                trace("body: finally")
    except* ValueError as group:
        trace("failed:", [str(error) for error in group.exceptions])


async def body_fails():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("a", 9, cleanup=1))
            await asyncio.sleep(1)
            raise ValueError("body")
    except* ValueError as group:
        trace("failed:", [str(error) for error in group.exceptions])


async def cancelled():
    async def inner():
        async with asyncio.TaskGroup() as group:
            group.create_task(work("a", 9, cleanup=2))
            group.create_task(work("b", 1))
            trace("body ends")
    task = asyncio.create_task(inner())
    await asyncio.sleep(2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        trace("group cancelled")


async def timed_out():
    try:
        async with asyncio.timeout(1):
            async with asyncio.TaskGroup() as group:
                group.create_task(work("a", 9, cleanup=2))
                await asyncio.sleep(9)
    except TimeoutError:
        left = len(asyncio.all_tasks())
        trace("timed out, nobody is left behind:", left)


async def main():
    for part in (all_well, one_fails, body_fails, cancelled, timed_out):
        trace(part.__name__)
        await part()


run(main())
