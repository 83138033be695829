"""Draws who waits for whom, for all chapters alike: `docs/drawings/NAME.txt` becomes `NAME.svg`.

    The first line says what the picture shows.

    the program
      thread 1 | ##..........#....#
    the server
      page 1   | -----------a
      page 2   | ----------------b
    a -> thread 1: ready
    b -> thread 1: ready

A line with | is a lane, and time goes from left to right: # computes, . sleeps, - is on its way,
? asks for nothing, ~ is ready and waits for its turn, a space is nothing. A letter names its place,
for an arrow, and continues what stands before it. A line without | names the group of the indented
lanes below it.
"""

import glob
import html
import os
import re

from . import Drift
from .excerpts import ROOT

STATES = {
    "#": ("work", "computes"),
    ".": ("sleep", "asleep"),
    "-": ("away", "on its way: nobody computes"),
    "?": ("ask", "asks, and there is nothing yet"),
    "~": ("turn", "ready, and waits for its turn"),
}
LEFT, WIDTH, RIGHT = 196, 940, 24
TILE = 'width="7" height="7" patternUnits="userSpaceOnUse"'
LANE, BAR, GROUP = 34, 20, 26
with open(os.path.join(os.path.dirname(__file__), "drawing.css"), encoding="utf-8") as file:
    STYLE = file.read()


def all_drawings():
    """Each drawing with what its file should be: (path, text)."""
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "drawings", "*.txt"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            yield os.path.relpath(path[: -len("txt")] + "svg", ROOT), draw(text)
        except Drift as reason:
            raise Drift(f"{os.path.relpath(path, ROOT)}: {reason}") from None


def draw(text):
    words, *lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    groups, arrows = [], []
    for line in lines:
        if arrow := re.match(r"([a-z]) -> ([^:]+?)(?:: (.*))?$", line):
            arrows.append(arrow.groups())
        elif "|" in line:
            name, bars = line.split("|", 1)
            if not line.startswith(" ") or not groups:
                groups.append(("", []))
            groups[-1][1].append((name.strip(), bars[1:]))
        else:
            groups.append((line.strip(), []))
    longest = max(len(bars) for _, lanes in groups for _, bars in lanes)
    return Drawing(words, groups, arrows, (WIDTH - LEFT - RIGHT - 12) / longest).svg()


def rect(kind, x, y, width, height, radius):
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"'
    return f'<rect class="{kind}" {place}/>'


class Drawing:
    def __init__(self, words, groups, arrows, step):
        self.words, self.step = words, step
        self.parts, self.lanes, self.anchors, self.used = [], {}, {}, []
        self.y = 14
        for name, lanes in groups:
            self.group(name, lanes)
        for letter, target, label in arrows:
            self.arrow(letter, target, label)
        self.legend()

    def x(self, column):
        return round(LEFT + column * self.step, 1)

    def rect(self, *what):
        self.parts.append(rect(*what))

    def group(self, name, lanes):
        height = (GROUP if name else 8) + LANE * len(lanes)
        self.rect("group", 12, self.y, WIDTH - 24, height, 8)
        if name:
            self.parts.append(
                f'<text class="name" x="24" y="{self.y + 18}">{html.escape(name)}</text>'
            )
        y = self.y + (GROUP if name else 6)
        for lane, bars in lanes:
            self.lane(lane, bars, y)
            y += LANE
        self.y += height + 10

    def lane(self, name, bars, y):
        self.lanes[name] = None if name in self.lanes else y
        self.parts.append(f'<text x="36" y="{y + 15}">{html.escape(name)}</text>')
        state, began = " ", 0
        for column, sign in enumerate(bars + " "):
            if sign.isalpha():
                self.anchors[sign] = (column, y)
                continue
            if sign not in STATES and sign != " ":
                raise Drift(f"`{sign}` in the lane {name} is not one of {' '.join(STATES)}")
            if sign != state:
                self.bar(state, began, column, y)
                state, began = sign, column

    def bar(self, state, began, ended, y):
        if state == " ":
            return
        if state not in self.used:
            self.used.append(state)
        width = round((ended - began) * self.step, 1)
        kind = STATES[state][0]
        self.rect(kind, self.x(began), y, width, BAR, 2)

    def arrow(self, letter, target, label):
        if letter not in self.anchors or target not in self.lanes:
            raise Drift(f"the arrow {letter} -> {target} has no such letter or lane")
        if self.lanes[target] is None:
            raise Drift(f"the arrow {letter} -> {target} could mean two lanes of this name")
        column, start = self.anchors[letter]
        end, x = self.lanes[target], self.x(column + 0.5)
        down = end > start
        y1, y2 = (start + BAR, end - 2) if down else (start, end + BAR + 2)
        tip = y2 - 7 if down else y2 + 7
        self.parts.append(f'<circle class="head" cx="{x}" cy="{y1}" r="3"/>')
        self.parts.append(f'<path class="arrow" d="M{x} {y1}V{tip}"/>')
        self.parts.append(f'<path class="head" d="M{x - 5} {tip}h10L{x} {y2}z"/>')
        if label:
            middle = (
                (y2 + (GROUP - 8 if not down else -GROUP + 16))
                if abs(y2 - y1) > LANE
                else (y1 + y2) / 2 + 5
            )
            side = 'text-anchor="end" ' if x > WIDTH - 190 else ""
            offset = -9 if side else 9
            place = f'{side}x="{x + offset}" y="{middle}"'
            self.parts.append(f'<text class="word" {place}>{html.escape(label)}</text>')

    def legend(self):
        x, y = 24, self.y + 6
        for state in STATES:
            if state in self.used:
                kind, words = STATES[state]
                self.rect(kind, x, y, 26, 14, 2)
                self.parts.append(f'<text x="{x + 34}" y="{y + 12}">{words}</text>')
                x += 62 + 7.2 * len(words)
        self.parts.append(f'<text x="{WIDTH - 24}" y="{y + 12}" text-anchor="end">time →</text>')
        self.y = y + 30

    def svg(self):
        return "\n".join(
            [
                '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
                f' viewBox="0 0 {WIDTH} {self.y}">',
                f"<title>{html.escape(self.words)}</title>",
                f"<style>{STYLE}</style>",
                "<defs>",
                f'<pattern id="lines" {TILE} patternTransform="rotate(45)">'
                '<path class="hatch" d="M0 0V7" stroke-width="1.4"/></pattern>',
                f'<pattern id="dots" {TILE}><circle class="dot" cx="3" cy="3" r="1.5"/></pattern>',
                "</defs>",
                rect("card", 0.5, 0.5, WIDTH - 1, self.y - 1, 10),
                *self.parts,
                "</svg>",
                "",
            ]
        )
