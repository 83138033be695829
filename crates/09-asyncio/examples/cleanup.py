"""A task that is cancelled cleans up, with awaits: and a timeout waits
until it has."""
import asyncio


class Connection:
    async def __aenter__(self):
        print("connects")
        return self

    async def __aexit__(self, *error):
        await asyncio.sleep(0.1)
        print("says goodbye")


async def work():
    async with Connection():
        try:
            await asyncio.sleep(60)
        finally:
            print("finally")


async def main():
    try:
        async with asyncio.timeout(0.2):
            await work()
    except TimeoutError:
        print("timed out")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await asyncio.sleep(0.1)
            raise ValueError("the body fails")
    except* ValueError as failed:
        print("failed:", *failed.exceptions)


asyncio.run(main())

# Prints:
# connects
# finally
# says goodbye
# timed out
# connects
# finally
# says goodbye
# failed: the body fails
