"""The screens of the book: what a command printed when the book was measured, against today's.

Times, sizes and counts differ from run to run, so a recorded screen cannot be compared letter by
letter. Its *shape* can: the same words in the same columns, with a placeholder for each figure and
for each bar. A screen has two parts:

- the picture: headline, column heads, and the name of each row. It is the same in every run.
- what is said below it: the legend and the sentences. The runner says only what is true of the run,
  so a busy machine may leave out a sentence. So the command runs up to three times. Where today's
  run says more than the recorded one, this is a note and no fault.
"""

import collections
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from . import Drift, measured
from .excerpts import ROOT

RUNNER = re.compile(r"cargo (?:run --release -p stage-runner --|waits)(?: |$)")
EXAMPLE = re.compile(r"cargo run --release -p [\w-]+ --example \w+")
ROUNDS = 3
SLOW = " check --program "
MENDS = "`scripts/measure-book --screens COMMAND`, then `scripts/book write`, makes it anew"
# A program that wants a whole core gets less of it: the machine is busy, as the runner sees it.
BUSY = 0.7

Shape = collections.namedtuple("Shape", "picture said")


def run(program, command):
    """What the command prints, and its notes. `stage-runner …` runs in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if RUNNER.match(command):
            rest = shlex.split(RUNNER.sub("", command, count=1))
            asked, place = [program, *rest, "--charset", "unicode"], ROOT
        elif EXAMPLE.fullmatch(command):
            asked, place = shlex.split(command), ROOT
        elif command.startswith("stage-runner "):
            asked, place = ["bash", "-o", "pipefail", "-c", command], folder
        else:
            raise Drift(
                f"a screen is made by `cargo waits …`, `cargo run --release -p stage-runner -- …`, "
                f"`cargo run --release -p PACKAGE --example NAME` or `stage-runner …`, not by "
                f"`{command}`"
            )
        path = os.pathsep.join([os.path.dirname(program), os.environ["PATH"]])
        done = subprocess.run(
            asked,
            cwd=place,
            env={**os.environ, "PATH": path, "COLUMNS": str(WIDTH)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            encoding="utf-8",
        )
    # 1: a page failed, or the exercise is not done yet; 3: not judged, on a busy machine.
    if done.returncode not in (0, 1, 3) or not done.stdout:
        raise Drift(f"`{command}` ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout, done.stderr


# What a page shows of a screen

CUT = re.compile(r"; (from|through) \"([^\"]+)\"")


def parts(shown):
    """`COMMAND; from "…"; through "…"`: the command, and where to cut what it prints."""
    cuts = CUT.findall(shown)
    return CUT.sub("", shown), cuts


def part(screen, cuts):
    """The lines from and through the first that contain these words."""
    lines = screen.rstrip("\n").split("\n")
    for kind, words in cuts:
        place = next((n for n, line in enumerate(lines) if words in line), None)
        if place is None:
            raise Drift(f"no line of the screen contains `{words}`")
        lines = lines[place:] if kind == "from" else lines[: place + 1]
    return "\n".join(lines)


def shown(asked):
    """The lines that a page shows."""
    command, cuts = parts(asked)
    return part(measured.screen(command), cuts).split("\n")


# The shape of a screen

LEGEND = re.compile(r"[░█▒] [a-z]|c connecting")
# The legend names what is to be seen in the bars, for which there are placeholders.
MARK = re.compile(r"[░█▒] ")
# Only on a busy machine; and then it says nothing of the code.
WAITED = {"waiting for a processor N UNIT"}
WIDTH = 80
COLUMNS = re.compile(r"   +")
HEADS = re.compile(r"(page|stage) +\d")
FIGURES = [
    (re.compile(r"\S*[░█▒]\S+|\S+[░█▒]"), "BAR"),
    (re.compile(r"[<~]?\d[\d,]*(?:\.\d+)*"), "N"),
    (re.compile(r"N (?:ns|µs|ms|s|kB|MB|GB)\b"), "N UNIT"),
    (re.compile(r"N (?:year|day|hour|minute|second)s?\b"), "N TIME"),
    # A machine with one core has one loop.
    (re.compile(r"N thread\b"), "N threads"),
    (re.compile(r"N process\b"), "N processes"),
    (re.compile(r"N time\b"), "N times"),
]


def shape(screen):
    lines = screen.rstrip("\n").split("\n")
    legend = next((n for n, line in enumerate(lines) if LEGEND.match(line)), None)
    if legend is None:
        # Text that may be wrapped elsewhere, where a figure has more digits.
        return Shape([plain(" ".join(lines))], frozenset())
    above = [plain(line) for line in lines[:legend]]
    below = (words for words in said(lines[legend:]) if not MARK.match(words))
    return Shape(above, frozenset(below) - WAITED)


def plain(text):
    """The text with placeholders, and one space where there were several."""
    is_heads = HEADS.match(text)
    for pattern, placeholder in FIGURES:
        text = pattern.sub(placeholder, text)
    text = " ".join(text.split())
    # As many marks on the time axis as fit.
    return re.sub(r"(?:N )+N UNIT", "AXIS", text, count=1) if is_heads else text


def said(lines):
    """What stands below the picture, piece by piece, whatever lines it is wrapped into."""
    legend, *lines = lines
    yield from filter(None, map(plain, COLUMNS.split(legend)))
    for paragraph in "\n".join(lines).split("\n\n"):
        if paragraph.startswith("Next:"):
            pieces = re.split(r"\n|  \|  ", paragraph[len("Next:") :])
        else:
            pieces = []
            for line in unwrapped(paragraph.split("\n")):
                pieces += re.split(rf"(?<=[a-z)]\.) |{COLUMNS.pattern}", line)
        yield from filter(None, map(plain, pieces))


def unwrapped(lines):
    """The lines as before they were wrapped: a line goes on where the next word had no room."""
    whole, last = [], 0
    for line in lines:
        word = line.split(" ")[0] if not line.startswith(" ") else line
        is_cut = whole and last + 1 + len(word) > WIDTH and not COLUMNS.search(whole[-1])
        if is_cut or line.startswith("  "):
            whole[-1:] = [" ".join([*whole[-1:], line.strip()])]
        else:
            whole.append(line)
        last = len(line)
    return whole


# Recorded and today's


def differences(recorded, today):
    """What the recorded shape has and today's has not, and the other way round, in words."""
    told = []
    for one, two in zip(recorded.picture, today.picture):
        if one != two:
            told.append("recorded `{}`, today `{}`".format(*where_they_part(one, two)))
    for more, of in ((recorded, today), (today, recorded)):
        where = "only in the recorded screen" if more is recorded else "only today"
        told += [f"{where}: `{line}`" for line in more.picture[len(of.picture) :]]
        told += [f"{where}: `{words}`" for words in sorted(more.said - of.said)]
    return told


def where_they_part(one, two, words=12):
    """The first words that differ, and as many before and behind them as are worth a look."""
    one, two = one.split(), two.split()
    same = next(
        (n for n, pair in enumerate(zip(one, two)) if pair[0] != pair[1]), min(len(one), len(two))
    )
    first = max(0, same - words // 2)
    return [" ".join(it[first : same + words // 2]) for it in (one, two)]


SKIPPED = re.compile(r"^(?:(\S+) +)?skipped: (.+)$", re.MULTILINE)


def without(screen, name):
    """The screen without the row of a stage, which may be wrapped."""
    kept, is_its = [], False
    for line in screen.split("\n"):
        is_its = line.split(" ")[0] == name or is_its and line.startswith(" " * 8)
        if not is_its:
            kept.append(line)
    return "\n".join(kept)


def compare(program, shown):
    """How the recorded screen differs, in words, and what was not compared, if anything."""
    command, cuts = parts(shown)
    if "--deep" in command and not shutil.which("strace"):
        return [], "strace is missing"
    recorded = part(measured.screen(command), cuts)
    tries, free, is_busy = [], core(), False  # the least share of a core, before and after each
    while len(tries) < ROUNDS and not is_busy:
        whole, notes = run(program, command)
        if "no Python 3" in notes:
            return [], "no Python 3.8 or newer"
        try:
            told, left_out, is_same_picture = against(recorded, part(whole, cuts))
        except Drift as reason:
            told, left_out, is_same_picture = [str(reason)], "", False
        if not told:
            return [], left_out
        tries.append((len(told), told, is_same_picture))
        free = min(free, core())
        # The command itself has found the machine too busy, and another try takes long.
        is_busy = "not judged" in whole
    _, told, is_same_picture = min(tries)
    if is_busy or is_same_picture and free < BUSY:
        share = f"a program that wants a core gets {free:.0%} of one"
        return [], f"this machine is busy, {share}: {told[0]}"
    if is_same_picture and all(words.startswith("only today: ") for words in told):
        # Words that had changed would be missing in the one, too.
        return [], f"not every run says so much: {'; '.join(told)}"
    return told, ""


def against(recorded, today):
    """How two screens differ, what of them was left out, and whether their pictures are the same."""
    skipped = SKIPPED.search(today)
    if not skipped:
        one, two = shape(recorded), shape(today)
        return differences(one, two), "", one.picture == two.picture
    name, reason = skipped.groups()
    left_out = f"{name or 'the stage'} is skipped here: {reason}"
    if not name:
        return [], left_out, True
    # The other rows still have to be as recorded; what is said of all rows may differ.
    one, two = (Shape(shape(without(it, name)).picture, frozenset()) for it in (recorded, today))
    return differences(one, two), left_out, False


def check(program, asked):
    """What is wrong, by page; and a line for each screen that was not compared, or not wholly.

    `asked` has the places: (page, line, what the page asks for)."""
    wrong, notes, known = collections.defaultdict(list), [], set()
    # These take their time, most of it asleep, so the others need not wait for them.
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        slow = {
            shown: aside.submit(compare, program, shown) for *_, shown in asked if SLOW in shown
        }
        for path, line, shown in asked:
            if shown in known:
                continue
            known.add(shown)
            try:
                told, left_out = slow[shown].result() if shown in slow else compare(program, shown)
            except Drift as reason:
                told, left_out = [str(reason)], ""
            if told:
                some = "; ".join(told[:3]) + ("; …" if len(told) > 3 else "")
                wrong[path].append((line, f"the screen has another shape today: {some}. {MENDS}"))
            if left_out:
                notes.append(f"{path}:{line}: the screen is not compared, or in part: {left_out}")
    return wrong, notes


def core():
    """The share of a core that a program gets here."""
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < 0.1:
        pass
    return (time.process_time() - cpu) / (time.perf_counter() - wall)
