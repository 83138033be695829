"""Which loop? `get_event_loop()` without one is often copied, and today
an error: make a loop, or let `run` make it."""
import asyncio

asyncio.set_event_loop(None)  # up to 3.13 the first call made one
try:
    asyncio.get_event_loop()
except RuntimeError:
    print("there is no current loop, and none is made")


async def which():
    return asyncio.get_running_loop()


loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
asyncio.set_event_loop(loop)
print("set:", asyncio.get_event_loop() is loop)
print("runs:", loop.run_until_complete(which()) is loop)
print("runs:", other.run_until_complete(which()) is other)

loop.call_soon(loop.stop)
loop.run_forever()
again = loop.run_until_complete(which()) is loop
print("stopped, and can run again:", again)
loop.close()
other.close()

# Prints:
# there is no current loop, and none is made
# set: True
# runs: True
# runs: True
# stopped, and can run again: True
