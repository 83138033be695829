import asyncio

from tracing import run, trace, words


async def producer(queue):
    for number in range(4):
        await queue.put(number)
        trace("put", number, "of", queue.qsize())


async def consumer(name, queue):
    while True:
        number = await queue.get()
        trace(name, "got", number)
        await asyncio.sleep(1)
        queue.task_done()


async def getter(name, queue):
    trace(name, "got", await queue.get())


async def main():
    queue = asyncio.Queue(2)
    consumers = [asyncio.create_task(consumer(name, queue))
                 for name in ("a", "b")]
    await producer(queue)
    trace("all put")
    await queue.join()
    trace("all done")
    for task in consumers:
        task.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)

    queue = asyncio.Queue()
    getters = [asyncio.create_task(getter(name, queue))
               for name in ("first", "second", "third")]
    await asyncio.sleep(0)
    queue.put_nowait("x")
    getters[0].cancel()
    trace("first was called, and is cancelled: second is called")
    await asyncio.sleep(1)
    queue.put_nowait("y")
    await asyncio.wait(getters)
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty:
        trace("empty")
    full = asyncio.Queue(1)
    full.put_nowait(1)
    try:
        full.put_nowait(2)
    except asyncio.QueueFull:
        trace("full", full.full(), full.qsize(), full.empty())
    full.task_done()
    try:
        full.task_done()
    except ValueError as error:
        trace(words(error))


run(main())
