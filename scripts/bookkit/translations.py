"""Translations: a folder for each language, and a hash above each translated block.

    docs/zh-CN/05-callbacks.md       the translation of docs/05-callbacks.md
    README.zh-CN.md                  that of README.md

Above each translated block stands `<!-- en 3f9c2a1b -->`, the hash of the English block that it
says. A block is what stands between blank lines outside fences; a fence is a block. Headings,
paragraphs and lists are translated. What is the same in every language (fences, the comments of
scripts/book and what they own) needs no hash.

Outdated: the hash is of no English block any more. To do: an English block whose hash does not
stand in the translation. Both are counted, and are not an error. An error is a broken structure: a
page without its English, a hash twice, hashes in another order, a block without a hash, a fence
that the English page does not have, a heading of another level, a table with fewer or more rows.

`scripts/book write` copies the fences of the English page, as long as both pages have equally many.
"""

import hashlib
import os
import re

from . import pages

HASH = re.compile(r"<!-- en ([0-9a-f]{8}) -->$")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?$")
# The block behind such a comment is made from the code or from what was measured.
MADE = re.compile(r"<!-- (?:costs|benches|side|diff)\b")


def originals():
    """Each translated page and its English one."""
    for path in pages.all_pages():
        parts = path.split("/")
        if len(parts) > 2 and parts[0] == "docs" and LANGUAGE.match(parts[1]):
            yield path, "/".join(["docs", *parts[2:]])
        elif named := re.match(r"(.+)\.([a-z]{2}-[A-Z]{2})\.md$", path):
            yield path, f"{named[1]}.md"


def blocks(text):
    """The blocks of a page: (line, text, whether every language has the same: a fence, or made)."""
    found, begun = [], None
    lines = text.split("\n")
    free = {number for number, _ in pages.outside_fences(text)}

    def end(number):
        nonlocal begun
        if begun is not None:
            block = "\n".join(lines[begun:number]).strip()
            is_made = bool(found) and MADE.match(found[-1][1]) is not None
            found.append((begun + 1, block, begun not in free or is_made))
            begun = None

    for number, line in enumerate(lines):
        if number in free and not line.strip():
            end(number)
        elif begun is None:
            begun = number
        elif number not in free and begun in free or number in free and begun not in free:
            end(number)
            begun = number
    end(len(lines))
    return found


def to_translate(text):
    """The blocks that a translation has to say: (line, hash)."""
    return [
        (line, digest(block)) for line, block, is_fence in blocks(text) if is_words(block, is_fence)
    ]


def is_words(block, is_fence):
    if is_fence or block.startswith("<!--") and block.endswith("-->"):
        return False
    return bool(re.search(r"\w", re.sub(r"<!--.*?-->|<[^>]*>", "", block, flags=re.DOTALL)))


def digest(block):
    words = pages.FIGURE.sub(r"<!--= \1 -->", block)  # a new measurement outdates no translation
    return hashlib.sha256(" ".join(words.split()).encode()).hexdigest()[:8]


def shape(block):
    """What a translation cannot change about a block, in words."""
    lines = block.split("\n")
    if level := re.match(r"#+(?= )", lines[0]):
        return f"a heading of level {len(level[0])}"
    rows = sum(line.startswith("|") for line in lines)
    return f"a table of {rows} lines" if rows else "text"


def check():
    """What is broken, by page, and a note for each block that is outdated or missing."""
    wrong, notes = {}, []
    for path, origin in originals():
        if not os.path.isfile(os.path.join(pages.ROOT, origin)):
            wrong[path] = [(1, f"there is no {origin} that it could be the translation of")]
            continue
        problems, outdated, missing = compare(pages.read(path), pages.read(origin))
        if problems:
            wrong[path] = problems
        notes += [f"{path}:{line}: outdated: the English block has changed" for line in outdated]
        notes += [f"{path}: to do: {origin}:{line}" for line in missing]
    return wrong, notes


def renewed(translated, english):
    """The translation with the fences of the English page, if it has as many."""
    lines, fences, wanted = translated.split("\n"), pages.fences(translated), pages.fences(english)
    if len(fences) == len(wanted):
        for (first, _, body), (_, _, new) in reversed(list(zip(fences, wanted))):
            lines[first + 1 : first + 1 + len(body)] = new
    return "\n".join(lines)


def compare(translated, english):
    """What is broken; the lines of what is outdated, and the English lines of what is missing."""
    known = [name for _, name in to_translate(english)]
    shapes = {digest(block): shape(block) for _, block, is_fence in blocks(english) if not is_fence}
    english_fences = {block for _, block, is_fence in blocks(english) if is_fence}
    problems, seen, outdated, last = [], set(), [], -1
    pending = None
    for line, block, is_fence in blocks(translated):
        lines = block.split("\n")
        if not is_fence and (hashed := HASH.match(lines[0])):
            name, block = hashed[1], "\n".join(lines[1:]).strip()
            if name in seen and known.count(name) < 2:
                problems.append((line, f"the hash {name} stands here a second time"))
            seen.add(name)
            if name not in known:
                outdated.append(line)
            elif block and shape(block) != shapes[name]:
                problems.append((line, f"{shape(block)}, and in English {shapes[name]}"))
            elif known.index(name) < last:
                problems.append(
                    (line, f"the hash {name} stands before this one in the English page")
                )
            else:
                last = known.index(name)
            pending = None if block else line
            continue
        if is_fence:
            if block not in english_fences:
                problems.append(
                    (line, "the English page has no such fence: scripts/book write copies them")
                )
        elif is_words(block, is_fence):
            if pending is None:
                problems.append((line, "no hash of an English block stands above this block"))
            pending = None
    if pending is not None:
        problems.append((pending, "no block follows this hash"))
    missing = [line for line, name in to_translate(english) if name not in seen]
    return problems, outdated, missing
