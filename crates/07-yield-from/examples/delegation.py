"""The two-way channel of `yield from`: values both ways, errors inward, the
return value out.

The same as delegation.rs, which stands beside it.
"""


class NoSignal(Exception):
    """The thermometer did not answer."""


def average():
    total, count, mean = 0, 0, None
    while True:
        try:
            reading = yield mean
        except NoSignal:
            print("    inner: caught, this reading is left out")
            continue
        if reading is None:
            return mean
        total, count = total + reading, count + 1
        mean = total / count


def weekend():
    saturday = yield from average()
    print(f"  outer: saturday is {saturday}")
    sunday = yield from average()
    return saturday, sunday


def main():
    both = weekend()
    print(f"driver: primes, and gets {next(both)}")
    try:
        for sent in 18.0, 22.0, None, 9.0, NoSignal(), None:
            print(f"driver: sends {sent!r}")
            resume = both.throw if isinstance(sent, NoSignal) else both.send
            print(f"driver: gets {resume(sent)}")
    except StopIteration as end:
        print(f"driver: gets the result {end.value}")

    both = weekend()
    print(f"driver: primes, and gets {next(both)}")
    print("driver: throws a problem that nobody catches")
    try:
        both.throw(OSError("out of order"))
    except OSError as error:
        print(f"driver: catches {error}")


if __name__ == "__main__":
    main()
