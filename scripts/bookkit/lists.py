"""The tables of what a folder has: `list exercises` and `list museum`, from their TOML files."""

import glob
import os
import re

from . import Drift
from .excerpts import ROOT


def table(kind):
    if kind == "exercises":
        rows = [[f"`{it.short}`", link(it), it.language, it.question] for it in exercises()]
        return lines(["exercise", "chapter", "language", "question or task"], rows)
    if kind == "museum":
        rows = [[f"`{it.name}`", link(it), it.question] for it in pieces()]
        return lines(["piece", "chapter", "what one sees"], rows)
    raise Drift(f"there is no list {kind}: there are exercises and museum")


def lines(heads, rows):
    row = lambda cells: f"| {' | '.join(cells)} |"
    return [row(heads), "|" + "---|" * len(heads), *map(row, rows)]


class Listed:
    """What a list says of a folder."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.name = os.path.basename(os.path.dirname(path))
        self.short = self.name.split("-")[0]
        self.chapter = int(self.field(path, text, r"chapter = (\d+)"))
        question = self.field(path, text, r'question = "((?:\\"|[^"])*)"')
        self.question = question.replace('\\"', '"')
        self.language = "Rust" if re.search(r"^\[rust\]$", text, re.MULTILINE) else "any"

    @staticmethod
    def field(path, text, pattern):
        found = re.search(rf"^{pattern}$", text, re.MULTILINE)
        if not found:
            raise Drift(f"{os.path.relpath(path, ROOT)} has no line `{pattern.split(' ')[0]} = …`")
        return found[1]


def exercises():
    found = map(Listed, glob.glob(os.path.join(ROOT, "exercises", "*", "exercise.toml")))
    return sorted(found, key=lambda it: (it.chapter, it.short))


def pieces():
    found = map(Listed, glob.glob(os.path.join(ROOT, "museum", "*", "piece.toml")))
    return sorted(found, key=lambda it: (it.chapter, it.name))


def link(it):
    pages = glob.glob(os.path.join(ROOT, "docs", f"{it.chapter:02}-*.md"))
    if len(pages) != 1:
        raise Drift(f"{it.name} is of chapter {it.chapter}, and docs/ has no such chapter")
    return f"[{it.chapter}]({os.path.basename(pages[0])})"
