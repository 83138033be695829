"""A producer and two consumers, with a queue between them."""
import asyncio


async def producer(queue):
    for number in range(1, 7):
        await queue.put(number)  # waits while the queue is full
    print("all put")


async def consumer(queue, done):
    while True:
        number = await queue.get()  # waits while the queue is empty
        await asyncio.sleep(0.05)
        done.append(number)
        queue.task_done()


async def main():
    queue = asyncio.Queue(2)
    done = []
    consumers = [asyncio.create_task(consumer(queue, done))
                 for _ in range(2)]
    await producer(queue)
    print("in the queue:", queue.qsize())
    await queue.join()
    print("all done:", sorted(done))
    for task in consumers:  # they would wait for ever
        task.cancel()


asyncio.run(main())

# Prints:
# all put
# in the queue: 2
# all done: [1, 2, 3, 4, 5, 6]
