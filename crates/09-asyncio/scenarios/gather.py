import asyncio

from tracing import run, trace


async def work(name, turns, fails=None):
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        trace(name, "ends")
        if fails:
            raise ValueError(fails)
        return name
    except asyncio.CancelledError:
        trace(name, "cancelled")
        raise


async def clock(turns):
    for turn in range(turns):
        trace("turn", turn)
        await asyncio.sleep(0)


async def main():
    ticking = asyncio.create_task(clock(6))
    trace(await asyncio.gather(work("a", 2), work("b", 0), work("c", 1)))
    await ticking

    ticking = asyncio.create_task(clock(6))
    other = asyncio.create_task(work("other", 4))
    try:
        await asyncio.gather(work("a", 2, fails="a fails"), other)
    except ValueError as error:
        trace("gather fails:", error, other.done())
    trace(await other)
    await ticking

    both = work("a", 1, fails="a fails"), work("b", 2)
    results = await asyncio.gather(*both, return_exceptions=True)
    trace([str(result) for result in results])

    gone = asyncio.create_task(work("gone", 9))
    asyncio.get_running_loop().call_soon(gone.cancel)
    both = gone, work("stays", 3)
    results = await asyncio.gather(*both, return_exceptions=True)
    trace([type(result).__name__ for result in results])

    ticking = asyncio.create_task(clock(6))
    both = asyncio.create_task(gathering())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    both.cancel()
    try:
        await both
    except asyncio.CancelledError:
        trace("gather cancelled")
    await ticking

    one = asyncio.create_task(work("one", 9))
    two = asyncio.create_task(work("two", 4))
    asyncio.get_running_loop().call_soon(one.cancel)
    try:
        await asyncio.gather(one, two)
    except asyncio.CancelledError:
        trace("one of them was cancelled", two.done())
    trace(await two)


async def gathering():
    return await asyncio.gather(work("a", 9), work("b", 9))


run(main())
