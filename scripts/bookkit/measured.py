"""The figures of the book: from `docs/measured.json`, which `scripts/measure-book` writes."""

import functools
import importlib.machinery
import importlib.util
import json
import os
import re

import sources

from . import Drift
from .excerpts import ROOT

FILE = os.path.join("docs", "measured.json")


@functools.lru_cache(maxsize=None)
def results():
    try:
        with open(os.path.join(ROOT, FILE), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise Drift(f"{FILE} is missing: scripts/measure-book writes it") from None


def entry(name):
    """The figures of a stage: `epoll`, or `epoll/python`."""
    stage, _, language = name.partition("/")
    try:
        return results()["stages"][stage][language or "rust"]
    except KeyError:
        raise Drift(f"{FILE} has no stage {name}") from None


def screen(command):
    try:
        return results()["screens"][command]
    except KeyError:
        adds = "scripts/measure-book --missing adds it"
        raise Drift(f"{FILE} has no output of `{command}`: {adds}") from None


# Units, as the runner writes them


def digits(value):
    """Two digits, and all of those that stand before the point."""
    if value >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def duration(microseconds):
    if microseconds >= 999_500:
        return f"{microseconds / 1e6:.2f} s"
    return f"{digits(microseconds / 1000)} ms"


def memory(size):
    return f"{digits(size / 1e6)} MB" if size >= 999_500 else f"{digits(size / 1000)} kB"


def small(size):
    return f"{size:,.0f} bytes"


def count(value):
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


# One instruction at 2.6 GHz, in seconds, as the runner has it: shown as one second.
INSTRUCTION = 0.385e-9
LONG = [("year", 365.25 * 86_400), ("day", 86_400), ("hour", 3_600), ("minute", 60)]
SHORT = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


def scaled(asked):
    """`2.5 ns`, a figure of a stage (`epoll cpu`) or a benchmark, at one instruction a second."""
    name, _, column = asked.partition(" ")
    if name == "bench":
        return scaled(bench(*column.split(": ", 1)))
    if column in SHORT:
        seconds = float(name) * SHORT[column]
    elif column in ("wall", "cpu"):
        seconds = entry(name)[f"{column}_us"] / 1e6
    else:
        raise Drift(f"`{asked}` is not a time like 2.5 ns or epoll cpu")
    seconds /= INSTRUCTION
    for unit, size in LONG:
        if seconds >= 1.5 * size:
            return f"{digits(seconds / size)} {unit}s"
    return f"{digits(seconds)} seconds"


COLUMNS = {
    "wall": ("wall time", "wall_us", duration),
    "cpu": ("CPU time", "cpu_us", duration),
    "memory": ("memory", "memory_bytes", memory),
    "calls": ("system calls per fetch", "calls_per_fetch", count),
    "waiting": ("memory per waiting fetch", "bytes_per_waiting", small),
}


def value(name, column):
    if column not in COLUMNS:
        raise Drift(f"there is no figure {column}: there are {', '.join(COLUMNS)}, lines")
    _, key, unit = COLUMNS[column]
    figure = entry(name).get(key)
    return "–" if figure is None else unit(figure)


def figure(asked):
    """`epoll wall`, `epoll lines`; a fact as `machine`; a time as `scaled 450 ms`."""
    name, _, column = asked.partition(" ")
    if name == "scaled":
        return scaled(column)
    if name == "bench":
        return bench(*column.split(": ", 1))
    if name == "goal":
        return goal(*column.split())
    if not column:
        fact = results()["facts"].get(name)
        if fact is None:
            raise Drift(f"{FILE} has no fact {name}: it has {', '.join(results()['facts'])}")
        return str(fact)
    return str(lines(name)) if column == "lines" else value(name, column)


def lines(name):
    """How many lines of a stage wait, as `scripts/neighbors` counts them; now, not as measured."""
    stage, _, language = name.partition("/")
    place = sources.PLACES.get(stage)
    if place is None or language:
        return "–"
    return sum(sources.waiting_lines(piece) for piece in sources.own_waiting(place))


def costs(names):
    """A row for each stage: its times, its memory, its calls, its lines."""
    heads = ["stage", *(head for head, _, _ in COLUMNS.values()), "lines that wait"]
    made = [line(heads), line(["---"] + ["---:"] * (len(heads) - 1))]
    for name in names:
        stage, _, language = name.partition("/")
        shown = f"`{stage}`" + (f" in {language.capitalize()}" if language else "")
        made.append(line([shown, *(value(name, column) for column in COLUMNS), str(lines(name))]))
    return made


def line(cells):
    return f"| {' | '.join(cells)} |"


# What single benchmarks measured: `bench switch: callback`. The source that they come from has to
# have a benchmark of that name; where there is none, the names are those of stages.
SOURCES = {
    "switch": "benches/switch.rs",
    "selectors": "benches/selectors.rs",
    "waiting": "benches/bytes_per_waiting.rs",
    "calls": None,
    "cpu": None,
}


def bench(group, name):
    if group not in SOURCES:
        raise Drift(f"there are no benchmarks {group}: there are {', '.join(SOURCES)}")
    kept = results().get("single", {}).get(group, {})
    if name == "date":
        return kept["date"]
    if name not in kept.get("figures", {}):
        known = ", ".join(kept.get("figures", {}))
        raise Drift(f"{FILE} has no benchmark {name} of {group}: it has {known}")
    source, plain = SOURCES[group], name.split("/")[0]
    if source is None and plain not in sources.PLACES:
        raise Drift(f"there is no stage {plain} any more")
    if source and f'"{plain}"' not in text_of(source):
        raise Drift(f"{source} has no benchmark {plain} any more")
    value = kept["figures"][name]
    if group == "waiting":
        return f"{float(f'{value:.2g}'):,.0f} bytes"
    if group == "calls":
        return f"{value:.1f}"
    if group == "cpu":
        return f"{value:.2f}"
    if group == "selectors" or value >= 1_000:
        return f"{digits(value / 1_000)} µs"
    return f"{digits(value)} ns"


@functools.lru_cache(maxsize=None)
def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


@functools.lru_cache(maxsize=None)
def goals():
    path = os.path.join(ROOT, "scripts", "goals")
    loader = importlib.machinery.SourceFileLoader("goals", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("goals", loader))
    loader.exec_module(module)
    return module


def goal(limits, stage):
    """At most so much: `goal CPU epoll`, as scripts/goals has it."""
    try:
        most = getattr(goals(), limits)[stage]
    except (AttributeError, KeyError):
        raise Drift(f"scripts/goals has no limit {limits} of {stage}") from None
    return f"{most:.2f}" if most < 1 else f"{most:g}"


# What benches/asyncio.rs measures: its words, and how many operations one iteration has.
BENCHES = {
    "create_task": ("make a task and await it", 1),
    "gather": ("`gather` of 1,000, each", 1_000),
    "sleep_0": ("`sleep(0)`", 1),
    "call_soon": ("`call_soon`", 1),
    "timers": ("10,000 sleepers of 0 to 20 ms, each", 10_000),
    "timeout": ("a timeout that does not pass", 1),
    "queue": ("an item to another task, and back", 1),
}
LIBRARIES = ("ours", "tokio", "CPython")


def benches():
    """A row for each operation, and how many times as long CPython takes."""
    found = results().get("benches")
    if not found:
        raise Drift(f"{FILE} has no benches: scripts/measure-book --benches measures them")
    heads = ["one operation, in ns of CPU", "this chapter", "tokio", "CPython", "CPython ÷ this chapter"]
    made = [line(heads), line(["---"] + ["---:"] * (len(heads) - 1))]
    for operation, (words, _) in BENCHES.items():
        times = found[operation]
        cells = [f"{times[it]:,.0f}" if it in times else "–" for it in LIBRARIES]
        ratio = f"{times['CPython'] / times['ours']:.0f}" if "CPython" in times else "–"
        made.append(line([words, *cells, ratio]))
    return made
