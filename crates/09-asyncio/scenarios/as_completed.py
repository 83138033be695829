import asyncio

from tracing import run, trace


async def work(delay):
    await asyncio.sleep(delay)
    return delay


async def main():
    delays = [work(3), work(1), work(2)]
    for completed in asyncio.as_completed(delays):
        trace("completed", await completed)

    gone = asyncio.create_task(work(1))
    asyncio.get_running_loop().call_soon(gone.cancel)
    for completed in asyncio.as_completed([gone]):
        try:
            await completed
        except asyncio.CancelledError:
            trace("one was cancelled")


run(main())
