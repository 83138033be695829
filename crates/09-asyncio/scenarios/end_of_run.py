import asyncio

from tracing import VirtualLoop, run, trace


async def forgotten(name):
    trace(name, "starts")
    try:
        await asyncio.sleep(1)
        trace(name, "never gets here")
    finally:
        trace(name, "is lost")


async def cleans_up():
    try:
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        await asyncio.sleep(1)
        trace("cleaned up before the loop ends")
        raise


async def fails():
    asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    raise ValueError("main fails")


async def chain(left):
    trace("chain", left)
    if left:
        asyncio.create_task(chain(left - 1))


async def quick():
    asyncio.create_task(chain(3))
    trace("quick returns")


async def main():
    asyncio.create_task(forgotten("a"))
    trace("main returns")


async def main_again():
    asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    trace("main returns")


async def main_itself(kept, cancels):
    kept.append(asyncio.current_task())
    if cancels:
        kept[0].cancel()
    await asyncio.sleep(0)


run(main())
run(main_again())

try:
    run(fails())
except ValueError:
    trace("main has failed")

loop = VirtualLoop()
loop.run_until_complete(quick())
trace("one turn more, and no further")
loop.run_until_complete(asyncio.sleep(0))
trace("the rest")
loop.run_until_complete(asyncio.sleep(0))

for cancels in [False, True]:
    kept = []
    try:
        loop.run_until_complete(main_itself(kept, cancels))
    except asyncio.CancelledError:
        trace("main is cancelled")
    trace("its task is over:", kept[0].done(), kept[0].cancelled())
