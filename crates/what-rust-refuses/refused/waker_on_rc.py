"""A task is woken from another thread, through the queue of this thread."""

import asyncio
import threading
import time

went_on = threading.Event()


async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(1, lambda: None)  # a timer of somebody else
    page = loop.create_future()
    threading.Thread(target=worker, args=[page]).start()
    await page
    went_on.set()


def worker(page):
    time.sleep(0.1)
    page.set_result("the page")  # puts the task into the loop's queue
    print(f"0.1 s later the task goes on: {went_on.wait(0.1)}")
    print(f"when a timer wakes the loop: {went_on.wait(10)}")


asyncio.run(main())
