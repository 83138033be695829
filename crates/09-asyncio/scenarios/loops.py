import asyncio

from tracing import VirtualLoop, trace, words

new_event_loop = VirtualLoop

try:
    asyncio.get_running_loop()
except RuntimeError as error:
    trace(words(error))

one, other = new_event_loop(), new_event_loop()


async def which():
    return asyncio.get_running_loop() is one


trace(one.run_until_complete(which()))
trace(other.run_until_complete(which()))
trace("running", one.is_running())

asyncio.set_event_loop(one)
trace("the one that was set", asyncio.get_event_loop() is one)


async def current():
    return asyncio.get_event_loop() is other


trace("the one that runs", other.run_until_complete(current()))
asyncio.set_event_loop(None)
try:
    asyncio.get_event_loop()
except RuntimeError:
    trace("no current event loop")


async def inside(run):
    coroutine = asyncio.sleep(0)
    try:
        run(coroutine)
    except RuntimeError as error:
        trace(words(error))
    coroutine.close()


one.run_until_complete(inside(one.run_until_complete))
one.run_until_complete(inside(other.run_until_complete))
one.run_until_complete(inside(asyncio.run))


def stops():
    trace("stops")
    one.stop()
    one.call_soon(trace, "next run")


one.call_soon(stops)
one.call_soon(trace, "same turn")
one.run_forever()
trace("stopped")
one.run_until_complete(asyncio.sleep(0))


async def never():
    one.stop()
    await asyncio.sleep(9)


try:
    one.run_until_complete(never())
except RuntimeError as error:
    trace(words(error))


async def work():
    await asyncio.sleep(2)
    trace("worked")
    return 42


async def waits(task):
    return await task


for stopped in (lambda task: task, waits):
    task = one.create_task(work())
    one.call_later(1, one.stop)
    try:
        one.run_until_complete(stopped(task))
    except RuntimeError as error:
        trace(words(error), task.done(), task.cancelling())
    trace("goes on", one.run_until_complete(task))


async def attached():
    there = other.create_future()
    task = asyncio.create_task(waits(there))
    await asyncio.wait([task])
    error = words(task.exception())
    trace(error.startswith("RuntimeError: Task <Task pending name="))
    trace(error.endswith("attached to a different loop"))
    trace("pending there", not there.done())


one.run_until_complete(attached())

other.stop()
other.call_soon(trace, "stopped before it runs: one turn")
other.run_forever()
