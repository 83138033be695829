"""The parts of the Python originals, checked without a program: used by `originals`.

The response reader is compared with the Rust one, on byte streams that are cut at each place.
"""

import errno
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "crates", "crawl"))
import crawl  # noqa: E402

# crates/crawl/examples/read_response.rs
READER = os.path.join(ROOT, "target", "debug", "examples", "read_response")

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
ALL, PART, MUST_WAIT = crawl.Sent.ALL, crawl.Sent.PART, crawl.Sent.MUST_WAIT
REFUSED, RESET, PIPE, AGAIN, NOT_CONNECTED, TIMED_OUT, EMFILE = (
    OSError(number, os.strerror(number))
    for number in (
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EPIPE,
        errno.EAGAIN,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.EMFILE,
    )
)
IN_PROGRESS, OWN_TIMEOUT = OSError(errno.EINPROGRESS, "in progress"), socket.timeout("timed out")


def exchanges(fail):
    """What an exchange makes of what the calls return or raise: steps, and what each answers; an
    error is (kind, phase). The same as in the tests of the Rust exchange."""
    whole = len(crawl.Target("h", "/", [("127.0.0.1", 1)]).request())
    send_all = [("connected", None, None), ("sent", whole, ALL)]
    page = crawl.Page(200, bytearray(b"hello"), None, None)
    late = {"deadline": 0.0}
    cases = [
        ({}, [("connected", REFUSED, ("connect", "connecting"))]),
        ({}, [("connected", TIMED_OUT, ("connect", "connecting"))]),
        ({}, [("connected", EMFILE, ("io", "connecting"))]),
        (
            {},
            [
                ("connected", IN_PROGRESS, None),
                ("sent", AGAIN, MUST_WAIT),
                ("socket_error", errno.ECONNREFUSED, ("connect", "connecting")),
            ],
        ),
        ({}, [("connected", OWN_TIMEOUT, None), ("sent", NOT_CONNECTED, MUST_WAIT)]),
        ({}, [("connected", None, None), ("sent", NOT_CONNECTED, ("io", "sending"))]),
        (
            {},
            [
                ("connected", RESET, None),
                ("sent", 0, ALL),
                ("received", b"", ("reset", "connecting")),
            ],
        ),
        ({}, send_all + [("received", RESET, ("reset", "waiting"))]),
        ({}, send_all + [("received", b"", ("empty-reply", "waiting"))]),
        (
            {},
            send_all
            + [
                ("received", HEAD, crawl.Received.PART),
                ("received", RESET, ("truncated", "receiving")),
            ],
        ),
        (
            {},
            send_all
            + [
                ("received", HEAD, crawl.Received.PART),
                ("received", b"", ("truncated", "receiving")),
            ],
        ),
        (
            {},
            send_all
            + [("received", AGAIN, crawl.Received.MUST_WAIT), ("received", HEAD + b"hello", page)],
        ),
        ({}, send_all + [("received", b"220 ready", ("malformed", "receiving"))]),
        # A reset while sending counts only after all has been received.
        (
            {},
            [
                ("sent", 3, PART),
                ("sent", PIPE, ALL),
                ("received", HEAD, crawl.Received.PART),
                ("received", b"hello", page),
            ],
        ),
        ({}, [("sent", 3, PART), ("sent", RESET, ALL), ("received", b"", ("reset", "sending"))]),
        (
            {},
            [
                ("sent", 3, PART),
                ("socket_error", errno.ECONNRESET, None),
                ("sent", AGAIN, ALL),
                ("received", HEAD + b"hello", page),
            ],
        ),
        ({}, [("sent", 5, PART), ("sent", AGAIN, MUST_WAIT), ("sent", whole - 5, ALL)]),
        # After the deadline only the last bytes count.
        (late, [("sent", AGAIN, MUST_WAIT), ("sent", AGAIN, ("timeout", "connecting"))]),
        (late, [("sent", OWN_TIMEOUT, MUST_WAIT), ("sent", 3, ("timeout", "sending"))]),
        (late, send_all + [("received", HEAD, ("timeout", "receiving"))]),
        (late, send_all + [("received", AGAIN, ("timeout", "waiting"))]),
        (late, send_all + [("received", HEAD + b"hello", page)]),
        (late, [("received", HEAD, crawl.Received.PART), ("received", b"hello", page)]),
    ]
    for limits, steps in cases:
        exchange = crawl.Exchange(
            crawl.Target("h", "/", [("127.0.0.1", 1)]), crawl.Limits(**limits)
        )
        for step, value, expected in steps:
            found = crawl.result_of(getattr(exchange, step), value)
            if isinstance(found, OSError):
                error = exchange.finish(0, found).result
                found = error.kind, error.phase
            if found != expected:
                fail("exchange", f"{steps}: {step} answers {found}, not {expected}")
    if exchange.time_left() != 0:
        fail("exchange", "some time is left after the deadline")
    return f"ok: {len(cases)} exchanges"


def parts(fail):
    """The deadlines are those of a list that is searched; a Future and a Task keep their
    invariants, and a wake that comes too often or too late does no harm."""
    chance, deadlines, model = random.Random(5), crawl.Deadlines(-1.0), {}
    for step in range(3000):
        key, started = chance.randrange(12), time.monotonic() + chance.choice([-1, 0, 0, 9])
        if key in model or chance.random() < 0.3:
            deadlines.remove(key)
            model.pop(key, None)
        else:
            deadlines.push(key, started)
            model[key] = started - 1
        passed = [key for key in model if model[key] <= time.monotonic()]
        first = deadlines.first_passed()
        if (model.get(first) != min(model[key] for key in passed)) if passed else first is not None:
            fail("deadlines", f"step {step}: {first} of {model}")

    six = crawl.chapter("06-generator-task")
    future, called = six.Future(), []
    for number in range(3):
        future.add_done_callback(lambda future, number=number: called.append(number))
    if not isinstance(error_of(future.result), six.NotDone) or called:
        fail("Future", "it has a result, or has called back, before it is done")
    future.set_result(5)
    future.add_done_callback(lambda future: called.append(future.result()))
    if called != [0, 1, 2, 5] or not isinstance(error_of(future.set_result, 6), RuntimeError):
        fail("Future", f"called {called}")

    def adding(futures):
        numbers = 0
        for one in futures:
            numbers += yield one
        called.append(numbers)

    def done(number):
        one = six.Future()
        one.set_result(number)
        return one

    six.Task(adding(done(1) for _ in range(100_000)))  # not within each other
    later = six.Future()
    six.Task(adding([later, done(2)]))
    later.set_result(3)
    if called[4:] != [100_000, 5]:
        fail("Task", f"sums {called[4:]}")

    eight = crawl.chapter("08-async-await")
    ours, theirs = socket.socketpair()
    reactor = eight.Reactor(crawl.Limits())
    executor, polls = eight.Executor(reactor), []

    async def waits(sock):
        wait = sock.readable()
        polls.append(wait)
        await wait
        return sock.recv(9)

    sock = eight.Socket(fileno=ours.detach())
    sock.setblocking(False)
    sock.reactor = reactor
    reactor.deadlines.push(sock, time.monotonic())
    task, told = waits(sock), []
    executor.tasks.add(task)
    executor.resume(task, told.append)
    for _ in range(3):
        polls[0].wake()
    executor.resume_woken(told.append)
    theirs.send(b"hello")
    executor.run(iter([]), 1, told.append)
    polls[0].wake()
    executor.resume_woken(told.append)
    cancelled = waits(sock)
    cancelled.send(None)
    cancelled.close()
    if told != [b"hello"] or reactor.selector.get_map():
        fail("Executor", f"told {told}, registered {list(reactor.selector.get_map())}")
    sock.close()
    theirs.close()


def error_of(call, *args):
    try:
        call(*args)
    except Exception as error:
        return error


# The reader.


def readers(fail):
    """Python's reader and Rust's come to the same, and no cut changes it."""
    cases = [(200, 20, stream) for stream in hand_written()]
    cases += [
        (most, 20, stream)
        for most in range(12)
        for stream in (
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 100 C\r\n\r\n",
            b"HTTP/2",
            b"HTX",
            b"\n",
        )
    ]
    cases += [(64 << 10, 10 << 20, stream) for stream in long_ones()]
    cases += spoiled(random.Random(2112), 2500)
    lines = "".join(f"{head} {body} x{stream.hex()}\n" for head, body, stream in cases)
    told = subprocess.run([READER], input=lines, capture_output=True, text=True, check=True).stdout
    chance = random.Random(7)
    kinds = Counter()
    for (head, body, stream), model in zip(cases, told.splitlines()):
        limits = crawl.Limits(max_head_bytes=head, max_body_bytes=body)
        whole = read(limits, [stream])
        kinds[whole.split()[0]] += 1
        if whole != model:
            fail(
                "reader",
                f"{head} {body} {stream!r}\n    Python {unhexed(whole)}\n"
                f"    Rust   {unhexed(model)}",
            )
        cuts = range(1, len(stream))
        if len(stream) > 100:
            cuts = chance.sample(cuts, 20)
        pieces = [[stream[:cut], stream[cut:]] for cut in cuts]
        pieces.append([stream[at : at + 1] for at in range(len(stream))])
        for piece in pieces:
            if read(limits, piece) != whole:
                fail(
                    "reader", f"cut {piece!r}: {unhexed(read(limits, piece))}, not {unhexed(whole)}"
                )
    expected = {"page", "malformed", "too-large", "truncated", "empty-reply"}
    if set(kinds) != expected or min(kinds.values()) < 10:
        fail("reader", f"too few of a kind: {dict(kinds)}")
    return f"ok: {len(cases)} streams, {dict(kinds)}"


def read(limits, pieces):
    reader = crawl.ResponseReader(limits)
    try:
        page = None
        for piece in filter(None, pieces):
            page = reader.received(piece)
            if page:
                break
        else:
            page = reader.ended()
    except crawl.BadResponse as bad:
        expected = "-" if reader.expected_bytes is None else reader.expected_bytes
        return f"{bad.kind} x{str(bad).encode().hex()} {reader.bytes} {expected}"
    texts = [
        "-" if text is None else "x" + text.encode().hex()
        for text in (page.location, page.content_encoding)
    ]
    return f"page {page.status} x{page.body.hex()} {' '.join(texts)}"


def unhexed(words):
    return " ".join(
        repr(bytes.fromhex(word[1:])) if word.startswith("x") else word for word in words.split()
    )


def with_field(field):
    return f"HTTP/1.1 200 OK\r\n{field}\r\n\r\nhello"


def chunked(chunks):
    return f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"


def hand_written():
    """Streams for each rule, with limits of 200 bytes for a head and 20 for a body."""
    lengths = [
        "5",
        "0005",
        "\t 5 \t ",
        "5, 5",
        "5,5 ,\t5",
        "5\r\nContent-Length: 5",
        "0",
        "4",
        "6",
        "0x5",
        "+5",
        "-5",
        "5.0",
        "5 5",
        "5_0",
        "five",
        "",
        "5,",
        ",5",
        "\u0665",
        "5\r\n 5",
        "\r\n 5",
        "5, 6",
        "5\r\nContent-Length: 6",
        "20",
        "21",
        "18446744073709551615",
        "18446744073709551616",
        "0" * 50 + "5",
        "9" * 60,
        "x" * 60,
        "x" * 61,
        "'\"\\\t5",
    ]
    codings = [
        "chunked",
        "CHUNKED",
        "gzip, chunked",
        "chunked, chunked",
        "chunked,",
        ",chunked",
        "chunked;q=1",
        "identity",
        "",
        "chunked\r\n ",
        "\r\n chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked, ,",
        ", chunked\r\nTransfer-Encoding: ,",
        ",\r\nTransfer-Encoding: gzip",
        "chunked\r\nContent-Length: 5",
    ]
    chunks = [
        "",
        "5",
        "5\r\nhell",
        "5\r\nhello",
        "5\r\nhello\r",
        "5\r\nhello\r\n",
        "0\r",
        "0\r\n",
        "0\r\n\r",
        "0\r\n\r\n",
        "0\r\n\r\nextra",
        "000\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
        "00000000000000000000005\r\nhello\r\n0\r\n\r\n",
        '5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n',
        "5 \t\r\nhello\r\n0 ;a\r\n\r\n",
        "2\r\n\r\n\r\n0\r\n\r\n",
        "\r\n",
        "\n",
        ";a\r\n",
        " 5\r\n",
        "x\r\n",
        "0x5\r\n",
        "-5\r\n",
        "+5\r\n",
        "5 5\r\n",
        "5\nhello\n0\n\n",
        "5;a\nhello",
        "5;a\rb\r\n",
        "5;a\0\r\n",
        "5;a\x7f\r\n",
        "5;\u00e9\r\n",
        "5\r\r\nhello",
        "5\r\nhello!",
        "5\r\nhello\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0",
        "10000000000000000\r\n",
        "fffffffffffffffff\r\n",
        "ffffffffffffffff\r",
        "15\r\n",
        "15;",
        "14;",
        "14\r\n" + "x" * 20,
        "0\r\nA: b\r\n\r\n",
        "0\r\nA: b\r\n\tc\r\nD:\r\n\r\nextra",
        "0\r\nA: b\n\n",
        "0\r\n\n",
        "0\r\nContent-Length: x\r\n\r\n",
        "0\r\nA b\r\n\r\n",
        "0\r\n b: c\r\n\r\n",
        "0\r\nA: b\rc\r\n\r\n",
        "0\r\n\rA: b\r\n\r\n",
        "0\r\nA: b\r\n",
        "0\r\nA: " + "x" * 193 + "\r\n\r\n",
        "0\r\nA: " + "x" * 194 + "\r\n\r\n",
    ]
    starts = [
        "HTTP/1.1 200 OK",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.1 404 ",
        "HTTP/1.1 599 Caf\u00e9",
        "HTTP/1.1 204 No",
        "HTTP/1.1 304 No",
        "HTTP/1.1 101 Switching",
        "HTTP/1.1 100 Continue",
        "HTTP/1.1 199",
        "HTTP/1.",
        "HTTP/1.2 200 OK",
        "HTTP/1.12 200 OK",
        "HTTP/1.1",
        "HTTP/1.1\t200",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 200OK",
        "HTTP/1.1 000 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 600 OK",
        "HTTP/1.1 999 OK",
        "HTTP/1.1 200 O\rK",
        "HTTP/1.1 200\r",
        "HTTP/1.1 200 O\0K",
        "HTTP/1.1 200 O\x7fK",
        "HTTP/1.1 200 O\tK",
        "HTTP/2 200",
        "HTTP/0.9 200 OK",
        "http/1.1 200 OK",
        "\r\nHTTP/1.1 200 OK",
        "HTTP/1",
        "SSH-2.0-OpenSSH_9.2",
        "hello",
        "HTTP/1.1 2",
        "HTTP/1.1 1",
        "HTTP/1.121",
        "H",
    ]
    fields = [
        "",
        "A: b",
        "A:",
        "A: b\r\n \r\n\tc",
        "A:\r\n",
        " A: b",
        "A : b",
        "A",
        ": b",
        "A: b\0",
        "A: b\x7f",
        "A: b\tc",
        "A: b\rc",
        "A: b\r",
        "A: \r c",
        "A\r: b",
        "A: b\r\n\r",
        "A(: b",
        "\u00e9: b",
        "A: \u00e9",
        "Location: /there",
        "location:/a\r\n  b",
        "Location: /1\r\nLocation: /2",
        "Location:",
        "Content-Encoding: gzip",
        "Content-Encoding: identity",
        "Content-Encoding:",
        "Content-Encoding: gzip\r\nContent-Encoding: br",
        "Content-Encoding: gzip, br",
        "Content-Encoding:\r\nContent-Encoding: br",
        "A: " + "x" * 160,
        "A: " + "x" * 300,
    ]
    interim = "HTTP/1.1 100 Continue\r\n\r\n"
    last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    hints = "HTTP/1.1 103 Hints\r\nLocation: /no\r\nContent-Length: 9\r\n\r\n"
    streams = [
        "",
        interim,
        interim + last,
        hints + last,
        interim * 16 + last,
        interim * 17,
        interim[:-2],
        interim + "HTTP/1.1 102 Pro",
        interim + "HTTP",
        "HTTP/1.1 101 S\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi",
        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\nhi",
        "HTTP/1.1 200 OK\r\nA:\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\n\n\n",
        "HTTP/1.1 200 OK\r\n\r\n" + "x" * 20,
        "HTTP/1.1 200 OK\r\n\r\n" + "x" * 22,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ]
    streams += [with_field(f"Content-Length: {value}") for value in lengths]
    streams += [with_field(f"Transfer-Encoding: {value}") for value in codings]
    streams += [chunked(chunk) for chunk in chunks]
    streams += [
        f"{start}{end}"
        for start in starts
        for end in ("", "\r\n\r\n", "\n\n", "\r\nContent-Length: 2\r\n\r\nhi!")
    ]
    streams += [
        f"HTTP/1.1 {status}\r\n{field}\r\nContent-Length: 0\r\n\r\n"
        for field in fields
        for status in ("200 OK", "302", "103 Early", "304 No")
    ]
    whole = [stream.encode("utf-8") for stream in streams]
    whole.append(
        b"HTTP/1.1 201 Created\r\nLocation: /\xff\xc3(\xe2\x82\r\nContent-Length: 0\r\n\r\n"
    )
    for count in (200, 201, 900):
        head = b"HTTP/1.1 204 No\r\nA: " + b"x" * (count - 24) + b"\r\n\r\n"
        whole += [
            head,
            head + b"extra",
            head[:200],
            head[:201],
            head.replace(b"204", b"103") + head,
        ]
    return whole


def long_ones():
    """Streams for limits that are not small."""
    for count in (128, 129):
        yield b"HTTP/1.1 204 No\r\n" + b"A: b\r\n" * count + b"\r\n"
        yield chunked("0\r\n").encode() + b"A: b\r\n" * count + b"\r\n"
    for count in (4096, 4097):
        yield chunked("0;" + "x" * (count - 4) + "\r\n\r\n").encode()
    yield chunked("0" * 5000).encode()


def spoiled(chance, count):
    """Answers with small faults, and without."""
    faults = [b"\r", b"\n", b"\r\n\r\n", b" ", b"0", b"f", b",", b";", b":", b"1.1 100"]
    for _ in range(count):
        stream = bytearray(answer(chance))
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(stream) + 1)
            fault = chance.randrange(4)
            if fault == 0:
                stream[at : at + 1] = bytes([chance.randrange(256)])
            elif fault == 1:
                stream[at:at] = chance.choice(faults)
            elif fault == 2:
                del stream[at : at + 1]
            else:
                del stream[at:]
        small = chance.random() < 0.3
        yield (
            (chance.randrange(400), chance.randrange(300), bytes(stream))
            if small
            else (65536, 65536, bytes(stream))
        )


def answer(chance):
    interim = [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLocation: /no\r\nContent-Encoding: no\r\n\r\n",
        "HTTP/1.0 199\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 102 \r\nTransfer-Encoding: no,\r\n such\r\n\r\n",
    ]
    head = "".join(chance.choices(interim, k=chance.choice([0, 0, 0, 1, 3])))
    head += f"HTTP/1.1 {chance.choice([200, 200, 204, 304, 404, 599])} Some Reason\r\n"
    for _ in range(chance.randrange(4)):
        head += chance.choice(
            [
                "X-A: b\r\n",
                "X-A:\r\n b\r\n",
                "Location: /x\r\n",
                "X:\t \r\n",
                "content-encoding: gzip\r\n",
                "X: a\r\n\r\n b\r\n",
            ]
        )
    body = bytes(chance.randrange(256) for _ in range(chance.choice([0, 5, 80])))
    framing = chance.randrange(3)
    if framing == 0:
        head += f"Content-Length: {' , '.join([str(len(body))] * chance.randrange(1, 3))}\r\n"
    elif framing == 1:
        head += "Transfer-Encoding: Chunked\r\n"
        coded, extension = b"", chance.choice([b"", b" ", b';a="b c"'])
        while body:
            size = chance.randrange(1, 40)
            piece, body = body[:size], body[size:]
            coded += f"{len(piece):X}".encode() + extension + b"\r\n" + piece + b"\r\n"
        body = coded + b"00" + extension + b"\r\n" + chance.choice([b"", b"T: r\r\n"]) + b"\r\n"
    head += "\r\n"
    if chance.random() < 0.2:
        head = head.replace("\r\n", "\n")
    return head.encode() + body


CHECKS = (readers, exchanges, parts)
