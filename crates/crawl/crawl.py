"""What never waits, shared by the Python originals of all chapters.

It is the counterpart of the Rust crate `crawl`, with the same names: an
`Exchange` is one request and its response, a `ResponseReader` turns bytes
into a page, `Deadlines` knows whose deadline passes next, and `main` makes
a program of a stage that speaks the runner's protocol (docs/protocol.md).
No socket is opened here, and nothing sleeps.

An original finds this file beside itself, or in `../crawl`. It needs the
standard library only, from Python 3.8 on.
"""

import enum
import errno
import importlib.util
import json
import os
import re
import socket
import sys
import threading
import time
from collections import OrderedDict
from types import SimpleNamespace
from typing import Any, NamedTuple, Optional

try:
    import resource
except ImportError:  # Windows
    resource = None

# What one `recv` takes at most.
CHUNK_BYTES = 64 << 10


class Target(NamedTuple):
    """What to fetch."""

    host: str
    path: str
    # Pairs of a numeric host and a port, to be tried in this order.
    addresses: list

    def request(self):
        # `Connection: close`: each page has a connection of its own.
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\n"
            "User-Agent: ways-to-wait\r\nAccept: */*\r\n"
            "Connection: close\r\n\r\n"
        ).encode("ascii")


class Limits(NamedTuple):
    """What a crawl may use."""

    # Workers, or fetches in flight.
    concurrency: int = 10
    # Seconds for one whole fetch, the connect included.
    deadline: float = 10.0
    # Bytes of one response head, its blank line included.
    max_head_bytes: int = 64 << 10
    # Bytes of one body.
    max_body_bytes: int = 10 << 20


class Page(NamedTuple):
    """An answer that arrived whole. Any status is a page."""

    status: int
    body: bytearray
    # Where a redirect points; nothing is followed.
    location: Optional[str]
    # The content coding of `body`, for which nobody has asked.
    content_encoding: Optional[str]


class FetchError(NamedTuple):
    """Why a fetch brought no page. `kind` is a word of the protocol."""

    kind: str
    phase: str
    bytes: int
    expected_bytes: Optional[int]
    message: str


class Outcome:
    """How one fetch ended. Every target gets exactly one.

    The times are moments of `time.monotonic`, which is the same clock for
    all processes of a system.
    """

    def __init__(self, target, result, started):
        self.target = target
        self.by = "main"
        self.result = result
        self.started = started
        self.connected = self.sent = self.first_byte = None
        self.finished = time.monotonic()
        self.failed_attempts = 0

    @classmethod
    def not_fetched(cls, target, kind, message):
        """The outcome of a fetch that nobody could run to its end."""
        error = FetchError(kind, "connecting", 0, None, message)
        return cls(target, error, time.monotonic())


class BadResponse(OSError):
    """What is wrong with a response: the kind and the words for it.

    It is an `OSError`, like all that can go wrong in a fetch, so that an
    original has one kind of exception to catch.
    """

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class DeadlinePassed(OSError):
    """The deadline of a fetch has passed."""


class Unavailable(Exception):
    """This system's Python lacks what a stage needs."""


def result_of(call, *args):
    """What a call returns or, as a value, the `OSError` that it raises.

    An exchange takes both: it knows which errors mean *wait*, and which of
    them end the fetch. (In Rust, `send` returns a `Result` anyway.)
    """
    try:
        return call(*args)
    except OSError as error:
        return error


class Sent(enum.Enum):
    """What `send` came to."""

    # The whole request is sent, or the connection takes no more of it:
    # now receive.
    ALL = enum.auto()
    # A part is sent: send on.
    PART = enum.auto()
    # There is no room, or no connection yet: wait until the socket is
    # writable.
    MUST_WAIT = enum.auto()


class Received(enum.Enum):
    """What `recv` came to, if it was not the page."""

    # A part of the response: receive on.
    PART = enum.auto()
    # Nothing is there yet: wait until the socket is readable.
    MUST_WAIT = enum.auto()


class Exchange:
    """One request and its response, as a value that touches no socket.

    The stage owns the socket and the waiting. The exchange says which
    bytes to send, takes whatever `connect`, `send` and `recv` returned or
    raised, and answers what that means: go on, wait, or here is the page.
    It also notes when each of these happened.

    Deadline: whenever a call would have to wait, or has brought only a
    part, the exchange looks at its clock. Past the deadline one more call
    is allowed, and the next one that does not complete the page is an
    error. So data that is already there wins over a deadline that has
    passed, and a server that sends one byte a second does not get around
    it.
    """

    def __init__(self, target, limits):
        self.target = target
        self.limits = limits
        self.request = target.request()
        self.sent_bytes = 0
        self.which_address = 0
        self.failed_attempts = 0
        # A send or a connect met a reset. Systems report a reset only
        # once, so it is kept.
        self.reset = False
        # The deadline had passed at the last look at the clock.
        self.overdue = False
        self.reader = None
        self.connected_at = self.sent_at = self.first_byte_at = None
        self.started = time.monotonic()

    def address(self):
        """Where to connect to: a numeric host and a port."""
        return self.target.addresses[self.which_address]

    def family(self):
        """The address family of a socket for `address`."""
        host, _ = self.address()
        return socket.AF_INET6 if ":" in host else socket.AF_INET

    def try_next_address(self, page):
        """Whether to download once more, from the target's next address:
        it has one, and there was no connection to this one."""
        if not isinstance(page, OSError):
            return False
        # A traceback holds the frames of the fetch, which hold the error.
        page.__traceback__ = None
        again = (
            self.phase() == "connecting"
            and is_unreachable(page)
            and self.which_address + 1 < len(self.target.addresses)
        )
        self.which_address += again
        return again

    def time_left(self):
        """Seconds left of the deadline, 0 when it has passed: a time-out
        of 0 makes a call that returns at once."""
        passed = time.monotonic() - self.started
        return max(self.limits.deadline - passed, 0)

    def connected(self, connected):
        """Takes what `connect` returned or raised. On a non-blocking
        socket that is mostly *in progress*: the first `sent` will show
        whether the connection is there."""
        if connected is None:
            self.note_connected()
        elif not (is_timeout(connected)
                  or isinstance(connected, BlockingIOError)):
            self.fail_unless_reset(connected)

    def socket_error(self, number):
        """Takes the option `SO_ERROR` of a socket, after a wait for the
        connection or for room to send. A socket is writable when it is
        connected *or has failed*, and only this tells which."""
        if number:
            self.fail_unless_reset(OSError(number, os.strerror(number)))

    def fail_unless_reset(self, error):
        # A reset is no error yet: an answer may have come before it.
        if not is_reset(error):
            raise error
        self.give_up_sending()

    def unsent(self):
        """The part of the request that is still to be sent."""
        return self.request[self.sent_bytes:]

    def sent(self, sent):
        """Takes what `send` returned or raised for `unsent`.

        A server may answer and close before it has read the whole request.
        When the connection takes no more, the rest is given up: what can
        still be received decides.
        """
        if self.reset:
            return Sent.ALL
        if is_reset(sent):
            self.give_up_sending()
            return Sent.ALL
        if isinstance(sent, OSError):
            self.must_wait(sent)
            return Sent.MUST_WAIT
        self.note_connected()
        self.sent_bytes += sent
        if self.unsent():
            self.check_deadline()
            return Sent.PART
        self.sent_at = time.monotonic()
        self.check_deadline()
        return Sent.ALL

    def give_up_sending(self):
        self.sent_bytes = len(self.request)
        self.reset = True

    def received(self, chunk):
        """Takes what `recv` returned or raised: the page, once it is
        complete. An empty chunk is the end of the stream."""
        if isinstance(chunk, OSError):
            self.must_wait(chunk)
            return Received.MUST_WAIT
        if not chunk:
            return self.ended()
        if self.reader is None:
            self.first_byte_at = time.monotonic()
            self.reader = ResponseReader(self.limits)
        page = self.reader.received(chunk)
        if page is None:
            self.check_deadline()
            return Received.PART
        return page

    def ended(self):
        if self.reset:
            number = errno.ECONNRESET
            raise ConnectionResetError(number, os.strerror(number))
        return (self.reader or ResponseReader(self.limits)).ended()

    def must_wait(self, error):
        """`send` or `recv` failed: only because it would have to wait for
        room, for bytes, or for the connection (which some systems call
        *not connected*)? Then it may be called again until the deadline.
        """
        waits_for_connection = (
            error.errno == errno.ENOTCONN
            and self.connected_at is None and not self.reset
        )
        if not (is_timeout(error) or waits_for_connection
                or isinstance(error, (BlockingIOError, InterruptedError))):
            raise error
        self.failed_attempts += 1
        self.check_deadline()

    def check_deadline(self):
        # A call fails by the deadline only if the deadline had passed
        # *before* the call was made: the page may have arrived between the
        # call and this look at the clock.
        if self.overdue:
            raise DeadlinePassed("the deadline passed")
        self.overdue = self.time_left() == 0

    def note_connected(self):
        if self.connected_at is None:
            self.connected_at = time.monotonic()

    def finish(self, index, page):
        """Ends the exchange: a page, or an error with its kind and phase.
        A pool adds which worker it was."""
        if isinstance(page, OSError):
            page = self.fetch_error(page)
        outcome = Outcome(index, page, self.started)
        outcome.connected = self.connected_at
        outcome.sent = self.sent_at
        outcome.first_byte = self.first_byte_at
        outcome.failed_attempts = self.failed_attempts
        if self.reader:
            self.reader.close()
        return outcome

    def fetch_error(self, error):
        """The bytes decide, not the error's number: the same fault has the
        same kind at every stage."""
        phase = self.phase()
        count = self.reader.bytes if self.reader else 0
        kind, message = "io", str(error)
        if isinstance(error, BadResponse):
            kind = error.kind
        elif isinstance(error, DeadlinePassed):
            kind, message = "timeout", self.too_late(phase)
        elif is_reset(error) and count == 0:
            kind = "reset"
            message = f"reset before any answer ({error})"
        elif is_reset(error):
            kind = "truncated"
            message = f"reset after {count} bytes ({error})"
        elif phase == "connecting" and is_unreachable(error):
            kind = "connect"
            host, port = self.address()
            host = f"[{host}]" if ":" in host else host
            message = f"cannot connect to {host}:{port}: {error}"
        expected = self.reader.expected_bytes if self.reader else None
        return FetchError(kind, phase, count, expected, message)

    def phase(self):
        if self.reader:
            return "receiving"
        if self.sent_at is not None:
            return "waiting"
        if self.connected_at is not None:
            return "sending"
        return "connecting"

    def too_late(self, phase):
        what = {
            "connecting": "no connection",
            "sending": "the request was not taken",
            "waiting": "no answer",
            "receiving": "the answer was not complete",
        }
        return f"{what[phase]} within {self.limits.deadline:g} s"


def is_timeout(error):
    # A socket's own time-out has no number. (Until Python 3.10 it is not
    # a `TimeoutError`, and the kernel's ETIMEDOUT always is one.)
    return isinstance(error, socket.timeout) and error.errno is None


def is_reset(error):
    return isinstance(error, (
        ConnectionResetError, BrokenPipeError, ConnectionAbortedError,
    ))


def is_unreachable(error):
    return error.errno in (
        errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH,
        errno.ENETDOWN, errno.ENOTCONN, errno.ETIMEDOUT,
    )


# Responses, by the rules of RFC 9112.

MAX_INTERIM = 16
MAX_HEADERS = 128
MAX_CHUNK_LINE_BYTES = 4096
MAX_NUMBER = 2**64 - 1

START = b"HTTP/1."
VERSION = re.compile(rb"HTTP/1\.([01]) ")
STATUS = re.compile(rb"([0-9]{3})( [\t -~\x80-\xff]*)?\r?\n")
NAME = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):")
# A line that begins with white space goes on with the value before it.
VALUE = re.compile(
    rb"([\t -~\x80-\xff]*(\r?\n[\t ][\t -~\x80-\xff]*)*)\r?\n(?![\t ])"
)
SECTION_END = re.compile(rb"\n\r?\n")
HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")
# Some servers pad the size of a chunk, though the grammar has no spaces
# there.
SPACES = frozenset(b" \t")
EXTENSION = frozenset([ord("\t"), *range(0x20, 0x7f), *range(0x80, 0x100)])


class ResponseReader:
    """Reads one response from a stream of bytes, however they were cut.

    Its answer depends on the bytes alone: every decision is taken at one
    byte of the stream, and looks at nothing after that byte. The reader is
    a generator inside, which yields whenever it needs more bytes.
    """

    def __init__(self, limits):
        self.limits = limits
        # Bytes of the final answer so far, its head included. An interim
        # (1xx) answer is not the final answer: its bytes do not count.
        self.bytes = 0
        # Bytes that the final answer says it has, once it has said so.
        self.expected_bytes = None
        # Which part of the response comes next, for messages; `None` where
        # the stream may end.
        self.place = "head"
        self.interim = 0
        self.body = bytearray()
        self.head = None
        self.input = b""
        self.steps = self.read()
        next(self.steps)

    def received(self, chunk):
        """Takes the next bytes of the stream: the page, or `None` while it
        is not complete. Bytes after the page are ignored."""
        try:
            self.steps.send(chunk)
        except StopIteration:
            return self.page()

    def ended(self):
        """The stream ended: a page whose end is the close, or what is
        missing."""
        if self.place is None:
            return self.page()
        if self.place == "head" and self.bytes == 0:
            interim = "after interim answers only" if self.interim else (
                "before an answer")
            raise BadResponse("empty-reply", f"the stream ended {interim}")
        of = "" if self.expected_bytes is None else (
            f" of {self.expected_bytes}")
        raise BadResponse(
            "truncated", f"the stream ended in the {self.place},"
            f" after {self.bytes}{of} bytes")

    def close(self):
        """Ends a reader that waits for more bytes."""
        self.steps.close()

    def page(self):
        head = self.head
        return Page(head.status, self.body, head.location(),
                    head.content_encoding())

    def read(self):
        """Reads the response, from its first byte to its last."""
        yield from self.read_heads()
        framing = self.head.framing()
        if framing == "chunked":
            yield from self.read_chunks()
        elif framing == "until-close":
            yield from self.read_until_close()
        elif framing:
            yield from self.read_length(framing)

    def read_heads(self):
        while self.head is None or self.head.is_interim():
            if self.head is not None:
                if self.interim == MAX_INTERIM:
                    raise malformed(
                        f"more than {MAX_INTERIM} interim answers")
                self.interim += 1
            self.bytes = 0
            section = yield from self.read_section("head", self.check_start)
            self.head = Head(section)

    def check_start(self, section):
        """Finds what is not HTTP at its first wrong byte, because a blank
        line may never come. An interim answer shows with its status."""
        for place, (found, right) in enumerate(zip(section, START)):
            if found != right:
                self.bytes = place + 1
                start = quoted(section[:place + 1])
                raise malformed(
                    f'the answer starts with {start}, not with "HTTP/1."')
        if section[8:10] == b" 1":
            self.bytes = 0

    def read_section(self, name, check):
        """Takes lines through the next blank one."""
        most = self.limits.max_head_bytes
        section = bytearray()
        while True:
            yield from self.need_input()
            searched = len(section)
            section += self.input[:most - searched]
            beyond = self.input[most - searched:]
            end = section_end(section, searched)
            # `check` may set the count of bytes, or end the response.
            self.bytes += (end or len(section)) - searched
            is_over = end is None and beyond
            self.bytes += bool(is_over)
            check(section)
            if is_over:
                raise too_large(f"the {name} is over {most} bytes")
            if end is not None:
                self.input = self.input[end - searched:]
                return bytes(section[:end])
            self.input = b""

    def read_length(self, length):
        most = self.limits.max_body_bytes
        self.expected_bytes = min(self.bytes + length, MAX_NUMBER)
        if length > most:
            raise too_large(
                f"the body of {length} bytes is over {most} bytes")
        self.place = "body"
        yield from self.read_data(length)

    def read_data(self, length):
        while length:
            yield from self.need_input()
            data = self.input[:length]
            self.input = self.input[length:]
            self.bytes += len(data)
            self.body += data
            length -= len(data)

    def read_until_close(self):
        most = self.limits.max_body_bytes
        self.place = None
        while True:
            yield from self.need_input()
            room = most - len(self.body)
            if len(self.input) > room:
                self.bytes += room + 1
                raise too_large(f"the body is over {most} bytes")
            yield from self.read_data(len(self.input))

    def read_chunks(self):
        while True:
            self.place = "chunked body"
            size = yield from self.read_chunk_line()
            if size == 0:
                break
            yield from self.read_data(size)
            for wanted in b"\r\n":
                byte = yield from self.read_byte()
                if byte != wanted:
                    raise malformed(
                        f"chunk data ends in {quoted([byte])}, not in CRLF")
        # Trailers are checked and then dropped.
        self.place = "trailer section"
        trailers = yield from self.read_section(
            "trailer section", lambda section: None)
        read_fields(trailers, 0, "trailer section")

    def read_chunk_line(self):
        """The line before a chunk, judged byte by byte: its size,
        extensions that nobody reads, and CRLF. (A lone LF ends a line of a
        head, as RFC 9112 permits in section 2.2, but not this one.)"""
        room = self.limits.max_body_bytes - len(self.body)
        size, after = 0, "start"
        for _ in range(MAX_CHUNK_LINE_BYTES):
            byte = yield from self.read_byte()
            if after in ("start", "digits") and byte in HEXADECIMAL:
                after = "digits"
                size = size * 16 + int(chr(byte), 16)
                if size > MAX_NUMBER:
                    raise malformed(
                        "a chunk's size does not fit in 64 bits")
                continue
            if after == "CR" and byte == ord("\n"):
                return size
            if after in ("digits", "spaces") and byte in SPACES:
                after = "spaces"
            elif after in ("digits", "spaces") and byte == ord(";"):
                after = "extension"
            elif after == "extension" and byte in EXTENSION:
                pass
            elif after not in ("start", "CR") and byte == ord("\r"):
                after = "CR"
            else:
                raise malformed(
                    f"a chunk's size line has a stray {quoted([byte])}")
            # The size is known after its last digit, and judged before any
            # byte of its chunk.
            if size > room:
                raise too_large(
                    f"a chunk of {size} bytes is over the {room}"
                    " that the body may still have")
        yield from self.read_byte()
        most = MAX_CHUNK_LINE_BYTES
        raise too_large(f"a chunk's size line is over {most} bytes")

    def read_byte(self):
        yield from self.need_input()
        byte = self.input[0]
        self.input = self.input[1:]
        self.bytes += 1
        return byte

    def need_input(self):
        while not self.input:
            self.input = yield


def section_end(section, searched):
    """Where the first blank line ends, if none ends in what was searched
    already. A lone LF ends a line, too (RFC 9112, section 2.2)."""
    if searched < 2:
        # A section of trailers may be nothing but its blank line.
        first = re.match(rb"\r?\n", section)
        if first:
            return first.end()
    end = SECTION_END.search(section, max(searched - 2, 0))
    return end.end() if end else None


class Head:
    """What a complete head says, and which body follows it."""

    def __init__(self, head):
        version = VERSION.match(head)
        if not version:
            raise malformed("the head has an invalid HTTP version")
        status = STATUS.match(head, version.end())
        if not status:
            raise malformed("the head has an invalid response status")
        self.is_http10 = version[1] == b"0"
        self.fields = read_fields(head, status.end(), "head")
        self.status = int(status[1])
        if self.status == 101:
            raise malformed("status 101 switches protocols unasked")
        if not 100 <= self.status <= 599:
            raise malformed(
                f"status {self.status:03} is not between 100 and 599")

    def is_interim(self):
        return self.status < 200

    def framing(self):
        """A length, "chunked" or "until-close": RFC 9112, section 6.3,
        where every doubt is an error."""
        if self.status in (204, 304):
            return 0  # whatever the head says of a body
        is_chunked, length = self.is_chunked(), self.content_length()
        if is_chunked and length is not None:
            raise malformed(
                "both Transfer-Encoding and Content-Length are there")
        if is_chunked:
            return "chunked"
        return "until-close" if length is None else length

    def is_chunked(self):
        if not self.values(b"transfer-encoding"):
            return False
        if self.is_http10:
            raise malformed("HTTP/1.0 has no Transfer-Encoding")
        codings = self.elements(b"transfer-encoding")
        if [coding.lower() for coding in codings] != [b"chunked"]:
            found = quoted(b", ".join(self.values(b"transfer-encoding")))
            raise malformed(f'Transfer-Encoding {found} is not "chunked"')
        return True

    def content_length(self):
        """The one length on which all fields agree: `5, 5` is 5."""
        length = None
        for value in self.values(b"content-length"):
            for item in value.split(b","):
                number = read_number(item.strip())
                if length is None:
                    length = number
                if number != length:
                    raise malformed(
                        f"Content-Length is both {length} and {number}")
        return length

    def location(self):
        found = self.values(b"location")
        return found[0].decode("utf-8", "replace") if found else None

    def content_encoding(self):
        codings = [
            coding.decode("utf-8", "replace")
            for coding in self.elements(b"content-encoding")
            if coding.lower() != b"identity"
        ]
        return ", ".join(codings) or None

    def elements(self, name):
        """The elements of a list like `one, two`. Empty elements do not
        count: RFC 9110, section 5.6.1.2."""
        listed = b",".join(self.values(name)).split(b",")
        elements = [element.strip(b" \t\r\n") for element in listed]
        return [element for element in elements if element]

    def values(self, name):
        return [value for field, value in self.fields if field == name]


def read_fields(section, place, name):
    """The fields of a head or of a trailer section, in their order: names
    in lower case, and values without the white space around them."""
    fields = []
    while True:
        line = section[place:place + 2]
        if line[:1] == b"\n" or line == b"\r\n":
            return fields
        if line[:1] == b"\r":
            raise malformed(f"the {name} has an invalid new line")
        field = NAME.match(section, place)
        if not field:
            raise malformed(f"the {name} has an invalid header name")
        value = VALUE.match(section, field.end())
        if not value:
            raise malformed(f"the {name} has an invalid header value")
        if len(fields) == MAX_HEADERS:
            raise too_large(
                f"the {name} has more than {MAX_HEADERS} headers")
        # The end of a folded line is read as a space.
        lines = [line.strip() for line in value[1].strip().split(b"\n")]
        fields.append((field[1].lower(), b" ".join(lines)))
        place = value.end()


def read_number(digits):
    # `int` would take a sign, spaces, underscores and other digits.
    if not re.fullmatch(rb"[0-9]+", digits):
        raise malformed(f"Content-Length {quoted(digits)} is not a number")
    if len(digits.lstrip(b"0")) > 20 or int(digits) > MAX_NUMBER:
        raise malformed(
            f"Content-Length {quoted(digits)} does not fit in 64 bits")
    return int(digits)


def malformed(message):
    return BadResponse("malformed", message)


def too_large(message):
    return BadResponse("too-large", message)


ESCAPES = {ord(c): e for c, e in zip("\t\r\n'\"\\", (
    "\\t", "\\r", "\\n", "\\'", '\\"', "\\\\"))}


def quoted(octets):
    """Bytes from outside, fit for a message: printable ASCII, and not
    long."""
    most = 60
    shown = "".join(
        ESCAPES.get(octet) or (
            chr(octet) if 0x20 <= octet <= 0x7e else f"\\x{octet:02x}")
        for octet in octets[:most + 1]
    )
    return f'"{shown[:most]}{"..." if len(shown) > most else ""}"'


class Deadlines:
    """When the deadline of each fetch in flight passes.

    All have the same length, so they pass in the order in which the
    fetches began, which is nearly always the order in which they come.
    """

    def __init__(self, after):
        self.after = after
        self.passes = OrderedDict()
        self.latest = 0

    def push(self, key, started):
        """A fetch began at `started`."""
        self.passes[key] = passes = started + self.after
        if passes < self.latest:
            # It tries the next address of its target.
            in_order = sorted(self.passes.items(), key=lambda item: item[1])
            self.passes = OrderedDict(in_order)
        self.latest = max(self.latest, passes)

    def remove(self, key):
        """That fetch has ended, or is not to be found any more."""
        self.passes.pop(key, None)

    def time_left(self):
        """Seconds until the next deadline passes."""
        passes = self.passes[next(iter(self.passes))]
        return max(passes - time.monotonic(), 0)

    def first_passed(self):
        """A fetch whose deadline has passed, the oldest one, if any."""
        if self.passes and self.time_left() == 0:
            return next(iter(self.passes))


# The program around a stage.


def chapter(folder):
    """The original of another chapter, as a module."""
    name = "chapter_" + folder.replace("-", "_")
    if name not in sys.modules:
        here = os.path.dirname(os.path.abspath(__file__))
        path = os.path.join(here, "..", folder, "original.py")
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def feature(module, name):
    """A function that the Python of some systems lacks."""
    if not hasattr(module, name):
        raise Unavailable(f"this Python has no {module.__name__}.{name}")
    return getattr(module, name)


# Said by the exit status: the stage cannot run here, stderr says why.
UNAVAILABLE = 77


def main(stages):
    """Runs one of these stages, by name, as a program that speaks the
    runner's protocol. A stage is a function `crawl(targets, limits,
    done)`."""
    names = sys.argv[1:] or list(stages)
    if len(names) != 1 or names[0] not in stages:
        sys.exit(f"{sys.argv[0]}: name one of {', '.join(stages)}")
    try:
        job = json.load(sys.stdin.buffer)
        run(stages[names[0]], job)
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(UNAVAILABLE)
    except KeyboardInterrupt:
        sys.exit(130)
    except json.JSONDecodeError as error:
        sys.exit(f"standard input is not a job (docs/protocol.md): {error}")


def run(crawl, job):
    if job["protocol"] != 1:
        sys.exit(f"this speaks protocol 1, and the job {job['protocol']}")
    limits = Limits(
        job["limits"]["concurrency"], job["limits"]["deadline_us"] / 1e6,
        job["limits"]["max_head_bytes"], job["limits"]["max_body_bytes"],
    )
    targets = [read_target(target) for target in job["targets"]]
    make_room_for_descriptors(min(limits.concurrency, len(targets)))
    reporter = Reporter(len(targets), job.get("digest", False))
    try:
        crawl(targets, limits, reporter.done)
    except OSError as error:
        reporter.end()
        for index in reporter.missing:
            reporter.write(Outcome.not_fetched(
                index, "io", f"cannot wait for sockets: {error}"))
    reporter.end()
    reporter.write_usage()


def read_target(target):
    host, path = target["host"], target["path"]
    if re.search(r"[^!-~]", host + path):
        sys.exit(f"{target['url']!r} is not a URL to fetch")
    addresses = []
    for address in target.get("addresses") or [target["address"]]:
        numeric, _, port = address.rpartition(":")
        addresses.append((numeric.strip("[]"), int(port)))
    return Target(host, path, addresses)


def make_room_for_descriptors(count):
    if resource:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = count + 64  # for what is not a socket of a fetch
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Reporter:
    """Writes a line for each outcome as it comes, and what the crawl cost.

    What the writing costs is subtracted from what the crawl cost.
    """

    def __init__(self, targets, digest):
        self.missing = set(range(targets))
        self.digest = digest
        self.workers = set()
        self.threads = threading.active_count()
        self.failed_attempts = 0
        self.workers_private_bytes = None
        self.figures = {}
        self.spent = 0
        self.usage = None
        self.peak_is_ours = reset_peak()
        self.start_rss_bytes = memory("VmRSS")
        self.start_runnable = runnable()
        self.start = cpu()
        self.began = time.monotonic()

    def done(self, outcome):
        """Takes an outcome of the crawl."""
        before = time.thread_time()
        self.missing.remove(outcome.target)
        self.threads = max(self.threads, threading.active_count())
        self.failed_attempts += outcome.failed_attempts
        self.workers.add(outcome.by)
        if not self.missing:
            self.workers_private_bytes = private_bytes_of_children()
            self.figures.update(starts_of_children())
        self.write(outcome)
        self.spent += time.thread_time() - before

    def write(self, outcome):
        page = error = sha256 = None
        if isinstance(outcome.result, Page):
            page = outcome.result
            if self.digest:
                import hashlib  # takes long; workers do without
                sha256 = hashlib.sha256(page.body).hexdigest()
        else:
            error = outcome.result._asdict()
            error["message"] = shortened(error["message"])
        self.write_line({"outcome": {
            "target": outcome.target,
            "by": outcome.by,
            "status": page and page.status,
            "bytes": page and len(page.body),
            "sha256": sha256,
            "location": page and shortened(page.location),
            "content_encoding": page and shortened(page.content_encoding),
            "error": error,
            "started_us": self.since(outcome.started),
            "connected_us": self.since(outcome.connected),
            "sent_us": self.since(outcome.sent),
            "first_byte_us": self.since(outcome.first_byte),
            "finished_us": self.since(outcome.finished),
        }})

    def since(self, moment):
        """Microseconds since the crawl began."""
        return moment and max(int((moment - self.began) * 1e6), 0)

    def end(self):
        """Stops the clock, the first time."""
        if self.usage is None:
            wall = time.monotonic() - self.began
            peak = memory("VmHWM") if self.peak_is_ours else None
            self.usage = SimpleNamespace(
                wall=wall, cpu=cpu(), peak=peak, runnable=runnable())

    def write_usage(self):
        user = system = voluntary = involuntary = waited = None
        if self.start:
            user, system, voluntary, involuntary = (
                now - then for now, then in zip(self.usage.cpu, self.start))
            total = max(user + system - self.spent, 0)
            user = int(min(max(user - self.spent, 0), total) * 1e6)
            system = int(total * 1e6) - user
        kinds = [by.split()[0] for by in self.workers]
        if self.start_runnable is not None and kinds.count("main"):
            # Only one thread was asked, and there was no other.
            waited = max(self.usage.runnable - self.start_runnable, 0)
        if self.failed_attempts:
            self.figures["failed reads"] = self.failed_attempts
        self.write_line({"usage": {
            "wall_us": int(self.usage.wall * 1e6),
            "user_us": user,
            "system_us": system,
            "runnable_us": waited,
            "start_rss_bytes": self.usage.peak and self.start_rss_bytes,
            "peak_rss_bytes": self.usage.peak,
            "workers_private_bytes": self.workers_private_bytes,
            "threads": self.threads,
            "processes": 1 + kinds.count("process"),
            "voluntary_switches": voluntary,
            "involuntary_switches": involuntary,
            "figures": self.figures,
        }})

    def write_line(self, line):
        try:
            print(json.dumps(line), flush=True)
        except BrokenPipeError:
            # Nobody listens any more: end quietly, and do not try again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(1)


def shortened(text: Any):
    """Not longer than fits a line of the protocol, however escaped."""
    return text and text.encode("utf-8", "replace")[:2 << 10].decode(
        "utf-8", "ignore")


# What the system tells of this process; `None` where it does not.


def cpu():
    """Seconds in the program's code and in the kernel, and context
    switches: of this process and of the children that it waited for."""
    if not resource:
        return None
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return [sum(parts) for parts in zip(*(
        (usage.ru_utime, usage.ru_stime, usage.ru_nvcsw, usage.ru_nivcsw)
        for usage in map(resource.getrusage, who)
    ))]


def runnable():
    """Microseconds in which this thread had work and no processor."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) // 1000
    except OSError:
        return None


def reset_peak():
    """Makes the memory of this moment the peak, so that reading the job
    does not count."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return True
    except OSError:
        return False


def memory(name, path="/proc/self/status"):
    """The sum of the lines of that name, in bytes."""
    try:
        with open(path) as file:
            kib = [int(line.split()[1]) for line in file
                   if line.startswith(name)]
        return sum(kib) * 1024
    except OSError:
        return None


def children():
    """The worker processes, if any."""
    multiprocessing = sys.modules.get("multiprocessing")
    return multiprocessing.active_children() if multiprocessing else []


def private_bytes_of_children():
    """Memory that worker processes have for themselves alone, if any."""
    found = [memory("Private_", f"/proc/{child.pid}/smaps_rollup")
             for child in children()]
    have_ended = "multiprocessing" in sys.modules and not found
    return None if have_ended or None in found else sum(found)


def starts_of_children():
    """How many worker processes there are, by their start method."""
    names = [child.name for child in children()]  # SpawnProcess-3
    methods = [name.partition("Process")[0].lower() for name in names]
    return {f"processes started by {method}": methods.count(method)
            for method in set(methods)}
