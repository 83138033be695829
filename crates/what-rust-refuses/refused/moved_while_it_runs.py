"""A fetch is given to a second owner after it has begun."""

import asyncio


async def fetch():
    try:
        await asyncio.sleep(0.1)
        return "the page"
    finally:
        print("fetch: the socket is closed")


async def main():
    begun = fetch()
    task = asyncio.create_task(begun)
    await asyncio.sleep(0)  # the fetch begins
    moved = [begun]  # to another place; `task` has it too
    try:
        await moved[0]
    except RuntimeError as error:
        print(f"second owner: {error}")
    print(f"first owner: {await task}")


asyncio.run(main())
