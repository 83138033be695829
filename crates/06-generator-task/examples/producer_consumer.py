"""The generator alone: two functions take turns, and values travel both
ways.

The same as producer_consumer.rs, which stands beside it.
"""


def consume():
    eaten = 0
    while (apples := (yield eaten)) is not None:
        eaten += apples
        print(f"  consumer: {apples} arrived, {eaten} in all")
    return f"ate {eaten}"


def produce(consumer):
    # Up to its first yield: a function that has not begun cannot take in a
    # value.
    answer = next(consumer)
    for apples in range(1, 4):
        print(f"producer: sends {apples}")
        answer = consumer.send(apples)
        print(f"producer: is told that {answer} are eaten")
    print(f"producer: has no more (the last answer was {answer})")
    try:
        consumer.send(None)
    except StopIteration as end:
        print(f"producer: the consumer {end.value}")


if __name__ == "__main__":
    produce(consume())
