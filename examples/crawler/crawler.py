"""The crawler in Python: the same decisions, the same report, the standard library only.

    python3 crawler.py http://127.0.0.1:8000/linked/2016/page/0
"""

import argparse
import asyncio
import os
import signal
import sys
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

NAME = "ways-to-wait"
MAY_PASS = {429, 500, 502, 503, 504}


class FetchError(Exception):
    """Why there is no page: the words of the Rust crates."""


class Links(HTMLParser):
    """Where the links of a page lead."""

    def __init__(self, page, html):
        super().__init__()
        self.base, self.links = page, []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        href = dict(attributes).get("href")
        url = href is not None and resolve(self.base, href)
        if not url:
            return
        if tag == "base":
            self.base = url
        elif tag in ("a", "area") and url not in self.links:
            self.links.append(url)


def resolve(base, reference):
    """The URL that a reference on a page stands for, if it can be fetched."""
    try:
        url = urldefrag(urljoin(base, reference)).url
        parts = urlsplit(url)
        parts.port  # an invalid one raises
    except ValueError:
        return None
    if parts.scheme != "http" or not parts.hostname:
        return None
    return url if parts.path else parts._replace(path="/").geturl()


class Found:
    """A URL that some page links to."""

    def __init__(self, steps, redirects):
        self.steps, self.redirects = steps, redirects
        self.state, self.value = "open", None  # links, a redirect's target, or what is wrong


class Host:
    """One server: its robots.txt, its limit, and its polite delay."""

    def __init__(self, options):
        self.slots = asyncio.Semaphore(options.per_host)
        self.turn = asyncio.Lock()
        self.free_at = 0.0
        self.robots = None
        self.refused = None  # what becomes of every page, if robots.txt could not be had
        self.robots_known = asyncio.Event()


class Crawler:
    """Every URL that is found has a task, which waits for its turn, its host and its answer."""

    def __init__(self, options):
        self.options = options
        self.found = {}
        self.retries = self.running = 0
        self.at_once = asyncio.Semaphore(options.at_once)
        self.hosts = {urlsplit(start).netloc: Host(options) for start in options.start}
        self.stopped = asyncio.Event()

    async def crawl(self):
        try:
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self.interrupted)
        except NotImplementedError:
            pass  # on Windows Ctrl-C ends it without a report
        async with asyncio.TaskGroup() as self.tasks:
            for netloc, host in self.hosts.items():
                self.tasks.create_task(self.read_robots(netloc, host))
            for start in self.options.start:
                self.offer(resolve(start, ""), 0, 0)

    def interrupted(self):
        if self.stopped.is_set():
            os._exit(130)  # the second Ctrl-C; a SystemExit would wait for the fetches
        self.stopped.set()

    def offer(self, url, steps, redirects):
        """A link leads here. It is fetched once; a shorter way makes what follows nearer."""
        found = self.found.get(url)
        host = self.hosts.get(urlsplit(url).netloc)
        is_new = found is None
        if is_new:
            found = self.found[url] = Found(steps, redirects)
        elif found.steps <= steps and found.redirects <= redirects:
            return
        found.steps = min(found.steps, steps)
        found.redirects = min(found.redirects, redirects)
        if host is None:
            found.state = "outside"
        elif is_new and steps > self.options.depth:
            found.state = "too deep"
        elif is_new or (found.state == "too deep" and steps <= self.options.depth):
            found.state = "open"
            self.tasks.create_task(self.visit(url, host))
        else:
            self.follow(found)

    def follow(self, found):
        if found.state == "page":
            for link in found.value:
                self.offer(link, found.steps + 1, 0)
        elif found.state == "redirect" and found.redirects < self.options.redirects:
            self.offer(found.value, found.steps, found.redirects + 1)

    async def read_robots(self, netloc, host):
        url = f"http://{netloc}/robots.txt"
        rules = RobotFileParser()
        rules.allow_all = True
        for _ in range(self.options.redirects + 1):
            state, value = await self.fetch_with_retries(url, host)
            if state == "redirect":
                url = value
                continue
            if state == "open":  # interrupted before it was known
                host.refused = state, None
            elif state == "page":
                rules.allow_all = False
                rules.parse(value.splitlines())
                rules.modified()
            elif not value.startswith("status 4"):
                host.refused = "broken", f"robots.txt: {value}"
            break
        host.robots = rules
        host.robots_known.set()

    async def visit(self, url, host):
        await host.robots_known.wait()
        found = self.found[url]
        if host.refused:
            found.state, found.value = host.refused
            return
        if not host.robots.can_fetch(NAME, url):
            found.state = "forbidden"
            return
        found.state, found.value = await self.fetch_with_retries(url, host)
        if found.state == "page":
            found.value = Links(url, found.value).links
        self.follow(found)

    async def fetch_with_retries(self, url, host):
        for attempt in range(self.options.attempts):
            if attempt > 0:
                self.retries += 1
                # With each attempt twice as long: a server with too much to do needs time.
                await self.pause(self.options.backoff / 1000 * 2 ** (attempt - 1))
            try:
                status, location, body = await self.fetch(url, host)
            except FetchError as error:
                state, value = "broken", str(error)
                if value not in ("malformed", "too-large"):
                    continue
                break
            if self.stopped.is_set() and status is None:
                return "open", None
            state, value = "broken", f"status {status}"
            if status in MAY_PASS:
                continue
            if 300 <= status < 400 and status != 304:
                target = location and resolve(url, location)
                state, value = ("redirect", target) if target else ("broken", f"{value} to nowhere")
            elif status < 300:
                state, value = "page", body.decode(errors="replace")
            break
        return state, value

    async def pause(self, seconds):
        """Sleeps, but not longer than until Ctrl-C."""
        try:
            await asyncio.wait_for(self.stopped.wait(), seconds)
        except TimeoutError:
            pass

    async def fetch(self, url, host):
        """One request, when there is room for it and the host has had its pause."""
        loop = asyncio.get_running_loop()
        async with host.slots:
            async with host.turn:
                await self.pause(max(0, host.free_at - loop.time()))
                await self.at_once.acquire()
                host.free_at = loop.time() + self.options.delay / 1000
            self.running += 1
            try:
                if self.stopped.is_set():
                    return None, None, b""
                async with asyncio.timeout(self.options.deadline):
                    return await download(url)
            except TimeoutError:
                raise FetchError("timeout") from None
            finally:
                self.running -= 1
                self.at_once.release()
                self.show_progress()

    def show_progress(self):
        if sys.stderr.isatty():
            print(f"\r\033[K{len(self.found)} links known, {self.running} in flight",
                  end="", file=sys.stderr)

    def broken(self, url):
        """Why a link is broken, if it is: it is followed through its redirects."""
        for _ in range(self.options.redirects + 1):
            found = self.found.get(url)
            if found is None or found.state not in ("redirect", "broken"):
                return None
            if found.state == "broken":
                return found.value
            url = found.value
        return f"more than {self.options.redirects} redirects"

    def report(self):
        states = [found.state for found in self.found.values()]
        yield (f"fetched: {states.count('page')} pages, {states.count('redirect')} redirects, "
               f"{self.retries} retries")
        broken = {f"{resolve(start, '')} ({why}), a start"
                  for start in self.options.start if (why := self.broken(resolve(start, "")))}
        for url, found in self.found.items():
            for link in found.value if found.state == "page" else []:
                if why := self.broken(link):
                    broken.add(f"{link} ({why}), linked on {url}")
        yield from (f"broken: {line}" for line in sorted(broken))
        for state in "forbidden", "outside", "too deep":
            urls = sorted(url for url, found in self.found.items() if found.state == state)
            yield from (f"{state}: {url}" for url in urls)


async def download(url):
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    except OSError:
        raise FetchError("connect") from None
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {NAME}\r\n"
                     "Connection: close\r\n\r\n".encode())
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").strip().split("\r\n")
        status = int(first.split()[1])
        fields = {name.lower(): value.strip()
                  for name, _, value in (field.partition(":") for field in fields)}
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = await read_chunks(reader)
        elif "content-length" in fields:
            body = await reader.readexactly(int(fields["content-length"]))
        else:
            body = await reader.read()
        return status, fields.get("location"), body
    except asyncio.IncompleteReadError as error:
        is_empty = not error.partial and error.expected is None
        raise FetchError("empty-reply" if is_empty else "truncated") from None
    except ConnectionError:
        raise FetchError("reset") from None
    except (ValueError, IndexError, asyncio.LimitOverrunError):
        raise FetchError("malformed") from None
    finally:
        writer.close()


async def read_chunks(reader):
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    return body


def options():
    parser = argparse.ArgumentParser(description="Crawls a site, and reports its broken links.")
    parser.add_argument("start", nargs="+", metavar="URL")
    for name, default in [("at-once", 10), ("per-host", 4), ("delay", 50), ("depth", 8),
                          ("redirects", 5), ("attempts", 3), ("backoff", 100), ("deadline", 10)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


async def main():
    crawler = Crawler(options())
    await crawler.crawl()
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    for line in crawler.report():
        print(line)
    if crawler.stopped.is_set():
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    asyncio.run(main())
