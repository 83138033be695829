import asyncio
import threading
import time

# Real time, for once: virtual time knows nothing of other threads.
UNIT = 0.1


def trace(*what):
    print(" -", *what, flush=True)


async def more_work(number):
    await asyncio.sleep(number * UNIT)
    trace("more work", number)
    return number * 2


def blocking(number):
    time.sleep(number * UNIT)
    return threading.current_thread() is not threading.main_thread()


async def main():
    trace("in a thread:", await asyncio.to_thread(blocking, 1))
    loop = asyncio.get_running_loop()
    all_three = threading.Barrier(3)  # nobody passes it alone
    calls = [loop.run_in_executor(None, all_three.wait) for _ in range(3)]
    await asyncio.gather(*calls)
    trace("three at the same time")


def loop_in_a_thread():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    return loop, thread


def three_calls(loop):
    """The second is taken back, from here, while the first runs there."""
    begun, go_on, over = (threading.Event() for _ in range(3))

    def first():
        trace("call 1")
        begun.set()
        go_on.wait()

    loop.call_soon_threadsafe(first)
    handle = loop.call_soon_threadsafe(trace, "call 2")
    loop.call_soon_threadsafe(trace, "call 3")
    begun.wait()
    trace("not blocked")
    handle.cancel()
    go_on.set()
    loop.call_soon_threadsafe(over.set)
    over.wait()


def coroutines(loop):
    future = asyncio.run_coroutine_threadsafe(more_work(4), loop)
    other = asyncio.run_coroutine_threadsafe(more_work(2), loop)
    trace("other", other.result())
    trace("future", future.result())
    late = asyncio.run_coroutine_threadsafe(more_work(90), loop)
    try:
        late.result(UNIT)
    except TimeoutError:
        trace("too late")
    late.cancel()


asyncio.run(main())
loop, thread = loop_in_a_thread()
three_calls(loop)
coroutines(loop)
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
trace("the thread has ended")
