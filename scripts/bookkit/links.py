"""Links, anchors and pictures of the pages, and of the built book."""

import html.parser
import os
import re
import urllib.parse

from . import pages
from .excerpts import ROOT

LINK = re.compile(
    r"(?P<picture>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]"
    r"\((?P<target>[^()\s]*(?:\([^()]*\))?[^()\s]*)(?:\s+\"[^\"]*\")?\)"
)
HTML_LINK = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"(?P<target>[^\"]*)\"[^>]*>")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def slug(heading):
    """The anchor that code hosts and mdBook give to a heading."""
    words = COMMENT.sub("", heading)
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", words)
    words = re.sub(r"<[^>]*>|[`*]", "", words).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", words))


def anchors(text):
    found = set()
    for _, line in pages.outside_fences(text):
        if heading := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
            name, number = slug(heading[1]), 0
            while (full := f"{name}-{number}" if number else name) in found:
                number += 1
            found.add(full)
        found.update(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", line))
    return found


def check(path, text):
    """What is wrong with the links of a page: [(line, reason)]."""
    wrong = []
    for number, line in pages.outside_fences(text):
        bare = CODE.sub(lambda code: " " * len(code[0]), line)
        for link in LINK.finditer(bare):
            if link["picture"] and not link["text"].strip():
                wrong.append(
                    (
                        number + 1,
                        f"the picture {link['target']} has no text for those who cannot see it",
                    )
                )
            wrong += [(number + 1, reason) for reason in problem(path, text, link["target"])]
        for link in HTML_LINK.finditer(bare):
            if link[0].startswith("<img") and not re.search(r"\balt=\"[^\"]", link[0]):
                wrong.append(
                    (
                        number + 1,
                        f"the picture {link['target']} has no text for those who cannot see it",
                    )
                )
            wrong += [(number + 1, reason) for reason in problem(path, text, link["target"])]
    return wrong


def problem(path, text, target):
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return
    file, _, anchor = urllib.parse.unquote(target).partition("#")
    if file.startswith("/"):
        yield f"{target}: write the path from this page on, not from the root"
        return
    full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
    if full.startswith("..") or not os.path.exists(os.path.join(ROOT, full)):
        yield f"{target}: there is no {full}"
        return
    if anchor and full.endswith(".md"):
        there = anchors(pages.read(full) if file else text)
        if anchor not in there:
            yield f"{target}: {full} has no heading #{anchor}"


class Page(html.parser.HTMLParser):
    """The links and the identities of a built page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        for name in ("id", "name"):
            if attrs.get(name):
                self.ids.add(attrs[name])
        for name in ("href", "src"):
            if attrs.get(name) and tag in ("a", "img", "link", "script", "iframe", "source"):
                self.links.append((tag, attrs[name]))


def check_built(folder):
    """What is wrong with the links of the built pages: [(file, reason)]."""
    built = {}
    for base, _, files in os.walk(folder):
        for file in files:
            if file.endswith(".html"):
                full = os.path.join(base, file)
                with open(full, encoding="utf-8") as page:
                    built[os.path.relpath(full, folder)] = Page(page.read())
    wrong = []
    for name, page in built.items():
        if name == "404.html":
            continue  # its links start at the root of wherever the book is published
        for tag, link in page.links:
            if re.match(r"[a-z][a-z0-9+.-]*:|//", link):
                if tag != "a":
                    wrong.append((name, f"{link} is loaded from elsewhere"))
                continue
            file, _, anchor = urllib.parse.unquote(link).partition("#")
            full = os.path.normpath(os.path.join(os.path.dirname(name), file)) if file else name
            if full.startswith("..") or not os.path.exists(os.path.join(folder, full)):
                wrong.append((name, f"{link} leads nowhere"))
            elif anchor and full in built and anchor not in built[full].ids:
                wrong.append((name, f"{link}: {full} has no #{anchor}"))
    return wrong
