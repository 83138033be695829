"""The screens of the book: what a command printed when the book was measured, against today's.

Times, sizes and counts differ from run to run, so a recorded screen cannot be compared letter by
letter. Its *shape* can: the same words in the same columns, with a placeholder for each figure and
for each bar. A screen has two parts:

- the picture: headline, column heads, and the name of each row. It is the same in every run.
- what is said below it: the legend and the sentences. The runner says only what is true of the run,
  so a busy machine may leave out a sentence. So the command runs up to three times.
"""

import collections
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from . import Drift, measured, pages
from .excerpts import ROOT

RUNNER = re.compile(r"cargo (?:run --release -p stage-runner --|waits)(?: |$)")
EXAMPLE = re.compile(r"cargo run --release -p [\w-]+ --example \w+")
ROUNDS = 3
# A program that wants a whole core gets less of it: the machine is busy, as the runner sees it.
BUSY = 0.7

Shape = collections.namedtuple("Shape", "picture said")


def run(program, command):
    """What the command prints, and its notes. `stage-runner …` runs in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if RUNNER.match(command):
            looks = ["--charset", "unicode", "--color", "never"]
            rest = shlex.split(RUNNER.sub("", command, count=1))
            asked, place = [program, *rest, *looks], ROOT
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
            env={**os.environ, "PATH": path, "BOOK": ROOT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            encoding="utf-8",
        )
    # 1: a page failed, or the exercise is not done yet.
    if done.returncode not in (0, 1) or not done.stdout:
        raise Drift(f"`{command}` ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout, done.stderr


# The shape of a screen

LEGEND = re.compile(r"[░█] [a-z]|c connecting")
WIDTH = 80
COLUMNS = re.compile(r"   +")
HEADS = re.compile(r"(page|stage) +\d")
FIGURES = [
    (re.compile(r"\S*[░█]\S+|\S+[░█]"), "BAR"),
    (re.compile(r"\d[\d,]*(?:\.\d+)*"), "N"),
    (re.compile(r"N (?:ns|µs|ms|s|kB|MB|GB)\b"), "N UNIT"),
    (re.compile(r"N (?:year|day|hour|minute|second)s?\b"), "N TIME"),
    # A machine with one core has one loop.
    (re.compile(r"N thread(?!s)\b"), "N threads"),
    (re.compile(r"N process(?!es)\b"), "N processes"),
]


def shape(screen):
    lines = screen.rstrip("\n").split("\n")
    legend = next((n for n, line in enumerate(lines) if LEGEND.match(line)), None)
    if legend is None:
        # Text that may be wrapped elsewhere, where a figure has more digits.
        return Shape([plain(" ".join(lines))], frozenset())
    above = [plain(line) for line in lines[:legend]]
    return Shape(above, frozenset(said(lines[legend:])))


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
            told.append(f"recorded `{one}`, today `{two}`")
    for more, of in ((recorded, today), (today, recorded)):
        where = "only in the recorded screen" if more is recorded else "only today"
        told += [f"{where}: `{line}`" for line in more.picture[len(of.picture) :]]
        told += [f"{where}: `{words}`" for words in sorted(more.said - of.said)]
    return told


SKIPPED = re.compile(r"^(?:(\S+) +)?skipped: (.+)$", re.MULTILINE)


def without(screen, name):
    """The screen without the row of a stage."""
    return "\n".join(line for line in screen.split("\n") if line.split(" ")[0] != name)


def compare(program, command):
    """What is wrong with the recorded screen of a command, and what was not compared: two texts."""
    if "--deep" in command and not shutil.which("strace"):
        return [], "strace is missing"
    recorded = measured.screen(command)
    least = None
    free = core()
    for _ in range(ROUNDS):
        today, notes = run(program, command)
        if "no Python 3" in notes:
            return [], "no Python 3.8 or newer"
        left_out = ""
        if skipped := SKIPPED.search(today):
            name, reason = skipped.groups()
            left_out = f"{name or 'the stage'} is skipped here: {reason}"
            if not name:
                return [], left_out
            # The other rows still have to be as recorded; what is said of all rows may differ.
            left = [shape(without(screen, name)).picture for screen in (recorded, today)]
            told = differences(*(Shape(picture, frozenset()) for picture in left))
        else:
            told = differences(shape(recorded), shape(today))
        if not told:
            return [], left_out
        if least is None or len(told) < len(least[0]):
            least = told, shape(recorded).picture == shape(today).picture
    told, same_picture = least
    free = min(free, core())
    if same_picture and free < BUSY:
        return [], (
            f"this machine is busy, a program that wants a core gets {free:.0%} of one: {told[0]}"
        )
    return told, ""


def asked():
    """Each command whose screen a page shows, and where: {command: (page, line)}."""
    found = {}
    for path in pages.all_pages():
        for number, line in pages.outside_fences(pages.read(path)):
            if match := re.match(r"<!-- screen (.+?) -->$", line):
                found.setdefault(match[1], (path, number + 1))
    return dict(sorted(found.items()))


def check(program):
    """What is wrong, by page; and a line for each screen that was not compared, or not wholly."""
    wrong, notes = collections.defaultdict(list), []
    for command, (path, line) in asked().items():
        try:
            told, left_out = compare(program, command)
        except Drift as reason:
            told, left_out = [str(reason)], ""
        if told:
            some = "; ".join(told[:3]) + ("; …" if len(told) > 3 else "")
            wrong[path].append(
                (line, f"the screen has another shape today: {some}. scripts/measure-book "
                 f"--screens '{command}' records it anew")
            )
        if left_out:
            notes.append(f"{path}:{line}: not compared, or in part: {left_out}")
    return wrong, notes


def core():
    """The share of a core that a program gets here."""
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < 0.1:
        pass
    return (time.process_time() - cpu) / (time.perf_counter() - wall)
