"""make.py SEED COUNT: random programs, each a line of JSON.

A program is a list of tasks, a task a list of operations, and an operation
a list: its name, then what it needs. `interpret.py` and `interpret.rs` run
them. Delays are random and long, so that no two timers are equal.
"""
import json
import random
import sys

DEEPEST = 3
NUMBERS = 1000
FUTURES = 3
LONGEST = 100_000


class Maker:
    def __init__(self, dice, tasks):
        self.dice, self.tasks = dice, tasks

    def program(self):
        starts = [["spawn", task] for task in range(1, self.tasks)
                  if self.dice.random() < 0.7]
        first = starts + self.operations(0)
        rest = [self.operations(task) for task in range(1, self.tasks)]
        return [first] + rest

    def operations(self, me, depth=0, in_group=False):
        """A task knows only tasks after it: nobody awaits in a circle.
        In a group's child (`me` is None) it knows none of them."""
        later = [] if me is None else list(range(me + 1, self.tasks))
        count = self.dice.randint(1, 3 if depth else 5)
        return [self.operation(me, later, depth, in_group)
                for _ in range(count)]

    def operation(self, me, later, depth, in_group):
        dice = self.dice
        kinds = 6 * ["zero"] + 4 * ["sleep"] + 3 * ["cancel"] + ["takeback"]
        kinds += ["fset", "fwait", "fcancel", "soon", "later"]
        kinds += ["eset", "eclear", "ewait", "put", "get", "done", "join"]
        kinds += ["cwait", "cnotify", "uncancel", "count"]
        if later:
            kinds += 4 * ["spawn"] + 2 * ["await"]
            kinds += ["shield", "gather", "outcomes", "first", "all"]
            kinds += ["failed", "completed", "callback", "wait_for"]
        if depth < DEEPEST:
            kinds += ["timeout", "try", "try", "lock", "limit"]
            kinds += ["finally", "with", "generate", "group"]
            kinds += ["numbers", "ask"]
        if in_group:
            kinds += ["fail"]
        kind = dice.choice(kinds)

        def delay(zero=0.0):
            is_zero = dice.random() < zero
            return 0 if is_zero else dice.randint(1, LONGEST)

        def number():
            return dice.randrange(NUMBERS)

        def some():
            return dice.sample(later, min(dice.randint(1, 3), len(later)))

        def inner(me=me, in_group=in_group):
            return self.operations(me, depth + 1, in_group)

        def several(**more):
            return [inner(**more) for _ in range(dice.randint(1, 3))]

        match kind:
            case "sleep":
                return [kind, delay()]
            case "later":
                return [kind, delay(), number()]
            case "fset" | "fwait" | "fcancel":
                return [kind, dice.randrange(FUTURES)]
            case "soon" | "put":
                return [kind, number()]
            case "cnotify":
                return [kind, dice.randint(1, 2)]
            case "cancel" | "takeback":
                return [kind, dice.randrange(1, self.tasks)]
            case "spawn" | "await" | "shield" | "callback":
                return [kind, dice.choice(later)]
            case "gather" | "outcomes" | "first" | "failed" | "completed":
                return [kind, some()]
            case "all":
                return [kind, some(), delay()]
            case "wait_for":
                return [kind, dice.choice(later), delay(zero=0.3)]
            case "timeout":
                return [kind, delay(zero=0.1), inner()]
            case "try" | "lock" | "limit" | "with":
                return [kind, inner()]
            case "finally":
                return [kind, number(), inner()]
            case "generate":
                return [kind, several()]
            case "numbers":
                return [kind, delay(), several(), inner()]
            case "ask":
                # Whoever asks next goes on with it: it knows no tasks.
                return [kind, delay(), several(me=None, in_group=False)]
            case "group":
                children = several(me=None, in_group=True)
                return [kind, children, inner(in_group=True)]
            case "fail":
                return [kind, number()]
            case _:
                return [kind]


if __name__ == "__main__":
    seed, count = map(int, sys.argv[1:])
    dice = random.Random(seed)
    for _ in range(count):
        print(json.dumps(Maker(dice, dice.randint(2, 6)).program()))
