"""Hello, one second, world: and nothing before a loop runs it."""
import asyncio


async def hello():
    print("hello")
    await asyncio.sleep(1)
    print("world")


coroutine = hello()
print("made, and nothing has run")
asyncio.run(coroutine)

# Prints:
# made, and nothing has run
# hello
# world
