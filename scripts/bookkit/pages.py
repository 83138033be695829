"""Reads and rewrites the pages: a comment says what follows it, and that is made from its source.

Each kind below is an HTML comment at the start of a line, so that no reader sees it:

    <!-- code 05-callbacks: Fetch::receive -->      one fence
    <!-- side 05-callbacks                          a table: a row for each line, left | right
    connect | connect
    Fetch.send | Fetch::send
    / while | / loop
    -->
    <!-- diff 4 5: connect send -->                 two stages, function by function
    <!-- output cargo run -q … --example … -->      what it prints: compared by running it
    <!-- screen cargo run --release … -->           what it printed when the book was measured:
                                                    compared by its shape (screens.py)
    <!-- costs blocking epoll -->                   a table from docs/measured.json
    <!-- benches asyncio -->                        another: what one operation of a library costs
    <!-- list exercises -->                         what a folder has (lists.py)
    <!--= epoll wall -->451 ms<!--/-->              one figure from there, within a sentence
    <!--= bench switch: callback -->2.5 ns<!--/-->  what one benchmark measured (measured.py)
    <!--= goal CPU epoll -->0.90<!--/-->            at most so much, as scripts/goals has it
    <!--= scaled 450 ms -->37 years<!--/-->         a time at one instruction a second

What may stand behind `code`, and in a cell of `side`, tells excerpts.py: `; docs` keeps the doc
comments, `; from "…"`, `; through "…"` and `; omit "…" through "…"` leave lines out. `; from "…"`
and `; through "…"` may stand behind the command of a `screen`, too.

A `/ text` in `side` begins a row at the line that contains the text. In the left column of `side` a
place without a file is `original.py` of that folder, in the right column its `src/lib.rs`.
"""

import os
import re
import subprocess

from . import Drift, excerpts, lists, measured, screens, twins

ROOT = excerpts.ROOT
KINDS = ("code", "side", "diff", "output", "screen", "costs", "benches", "list")
OPENED = re.compile(rf"<!-- ({'|'.join(KINDS)})\b")
FIGURE = re.compile(r"<!--= (.+?) -->(.*?)<!--/-->")
FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)$")


def all_pages():
    """The Markdown of the repository, as paths relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(
        path for path in listed.split("\0") if path and os.path.isfile(os.path.join(ROOT, path))
    )


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", newline="") as file:
        return file.read()


def outside_fences(text):
    """The numbered lines that stand in no fence: (index, line)."""
    fence = None
    for number, line in enumerate(text.split("\n")):
        marks = FENCE.match(line)
        if fence:
            if marks and marks[1].startswith(fence) and not marks[2].strip():
                fence = None
        elif marks:
            fence = marks[1]
        else:
            yield number, line


def fences(text):
    """All fences: (index of the first line, info string, lines)."""
    lines, found, place = text.split("\n"), [], 0
    while place < len(lines):
        marks = FENCE.match(lines[place])
        if not marks:
            place += 1
            continue
        end = place + 1
        while end < len(lines) and not re.match(rf"\s*{marks[1]}`*\s*$", lines[end]):
            end += 1
        found.append((place, marks[2].strip(), lines[place + 1 : end]))
        place = end + 1
    return found


def screens_shown():
    """Each screen that a page asks for: (page, line, what it asks for)."""
    found = []
    for path in all_pages():
        for number, line in outside_fences(read(path)):
            if match := re.match(r"<!-- screen (.+) -->$", line):
                found.append((path, number + 1, match[1]))
    return found


def renewed(text, outputs=None):
    """The page as its sources want it, and what could not be made: [(line, reason)].

    `outputs` runs a command and gives what it printed; without it outputs stay as they are.
    """
    lines, made, wrong = text.split("\n"), [], []
    free = {number for number, _ in outside_fences(text)}
    place = 0
    while place < len(lines):
        opened = OPENED.match(lines[place]) if place in free else None
        if not opened:
            made.append(inline(lines[place], place, wrong) if place in free else lines[place])
            place += 1
            continue
        end = place
        while end < len(lines) and "-->" not in lines[end]:
            end += 1
        if end == len(lines):
            wrong.append((place + 1, "this comment is not closed by -->"))
            return text, wrong
        comment = lines[place : end + 1]
        asked = "\n".join(comment)[len("<!-- ") + len(opened[1]) :].replace("-->", "").strip()
        stands, behind = block_after(lines, end + 1, opened[1])
        try:
            block = make(opened[1], asked, stands, outputs)
        except Drift as reason:
            wrong.append((place + 1, str(reason)))
            block = stands
        made += comment + [""] + block
        if behind < len(lines) and lines[behind].strip():
            made.append("")
        place = behind
    return "\n".join(made), wrong


def inline(line, number, wrong):
    def figure(match):
        try:
            return f"<!--= {match[1]} -->{measured.figure(match[1])}<!--/-->"
        except Drift as reason:
            wrong.append((number + 1, str(reason)))
            return match[0]

    return FIGURE.sub(figure, line)


def block_after(lines, place, kind):
    """The block that a comment owns, if it is there: its lines, and the line behind it."""
    start = place + 1 if place < len(lines) and not lines[place].strip() else place
    first = lines[start] if start < len(lines) else ""
    end = start
    if kind in ("side", "diff"):
        if first == "<table>":
            while end < len(lines) and lines[end] != "</table>":
                end += 1
            return lines[start : end + 1], end + 1
    elif kind in ("costs", "benches", "list"):
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
    elif marks := FENCE.match(first):
        end += 1
        while end < len(lines) and lines[end].strip() != marks[1]:
            end += 1
        end += 1
    return (lines[start:end], end) if end > start else ([], place)


def make(kind, asked, stands, outputs):
    if kind == "code":
        piece = excerpts.Piece(asked)
        return twins.fence(piece.language, piece.lines)
    if kind == "side":
        return twins.side(asked)
    if kind == "diff":
        return twins.diff(asked)
    if kind == "screen":
        return twins.fence("text", screens.shown(asked))
    if kind == "costs":
        return measured.costs(asked.split())
    if kind == "benches":
        return measured.benches()
    if kind == "list":
        return lists.table(asked)
    if outputs is None:
        return stands
    return twins.fence("text", outputs(asked).rstrip("\n").split("\n"))


def run(command):
    """What a command prints, which has to end well."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=600,
        encoding="utf-8",
    )
    if done.returncode:
        end = done.stderr.strip().splitlines()[-3:]
        raise Drift(f"`{command}` ended with status {done.returncode}: {' / '.join(end)}")
    return done.stdout
