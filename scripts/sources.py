"""The sources of the stages, as pieces: what `neighbors`, `diff` and the book compare.

A piece is a list of lines of code: no comments, no blank lines, no imports, no tests, no
attributes. The parser knows as much of Rust as the stages use; Python is read by its own.
"""

import ast
import difflib
import io
import os
import re
import tokenize

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
    "9": ["crates/09-asyncio/src/crawl.rs"],
    "9/sockets": ["crates/09-asyncio/src/crawl_with_sockets.rs"],
    "10": ["crates/10-many-loops/src/lib.rs"],
    "10/processes": ["crates/10-many-loops/src/processes.rs"],
    "tokio": ["crates/reference-tokio/src/lib.rs"],
}
# The originals: `5/python` beside 5.
FILES |= {
    f"{name}/python": [f"{paths[0].split('/src/')[0]}/original.py"]
    for name, paths in FILES.items()
    if name.isdigit()
}
# Python's library has nothing like it, so there is no original.
FILES["11"] = ["crates/11-io-uring/src/completion.rs"]

# The stages by the names that the runner has for them.
PLACES = {
    "blocking": "1",
    "process-pool": "2",
    "thread-pool": "3",
    "busy-wait": "4",
    "busy-wait-all": "4/all",
    "select": "5",
    "poll": "5",
    "epoll": "5",
    "polling": "5",
    "generator-task": "6",
    "yield-from": "7",
    "async-await": "8",
    "asyncio": "9",
    "asyncio-socket": "9/sockets",
    "many-loops": "10",
    "many-processes": "10/processes",
    "tokio": "tokio",
}


def text(name):
    """The whole text of a stage's files."""
    read = []
    for path in FILES[name]:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            read.append(file.read())
    return "".join(read)


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


def items_of(name):
    """The items of a stage in their order: (name, lines of code). A method is `Type::method`."""
    return python_items(text(name)) if name.endswith("/python") else items(text(name))


def python_items(source):
    """The functions and methods of a Python source; of a class the rest of it, without them."""
    comments = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.start[1]
    lines = source.splitlines()

    def code_of(node, without=()):
        taken = set(range(node.lineno, node.end_lineno + 1))
        for inner in [*without, *ast.walk(node)]:
            if inner in without:
                taken -= set(range(inner.lineno, inner.end_lineno + 1))
            elif isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant):
                taken -= set(range(inner.lineno, inner.end_lineno + 1))  # a docstring
        kept = (lines[number - 1][:comments.get(number)].rstrip() for number in sorted(taken))
        return [line for line in kept if line]

    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.parse(source).body:
        if isinstance(node, functions):
            yield node.name, code_of(node)
        elif isinstance(node, ast.ClassDef):
            methods = [inner for inner in node.body if isinstance(inner, functions)]
            yield node.name, code_of(node, methods)
            yield from ((f"{node.name}::{method.name}", code_of(method)) for method in methods)


def items(source):
    """The items of a Rust source in their order: (name, lines of code)."""
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


def short(name):
    return name.split("::")[-1]


def pair(before, after):
    """The items of both sides in the order of the right one: by name, else by its last part."""
    partner, free = {}, list(before)
    for alike in (lambda one, other: one == other, lambda one, other: short(one) == short(other)):
        for name in after:
            same = [one for one in free if name not in partner and alike(one, name)]
            if same:
                partner[name] = same[0]
                free.remove(same[0])
    pairs = []
    for name in after:
        # What only the left side has stands where it stands there: before its next partner.
        if name in partner:
            earlier = list(before)[:list(before).index(partner[name])]
            pairs += [(one, None) for one in earlier if one in free]
            free = [one for one in free if one not in earlier]
        pairs.append((partner.get(name), name))
    return pairs + [(one, None) for one in free]


def aligned(before, after):
    """Rows of (left, mark, right)."""
    strip = without_indent
    matcher = difflib.SequenceMatcher(None, strip(before), strip(after), autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield from ((one, " ", other) for one, other in zip(before[a:b], after[c:d]))
            continue
        olds, news = before[a:b], after[c:d]
        for row in range(max(len(olds), len(news))):
            one = olds[row] if row < len(olds) else None
            other = news[row] if row < len(news) else None
            mark = "|" if one is not None and other is not None else "<" if other is None else ">"
            yield one or "", mark, other or ""


def title(name):
    """What a reader calls a stage: `5/loop` is *chapter 5, loop*."""
    chapter, _, part = name.partition("/")
    part = part.replace("python", "Python")
    words = f"chapter {chapter}" if chapter.isdigit() else chapter
    return f"{words}, {part}" if part else words


# Not waiting, but what is around it: the entrance, making the value that waits, and its end.
NOT_WAITING = {"crawl", "crawl_with", "crawl_all", "start", "fetch_all", "new", "try_all", "finish"}
NOT_WAITING |= {"receive_chunks"}  # takes what is there, and returns


def own_waiting(name):
    """The functions of a stage that wait."""
    for item, piece in items_of(name):
        if re.search(r"\bfn\b", piece[0]) and short(item) not in NOT_WAITING:
            yield piece


def waiting_lines(piece):
    """The lines of a function's body, without those that hold nothing but brackets."""
    body = piece[first_brace(piece, 0):]
    return sum(1 for line in body if re.search(r"\w", line))
