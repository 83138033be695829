"""The states of a task: pending, running, cancelled, done. What is printed
says `pending` of one that runs, too."""
import asyncio


def show(when, task):
    """What asyncio prints, up to the name."""
    print(f"{when}: {repr(task).split(' coro=')[0]}>", end=" ")
    print(f"done={task.done()} cancelled={task.cancelled()}")


async def work():
    show("it runs", asyncio.current_task())
    await asyncio.sleep(0.1)
    return 3


async def main():
    task = asyncio.create_task(work(), name="worker")
    show("made", task)
    await asyncio.sleep(0)
    show("it sleeps", task)
    await task
    show("over", task)
    print("its result:", task.result())

    task = asyncio.create_task(work(), name="other")
    await asyncio.sleep(0)
    task.cancel()
    show("asked to end", task)
    await asyncio.wait([task])
    show("over", task)


asyncio.run(main())

# Prints:
# made: <Task pending name='worker'> done=False cancelled=False
# it runs: <Task pending name='worker'> done=False cancelled=False
# it sleeps: <Task pending name='worker'> done=False cancelled=False
# over: <Task finished name='worker'> done=True cancelled=False
# its result: 3
# it runs: <Task pending name='other'> done=False cancelled=False
# asked to end: <Task cancelling name='other'> done=False cancelled=False
# over: <Task cancelled name='other'> done=True cancelled=True
