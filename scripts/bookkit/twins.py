"""Two columns: Python beside Rust, and a stage beside the next one."""

import re

import sources

from . import Drift
from .excerpts import Piece, dedent


def fence(language, lines):
    return [f"```{language}", *lines, "```"]


def row(left, right):
    """Cells of a table: blank lines let Markdown see the fences."""
    return ["<tr><td>", "", *left, "", "</td><td>", "", *right, "", "</td></tr>"]


def table(titles, rows):
    heads = "".join(f"<th>{title}</th>" for title in titles)
    return [
        "<table>",
        f"<tr><th>{heads[4:-5]}</th></tr>",
        *(line for pair in rows for line in row(*pair)),
        "</table>",
    ]


def side(asked):
    """The first line names the folder, the others a row each."""
    folder, *wanted = [line.strip() for line in asked.split("\n") if line.strip()]
    if not wanted:
        raise Drift("side: below the folder a line is missing: PYTHON ITEM | RUST ITEM")
    columns = Column(f"{folder}/original.py"), Column(folder)
    rows = []
    for line in wanted:
        cells = re.split(r"(?:^|\s+)\|(?:\s+|$)", line)
        if len(cells) != 2:
            raise Drift(f"side: `{line}` is not LEFT | RIGHT")
        rows.append(tuple(column.begin(cell.strip()) for column, cell in zip(columns, cells)))
    for column in columns:
        column.end_piece()
    cells = [tuple(part.fence() for part in pair) for pair in rows]
    return table(("Python", "Rust"), cells)


class Part:
    """What stands in one cell; its end is known when the next one begins."""

    def __init__(self, language="", lines=()):
        self.language, self.lines = language, list(lines)

    def fence(self):
        lines = self.lines
        while lines and not lines[-1].strip():
            lines = lines[:-1]
        return fence(self.language, lines) if lines else []


class Column:
    """One column from top to bottom: an item begins, and may be cut into several rows."""

    def __init__(self, place):
        self.place, self.part, self.rest = place, Part(), []

    def begin(self, cell):
        if not cell:
            return Part()
        if not cell.startswith("/"):
            self.end_piece()
            piece = Piece(cell, self.place)
            self.part, self.rest = Part(piece.language), piece.lines
            return self.part
        text = cell[1:].strip()
        for number, line in enumerate(self.rest):
            if number and text in line:
                self.part.lines, self.rest = self.rest[:number], self.rest[number:]
                self.part = Part(self.part.language)
                return self.part
        raise Drift(f"side: no line with `{text}` follows in {self.place}")

    def end_piece(self):
        self.part.lines, self.rest = self.part.lines or self.rest, []


def diff(asked):
    """`4 5: connect send`: the functions of two stages, what only one of them has marked - or +."""
    stages, _, names = asked.partition(":")
    try:
        left, right = stages.split()
        before = dict(sources.items_of(left))
        after = dict(sources.items_of(right))
    except (ValueError, KeyError):
        raise Drift(f"diff: `{stages}` is not two of {', '.join(sources.FILES)}") from None
    wanted = names.replace(",", " ").split()
    pairs = sources.pair(before, after)
    known = {
        name for pair in pairs for full in pair if full for name in (full, sources.short(full))
    }
    for name in wanted:
        if name not in known:
            raise Drift(f"diff: neither {left} nor {right} has {name}")
    chosen = [pair for pair in pairs if not wanted or any(is_wanted(name, wanted) for name in pair)]
    rows = []
    for one, other in chosen:
        olds, news = [], []
        for old, mark, new in sources.aligned(
            dedent(before.get(one, [])), dedent(after.get(other, []))
        ):
            same = mark == " "
            olds.append(marked(" " if same else "-", old))
            news.append(marked(" " if same else "+", new))
        rows.append((fence("diff", olds) if one else [], fence("diff", news) if other else []))
    return table([sources.title(left), sources.title(right)], rows)


def is_wanted(name, wanted):
    return name is not None and (name in wanted or sources.short(name) in wanted)


def marked(sign, line):
    return f"{sign} {line}".rstrip() if line else ""
