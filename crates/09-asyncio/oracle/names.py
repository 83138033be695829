"""names.py: the public names of Python's asyncio, each on a line.

Those of Linux; other systems have some more, or fewer. `tests/names.rs`
checks that each of them is here, or that the chapter says what to use.
"""
import asyncio

for name in sorted(set(asyncio.__all__)):
    if not name.startswith("_"):
        print(name)
