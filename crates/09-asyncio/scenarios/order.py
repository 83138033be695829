import asyncio

from tracing import run, trace


async def worker(name, turns):
    for turn in range(turns):
        trace(name, turn)
        await asyncio.sleep(0)
    trace(name, "ends")


def call_2():
    trace("call 2")
    loop = asyncio.get_running_loop()
    loop.call_soon(trace, "call made by call 2")


async def main():
    loop = asyncio.get_running_loop()
    trace("main starts")
    loop.call_soon(trace, "call 1")
    a = asyncio.create_task(worker("a", 2))
    loop.call_soon(call_2)
    b = asyncio.create_task(worker("b", 3))
    gone = loop.call_soon(trace, "never")
    gone.cancel()
    trace("main has scheduled", gone.cancelled())
    await asyncio.sleep(0)
    trace("main again")
    await b
    trace("main has b")
    await a
    trace("main ends")


run(main())
