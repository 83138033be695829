"""Finds the items of a Rust or Python source by their names, as they stand, comments included.

A place is a file below `crates/`, written short:

    05-callbacks                  crates/05-callbacks/src/lib.rs
    05-callbacks/event_loop       crates/05-callbacks/src/event_loop.rs
    05-callbacks/original.py      crates/05-callbacks/original.py
    08-async-await/examples/x.rs  crates/08-async-await/examples/x.rs

An item is `fetch`, `Fetch`, `Fetch::receive`, `impl Fetch`, `impl Drop for Socket`; in Python
`fetch`, `Fetch`, `Fetch.receive`, `CHUNK`; and `*` is the whole file.
"""

import ast
import os
import re

from . import Drift

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def path_of(place):
    """The file of a place, relative to the root."""
    folder, _, file = place.partition("/")
    if file.endswith((".rs", ".py")):
        candidates = [f"crates/{place}", place]
    elif file:
        candidates = [f"crates/{folder}/src/{file}.rs"]
    elif place.endswith((".rs", ".py")):
        candidates = [place]
    else:
        candidates = [f"crates/{folder}/src/lib.rs"]
    for path in candidates:
        if os.path.isfile(os.path.join(ROOT, path)):
            return path
    raise Drift(f"there is no file {candidates[0]}")


def source(place):
    with open(os.path.join(ROOT, path_of(place)), encoding="utf-8") as file:
        return file.read()


def language(place):
    return "python" if path_of(place).endswith(".py") else "rust"


def item(place, name, docs=False):
    """The lines of an item, without the indent it has in its source."""
    text = source(place)
    if name == "*":
        return text.splitlines()
    if language(place) == "python":
        lines = python_item(text, name, docs)
    else:
        lines = rust_item(text, name, docs)
    if lines is None:
        raise Drift(f"{path_of(place)} has no item {name}")
    return dedent(lines)


def dedent(lines):
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[indent:].rstrip() for line in lines]


# Rust

COMMENT_OR_STRING = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\bb?r(\#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?'(?:\\[^\n']+|\\'|[^\\'\n])'""",
    re.DOTALL,
)
ITEM = re.compile(
    r"""\s*(?:pub(?:\([^)]*\))?\s+)?
        (?:(?:default|const|async|unsafe|extern\s+"[^"]*")\s+(?=.*\bfn\b))*
        (?P<kind>fn|struct|enum|union|type|const|static|trait|impl|mod|macro_rules!|use)\b
        (?:\s+(?:mut\s+)?(?P<name>\w+))?""",
    re.VERBOSE,
)


def masked(text):
    """The text with comments and the content of strings as spaces: only its brackets are left."""
    blank = lambda match: re.sub(r"[^\n]", " ", match[0])
    return COMMENT_OR_STRING.sub(blank, text)


def rust_item(text, name, docs):
    found = [(start, end) for named, start, end in rust_items(text) if named == name]
    if not found:
        return None
    if len(found) > 1:
        raise Drift(f"{name} names {len(found)} items: write `impl … for …` or another file")
    lines = text.splitlines()
    start, end = found[0]
    first = start
    while first and re.match(r"\s*(//|#\[)", lines[first - 1]):
        first -= 1
    before = [line for line in lines[first:start] if docs or not re.match(r"\s*//[/!]", line)]
    return before + lines[start:end]


def rust_items(text):
    """All items: (name, first line, line behind the last), those of an impl or trait too."""
    return list(items_between(masked(text), text, 0, len(text), None))


def items_between(mask, text, position, end, within):
    while position < end:
        line_end = mask.find("\n", position, end)
        line_end = end if line_end < 0 else line_end
        opened = ITEM.match(mask, position, line_end)
        if not opened or not opened["kind"]:
            position = skip_line(mask, position, line_end, end)
            continue
        kind = opened["kind"]
        behind, brace = end_of_item(mask, opened.start(), end, kind)
        start_line, end_line = text.count("\n", 0, position), text.count("\n", 0, behind) + 1
        if kind == "impl":
            header = " ".join(text[opened.start("kind") : brace].split())
            header = re.sub(r"\bwhere\b.*", "", header)
            header = without_generics(header)
            yield header, start_line, end_line
            owner = header.split(" for ")[-1].replace("impl ", "").strip()
            yield from items_between(mask, text, brace + 1, behind - 1, owner)
        elif kind != "use" and opened["name"]:
            name = f"{within}::{opened['name']}" if within else opened["name"]
            yield name, start_line, end_line
            if kind == "trait" and brace is not None:
                yield from items_between(mask, text, brace + 1, behind - 1, opened["name"])
        position = behind
        line_end = mask.find("\n", position, end)
        position = end if line_end < 0 else line_end + 1


def skip_line(mask, position, line_end, end):
    """Past a line that begins no item; an attribute may have several."""
    depth = 0
    while True:
        line = mask[position:line_end]
        depth += sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}")
        position = line_end + 1
        if depth <= 0 or position >= end:
            return position
        line_end = mask.find("\n", position, end)
        line_end = end if line_end < 0 else line_end


def end_of_item(mask, start, end, kind):
    """The position behind an item, and that of its first brace, if it has one."""
    depth, brace = 0, None
    for position in range(start, end):
        sign = mask[position]
        if sign in "([{":
            if sign == "{" and depth == 0 and brace is None:
                brace = position
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if sign == "}" and depth == 0 and kind not in ("const", "static", "type", "use"):
                return position + 1, brace
        elif sign == ";" and depth == 0:
            return position + 1, brace
    return end, brace


def without_generics(header):
    """`impl<'a> Drop for ForgetAll<'_>` becomes `impl Drop for ForgetAll`."""
    plain, depth = "", 0
    for place, sign in enumerate(header):
        if sign == "<":
            depth += 1
        elif sign == ">" and header[place - 1] not in "-=":
            depth -= 1
        elif depth == 0:
            plain += sign
    return " ".join(plain.split())


# Python


def python_item(text, name, docs):
    node = find_python(ast.parse(text), name.split("."))
    if node is None:
        return None
    lines = text.splitlines()
    start = min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])]) - 1
    while start and re.match(r"\s*#(?!!)", lines[start - 1]):
        start -= 1
    taken = set(range(start, node.end_lineno))
    if not docs:
        for inner in ast.walk(node):
            taken -= docstring_lines(inner, lines)
    return [lines[number] for number in sorted(taken)]


def find_python(tree, names):
    for node in tree.body:
        called = getattr(node, "name", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            called = next(
                (t.id for t in targets if isinstance(t, ast.Name) and t.id == names[0]), None
            )
        if called == names[0]:
            return find_python(node, names[1:]) if names[1:] else node
    return None


def docstring_lines(node, lines):
    """The lines of a docstring and the blank ones behind it; not if it is all that the body has."""
    is_owner = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    if not is_owner or ast.get_docstring(node) is None or len(node.body) == 1:
        return set()
    first = node.body[0]
    behind = first.end_lineno
    while behind < len(lines) and not lines[behind].strip():
        behind += 1
    return set(range(first.lineno - 1, behind))


# What a page asks for


class Piece:
    """`PLACE: ITEM + ITEM; docs; from "…"; through "…"; omit "…" through "…"`, as lines of code."""

    SPEC = re.compile(
        r'(?:(?P<place>[^":;+\s]+):\s+)?(?P<items>[^";]+)(?P<options>(?:;.*)?)$', re.DOTALL
    )
    OPTION = re.compile(
        r'\s*;\s*(?:(?P<docs>docs)|(?P<word>from|through|omit)\s+"(?P<text>[^"]*)"'
        r'(?:\s+through\s+"(?P<last>[^"]*)")?)\s*'
    )

    def __init__(self, spec, place=None):
        parts = self.SPEC.match(spec.strip())
        if not parts:
            raise Drift(f"`{spec}` is not PLACE: ITEM")
        self.place = parts["place"] or place
        if not self.place:
            raise Drift(f"`{spec}` names no file: write PLACE: ITEM")
        self.language = language(self.place)
        options = self.read_options(parts["options"], spec)
        docs = any(option["docs"] for option in options)
        self.lines = []
        for name in parts["items"].split(" + "):
            lines = item(self.place, name.strip(), docs)
            self.lines += ([""] if self.lines else []) + lines
        for option in options:
            if option["word"]:
                self.cut(option)

    def read_options(self, text, spec):
        options, place = [], 0
        while place < len(text):
            option = self.OPTION.match(text, place)
            if not option:
                raise Drift(
                    f"`{text[place:].strip('; ')}` in `{spec}` is not an option of an excerpt"
                )
            options.append(option)
            place = option.end()
        return options

    def cut(self, option):
        place = self.line_with(option["text"])
        if option["word"] == "from":
            self.lines = self.lines[place:]
        elif option["word"] == "through":
            self.lines = self.lines[: place + 1]
        else:
            last = self.line_with(option["last"], place) if option["last"] else place
            indent = re.match(r"\s*", self.lines[place])[0]
            self.lines[place : last + 1] = [f"{indent}…"]

    def line_with(self, text, start=0):
        for number in range(start, len(self.lines)):
            if text in self.lines[number]:
                return number
        raise Drift(f"{path_of(self.place)} has no line with `{text}` there")
