"""The sources of the stages, as pieces: what `neighbors` and `diff` compare.

A piece of Rust is a list of lines of code: no comments, no blank lines, no imports, no tests, no
attributes. The parser knows as much of Rust as the stages use.
"""

import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")

# The names on the command line, and the files behind them. A `/loop` is what a stage waits with.
FILES = {
    "1": ["crates/01-blocking/src/lib.rs"],
    "2": ["crates/02-process-pool/src/lib.rs"],
    "3": ["crates/03-thread-pool/src/lib.rs"],
    "4": ["crates/04-busy-wait/src/lib.rs"],
    "4/all": ["crates/04-busy-wait/src/all.rs"],
    "5": ["crates/05-callbacks/src/lib.rs"],
    "5/loop": ["crates/05-callbacks/src/event_loop.rs"],
    "6": ["crates/06-generator-task/src/lib.rs"],
    "6/loop": ["crates/06-generator-task/src/event_loop.rs"],
    "7/flat": ["crates/07-yield-from/src/flat.rs"],
    "7": ["crates/07-yield-from/src/lib.rs"],
    "8": ["crates/08-async-await/src/lib.rs"],
    "8/by-hand": ["crates/08-async-await/src/by_hand.rs"],
    "tokio": ["crates/reference-tokio/src/lib.rs"],
}


def text(name):
    """The whole text of a stage's files."""
    return "".join(open(os.path.join(ROOT, path), encoding="utf-8").read() for path in FILES[name])


def code(source):
    """The lines of code of a Rust source, as they are indented."""
    source = re.split(r"^#\[cfg\(test\)\]\nmod tests", source, flags=re.MULTILINE)[0]
    source = re.sub(r"^(pub )?use [^;]*;\n", "", source, flags=re.MULTILINE)
    source = re.sub(r"^(pub )?mod [a-z_]+;\n", "", source, flags=re.MULTILINE)
    lines = []
    for line in source.splitlines():
        line = re.sub(r"(^|\s)//.*$", "", line).rstrip()
        if line and not re.match(r"\s*#!?\[", line):
            lines.append(line)
    return lines


def items(source):
    """The items of a source in their order: (name, lines of code). A method is `Type::method`."""
    found, lines = [], code(source)
    place, within = 0, None
    while place < len(lines):
        line = lines[place]
        end = end_of(lines, place)
        if opened := re.match(r"(?:impl|trait|pub trait)\b(.*)$", line):
            header = " ".join(lines[place:end])
            header = re.sub(r"\bwhere\b.*", "", header.split("{")[0])
            kind = re.sub(r"^(impl|pub trait|trait)(<[^>]*>)?\s*", "", header)
            kind = kind.split(" for ")[-1].strip()
            within = re.sub(r"<.*", "", kind)
            place += first_brace(lines, place)
            continue
        if line == "}":
            within = None
            place += 1
            continue
        name = re.search(r"\b(?:fn|struct|enum|type|const|static)\s+(\w+)", line)
        piece = lines[place:end]
        if name:
            found.append((f"{within}::{name[1]}" if within else name[1], piece))
        place = end
    return found


def first_brace(lines, place):
    """How many lines a header has, through the one that opens its block."""
    for count, line in enumerate(lines[place:], 1):
        if line.endswith(("{", "{}")):
            return count
    return 1


def end_of(lines, place):
    """The line behind the item that starts at `place`: its brackets are closed there."""
    depth = 0
    for number in range(place, len(lines)):
        line = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'', "", lines[number])
        depth += sum(line.count(c) for c in "{([") - sum(line.count(c) for c in "})]")
        if depth <= 0 and line.endswith(("}", ";", ",")):
            return number + 1
    return len(lines)


def without_indent(lines):
    return [line.strip() for line in lines]
