"""The plans for teachers: pages of docs/teaching/ that have a line `session: MINUTES`.

A step is a heading `## 1. …` with a line `minutes: N` below it, and the commands of its `sh`
fences.
"""

import glob
import os
import re

from . import pages

FOLDER = "docs/teaching"
SESSION = re.compile(r"session: (\d+)$")
STEP = re.compile(r"## (\d+)\. (.+)$")
MINUTES = re.compile(r"minutes: (\d+)$")


class Step:
    def __init__(self, title):
        self.title, self.minutes, self.commands = title, None, []


class Plan:
    """A plan, and what is wrong with it."""

    def __init__(self, name, text):
        self.name, self.session, self.steps, self.wrong = name, None, [], []
        sh = {first: body for first, language, body in pages.fences(text) if language == "sh"}
        headings = dict(pages.outside_fences(text))
        for number in sorted(sh.keys() | headings.keys()):
            if number in headings:
                self.read(headings[number])
            elif self.steps:
                self.steps[-1].commands += [line for line in sh[number] if line.strip()]
            else:
                self.wrong.append(f"`{sh[number][0]}` belongs to no step")
        self.check()

    def read(self, line):
        if found := SESSION.match(line):
            self.session = int(found[1])
        elif found := STEP.match(line):
            self.steps.append(Step(f"{found[1]}. {found[2]}"))
        elif line.startswith("## "):
            self.wrong.append(f"`{line}` has no number: write `## {len(self.steps) + 1}. …`")
        elif found := MINUTES.match(line):
            if not self.steps or self.steps[-1].minutes is not None:
                self.wrong.append(f"`{line}` belongs to no step: write it below its heading, once")
            else:
                self.steps[-1].minutes = int(found[1])

    def check(self):
        if not self.steps:
            self.wrong.append("it has no step: a step has a heading like `## 1. The job`")
        for place, step in enumerate(self.steps, 1):
            if step.minutes is None:
                self.wrong.append(f"`{step.title}` has no line `minutes: N`")
            if not step.title.startswith(f"{place}. "):
                self.wrong.append(f"`{step.title}` is step {place}")
        if self.session is not None and self.minutes > self.session:
            told = f"its steps take {self.minutes} minutes, and the session has {self.session}"
            self.wrong.append(told)

    @property
    def minutes(self):
        return sum(step.minutes or 0 for step in self.steps)


def all_plans():
    """Each plan of the repository."""
    found = []
    for path in sorted(glob.glob(os.path.join(pages.ROOT, FOLDER, "*.md"))):
        text = pages.read(os.path.relpath(path, pages.ROOT))
        if any(SESSION.match(line) for line in text.split("\n")):
            found.append(Plan(os.path.basename(path).removesuffix(".md"), text))
    return found
