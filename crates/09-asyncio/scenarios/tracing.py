"""What scenarios share: a clock that jumps, and lines of a trace."""
import asyncio


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock jumps where the loop would sleep."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        select = self._selector.select

        def skip(timeout):
            if timeout is None:
                raise SystemError("deadlock")
            self.now += max(timeout, 0)
            return select(0)

        self._selector.select = skip

    def time(self):
        return self.now


def run(main):
    """`asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def trace(*what):
    """The seconds since the start of the loop, and what happened."""
    try:
        seconds = round(asyncio.get_running_loop().time())
    except RuntimeError:
        seconds = "-"
    print(f"{seconds:>2}", *what, flush=True)


def words(error):
    """An error as Python prints it at the end of a program."""
    name, text = type(error).__name__, str(error)
    return f"{name}: {text}" if text else name
