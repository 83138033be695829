"""Results in the order of a list, and in the order of finishing."""
import asyncio


async def work(seconds):
    await asyncio.sleep(seconds / 10)
    return seconds


async def by_list():
    tasks = [asyncio.create_task(work(n)) for n in (3, 1, 2)]
    try:
        tasks[0].result()
    except asyncio.InvalidStateError as error:
        print("too early:", error)
    await asyncio.wait(tasks)
    print([task.result() for task in tasks])


async def by_callback():
    tasks = [asyncio.create_task(work(n)) for n in (3, 1, 2)]
    for task in tasks:
        task.add_done_callback(lambda task: print(task.result()))
    await asyncio.wait(tasks)


asyncio.run(by_list())
asyncio.run(by_callback())

# Prints:
# too early: Result is not set.
# [3, 1, 2]
# 1
# 2
# 3
