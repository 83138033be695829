"""Draws who waits for whom: `docs/drawings/NAME.txt` becomes `NAME.svg`, in the same way for each chapter.

    The first line says what the picture shows.

    the program
      thread 1 | ##..........#....#
    the server
      page 1   | -----------a
      page 2   | ----------------b
    a -> thread 1: ready
    b -> thread 1: ready

A line with | is a lane, and time goes from left to right: # computes, . sleeps, - is on its way, ? asks
for nothing, ~ is ready and waits for its turn, a space is nothing. A letter names its place, for an arrow,
and continues what stands before it. A line without | names the group of the indented lanes below it.
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
LANE, BAR, GROUP = 34, 20, 26
STYLE = """
text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
.card { fill: #fff; stroke: #d0d7de; } .group { fill: #f4f6f8; } .name { font-weight: 600; font-size: 13px; }
.work { fill: #1a5fb4; } .sleep { fill: url(#lines); stroke: #8c959f; } .away { fill: none; stroke: #8c959f; stroke-dasharray: 4 4; }
.ask { fill: url(#dots); stroke: #b35900; } .turn { fill: #f2c14e; stroke: #9a6700; }
.arrow { stroke: #1f2328; stroke-width: 1.6; fill: none; } .head { fill: #1f2328; }
.word { font-size: 13px; paint-order: stroke; stroke: #f4f6f8; stroke-width: 4px; stroke-linejoin: round; }
.hatch { stroke: #8c959f; } .dot { fill: #b35900; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .card { fill: #161b22; stroke: #3d444d; } .group { fill: #1f262e; }
.work { fill: #6cb6ff; } .sleep, .away { stroke: #768390; } .ask { stroke: #f0883e; } .turn { fill: #d29922; stroke: #f2cc60; }
.arrow { stroke: #e6edf3; } .head { fill: #e6edf3; } .word { stroke: #1f262e; } .hatch { stroke: #768390; } .dot { fill: #f0883e; }
}
"""


def all_drawings():
    """Each drawing with what its file should be: (path, text)."""
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "drawings", "*.txt"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            yield os.path.relpath(path[:-len("txt")] + "svg", ROOT), draw(text)
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

    def group(self, name, lanes):
        height = (GROUP if name else 8) + LANE * len(lanes)
        self.parts.append(f'<rect class="group" x="12" y="{self.y}" width="{WIDTH - 24}" height="{height}" rx="8"/>')
        if name:
            self.parts.append(f'<text class="name" x="24" y="{self.y + 18}">{html.escape(name)}</text>')
        y = self.y + (GROUP if name else 6)
        for lane, bars in lanes:
            self.lane(lane, bars, y)
            y += LANE
        self.y += height + 10

    def lane(self, name, bars, y):
        if name in self.lanes:
            raise Drift(f"the lane {name} stands twice")
        self.lanes[name] = y
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
        self.parts.append(f'<rect class="{kind}" x="{self.x(began)}" y="{y}" width="{width}" height="{BAR}" rx="2"/>')

    def arrow(self, letter, target, label):
        if letter not in self.anchors or target not in self.lanes:
            raise Drift(f"the arrow {letter} -> {target} has no such letter or lane")
        column, start = self.anchors[letter]
        end, x = self.lanes[target], self.x(column + 0.5)
        down = end > start
        y1, y2 = (start + BAR, end - 2) if down else (start, end + BAR + 2)
        tip = y2 - 7 if down else y2 + 7
        self.parts.append(f'<circle class="head" cx="{x}" cy="{y1}" r="3"/>')
        self.parts.append(f'<path class="arrow" d="M{x} {y1}V{tip}"/>')
        self.parts.append(f'<path class="head" d="M{x - 5} {tip}h10L{x} {y2}z"/>')
        if label:
            middle = (y2 + (GROUP - 8 if not down else -GROUP + 16)) if abs(y2 - y1) > LANE else (y1 + y2) / 2 + 5
            side = 'text-anchor="end" ' if x > WIDTH - 190 else ""
            offset = -9 if side else 9
            self.parts.append(f'<text class="word" {side}x="{x + offset}" y="{middle}">{html.escape(label)}</text>')

    def legend(self):
        x, y = 24, self.y + 6
        for state in STATES:
            if state in self.used:
                kind, words = STATES[state]
                self.parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="26" height="14" rx="2"/>')
                self.parts.append(f'<text x="{x + 34}" y="{y + 12}">{words}</text>')
                x += 62 + 7.2 * len(words)
        self.parts.append(f'<text x="{WIDTH - 24}" y="{y + 12}" text-anchor="end">time →</text>')
        self.y = y + 30

    def svg(self):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.y}" role="img">',
            f"<title>{html.escape(self.words)}</title>",
            f"<style>{STYLE}</style>",
            '<defs><pattern id="lines" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            '<path class="hatch" d="M0 0V7" stroke-width="1.4"/></pattern>'
            '<pattern id="dots" width="7" height="7" patternUnits="userSpaceOnUse"><circle class="dot" cx="3" cy="3" r="1.5"/></pattern></defs>',
            f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{self.y - 1}" rx="10"/>',
            *self.parts,
            "</svg>",
            "",
        ])
