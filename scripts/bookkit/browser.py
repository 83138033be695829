"""Looks at the built book in headless Chromium: a WebDriver client in the standard library.

It needs `chromium` and `chromedriver`. Every page of the book is opened at four widths, light and
dark, with all that is folded open, and has to pass `reads.js`. So has the whole book as it is
printed, upright and across; and it is printed into a PDF. Search has to find something; the console
has to stay empty; and no request may leave the page's origin.
"""

import base64
import functools
import html
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from . import Drift, site

# Width, height, whether two columns of code stand beside each other, whether the sidebar is open.
# All of them in light colors, the first and the last in dark ones too.
SIZES = [
    (1280, 900, True, False),
    (1920, 1080, True, True),
    (1024, 800, False, False),
    (390, 844, False, False),
]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
]
# What is printed of a page of A4, in CSS pixels: the paper without margins of 1 cm. Two columns of
# code stand beside each other where the paper lies across.
PAPER = [(717, 1046, False), (1046, 717, True)]
# The text is longer on paper: nothing that may not be cut in two begins near the end of a page.
MORE_PAPER = 1.6
OPEN_ALL = "for (const details of document.querySelectorAll('details')) details.open = true"
# What is wrong with the page as it stands, in words.
READS = os.path.join(os.path.dirname(__file__), "reads.js")


class Browser:
    """One session of Chromium, with a profile of its own that is removed at the end."""

    def __enter__(self):
        for program in ("chromedriver", "chromium"):
            self.find(program)
        self.profile = tempfile.mkdtemp(prefix="book-browser-")
        self.driver = subprocess.Popen(
            [self.find("chromedriver"), "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            for line in self.driver.stdout:
                if port := re.search(r"started successfully on port (\d+)", line):
                    break
            else:
                raise Drift("chromedriver does not start")
            self.base = f"http://127.0.0.1:{port[1]}"
            options = {
                "binary": self.find("chromium"),
                "args": [*FLAGS, f"--user-data-dir={self.profile}"],
            }
            wanted = {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
            created = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.base += f"/session/{created['sessionId']}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if "/session/" in getattr(self, "base", ""):
                self.call("DELETE", "")
        finally:
            self.driver.kill()
            self.driver.wait()
            shutil.rmtree(self.profile, ignore_errors=True)

    @staticmethod
    def find(program):
        names = (
            [program]
            if program == "chromedriver"
            else ["chromium", "chromium-browser", "google-chrome"]
        )
        found = next(filter(None, map(shutil.which, names)), None)
        if not found:
            raise Drift(f"{program} is missing: apt-get install chromium chromium-driver")
        return found

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Drift(f"the browser refused {path}: {error.read().decode()[:300]}") from None

    def go(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def tell(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height):
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scheme(self, name):
        self.tell(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}]
        )

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))

    def wait_until(self, script, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.05)
        return None


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def look(pictures):
    """Opens every page at every size, and says what is wrong with it."""
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site.FOLDER)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        with Browser() as browser:
            wrong = look_at_all(browser, origin, pictures)
    except Drift as reason:
        wrong = [str(reason)]
    finally:
        server.shutdown()
        server.server_close()
    print("\n".join(wrong + [f"the book in Chromium: {len(wrong)} problems"]))
    return bool(wrong)


def page_names():
    """The pages of the book, those in its folders too; not the sources that they link to."""
    names = []
    for folder, folders, files in os.walk(site.FOLDER):
        folders[:] = sorted(name for name in folders if name != "source")
        paths = (os.path.relpath(os.path.join(folder, name), site.FOLDER) for name in sorted(files))
        names += [path.replace(os.sep, "/") for path in paths if path.endswith(".html")]
    return [name for name in names if name not in ("404.html", "print.html", "toc.html")]


def look_at_all(browser, origin, pictures):
    wrong = []
    with open(READS, encoding="utf-8") as file:
        reads = file.read()
    names = page_names()
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for width, height, columns, sidebar in SIZES if scheme == "light" else SIZES[::3]:
            browser.size(width, height)
            for name in names:
                browser.go(origin + name)
                browser.run(OPEN_ALL)
                told = browser.run(reads, columns, sidebar)
                wrong += [f"{name} at {width} pixels, {scheme}: {words}" for words in told]
                if pictures:
                    file = f"{name[:-5].replace('/', '-')}-{width}-{scheme}.png"
                    browser.picture(os.path.join(pictures, file))
    wrong += printed(browser, origin, reads, pictures)
    wrong += search(browser, origin)
    wrong += [
        f"console: {entry['message']}"
        for entry in browser.call("POST", "/se/log", {"type": "browser"})
    ]
    wrong += requests_elsewhere(browser, origin)
    return wrong


def printed(browser, origin, reads, pictures):
    """The whole book on paper: every page of it is there, and nothing is cut off."""
    wrong = []
    light = [{"name": "prefers-color-scheme", "value": "light"}]
    browser.tell("Emulation.setEmulatedMedia", media="print", features=light)
    for width, height, columns in PAPER:
        browser.size(width, height)
        browser.go(origin + "print.html")
        browser.run(OPEN_ALL)
        told = browser.run(reads, columns, False)
        wrong += [f"print.html on paper {width} pixels wide: {words}" for words in told]
        titles = set(
            browser.run(
                "return [...document.querySelectorAll('main h1')].map(h => h.textContent.trim())"
            )
        )
        if columns:
            continue
        wrong += [f"print.html has no `{title}`" for title in page_titles() if title not in titles]
        high = browser.run("return document.querySelector('main').scrollHeight")
        pdf = base64.b64decode(
            browser.tell("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"]
        )
        if pictures:
            with open(os.path.join(pictures, "book.pdf"), "wb") as file:
                file.write(pdf)
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        least, most = high // height, int(MORE_PAPER * high / height)
        if not least <= pages <= most:
            wrong.append(
                f"the book is {pages} pages of A4, and its text fills {least}: at most {most} are sensible"
            )
    browser.tell("Emulation.setEmulatedMedia", media="", features=light)
    return wrong


def page_titles():
    """The first heading of each page of the book, as it is read."""
    titles = []
    for name in page_names():
        with open(os.path.join(site.FOLDER, name), encoding="utf-8") as file:
            heading = re.search(r"<main>.*?<h1[^>]*>(.*?)</h1>", file.read(), re.DOTALL)
        if heading and name != "index.html":  # a copy of the first page
            titles.append(html.unescape(re.sub(r"<[^>]+>", "", heading[1])).strip())
    return titles


def search(browser, origin):
    """A word of chapter 5 is found, and there is a chapter 5 to find."""
    browser.size(1280, 900)
    browser.go(origin + "index.html?search=selector")
    found = browser.wait_until(
        "return document.querySelectorAll('#mdbook-searchresults a[href*=\"05-callbacks\"]').length"
    )
    return [] if found else ["the search for `selector` does not find chapter 5"]


def requests_elsewhere(browser, origin):
    wrong = set()
    for entry in browser.call("POST", "/se/log", {"type": "performance"}):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            is_ours = message["params"]["documentURL"].startswith(
                origin
            )  # not the browser's first page
            if is_ours and not url.startswith((origin, "data:", "blob:")):
                wrong.add(f"a request leaves the page's origin: {url}")
    return sorted(wrong)
