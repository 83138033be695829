"""show.py PROGRAMS PYTHON RUST: the programs whose traces differ, with
the place where they begin to, the shortest program first."""
import itertools
import sys

MOST_SHOWN = 3

programs, python, rust = (open(name).read().splitlines()
                          for name in sys.argv[1:])
wrong = [lines for lines in itertools.zip_longest(
             programs, python, rust, fillvalue="")
         if lines[1] != lines[2]]
print(f"{len(wrong)} of {len(programs)} programs have different traces")
for program, expected, found in sorted(
        wrong, key=lambda lines: len(lines[0]))[:MOST_SHOWN]:
    print("\nprogram:", program)
    pairs = list(itertools.zip_longest(
        expected.split(" | "), found.split(" | "), fillvalue="(end)"))
    first = next(number for number, (a, b) in enumerate(pairs) if a != b)
    for a, b in pairs[max(0, first - 12):first]:
        print(f"  {a:30}")
    for a, b in pairs[first:first + 6]:
        print(f"  python {a:30} rust {b}")
