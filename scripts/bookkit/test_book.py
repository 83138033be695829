"""What the book's machinery must notice.

python3 -m unittest discover -s scripts/bookkit -t scripts
"""

import glob
import importlib.machinery
import importlib.util
import os
import re
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import counting  # noqa: E402
import sources  # noqa: E402
from bookkit import Drift, drawing, excerpts, links, lists, measured, pages, plans  # noqa: E402
from bookkit import screens, site, translations, twins  # noqa: E402

RUST = """
/// A loop; its braces } in "strings {" and '}' do not count.
pub struct Loop<'a> {
    name: &'a str,
}

impl<'a> Loop<'a> {
    const SIZE: [u8; 2] = [b'{', 1];

    /// Runs.
    #[must_use]
    pub fn run<F: Fn(u8) -> bool>(&self, stop: F) -> bool
    where
        F: Clone,
    {
        // 1. Ask.
        let quote = "}\\"{";
        loop {
            if stop(1) {
                return quote.is_empty();
            }
        }
    }
}

impl Drop for Loop<'_> {
    fn drop(&mut self) {}
}

fn lone(it: Option<&'static str>) {}
"""
PYTHON = '''
CHUNK = 4

class Loop:
    """A loop."""

    # Why.
    @staticmethod
    def run(stop):
        """Runs."""

        while not stop():
            pass
'''


class Tree(unittest.TestCase):
    """A repository of a test's own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        for module in (excerpts, pages, links, site, drawing):
            patched = mock.patch.object(module, "ROOT", self.root)
            patched.start()
            self.addCleanup(patched.stop)
        self.write("crates/01-one/src/lib.rs", RUST)
        self.write("crates/01-one/original.py", PYTHON)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def piece(self, spec):
        return excerpts.Piece(spec).lines


class Excerpts(Tree):
    def test_items_of_rust(self):
        self.assertEqual(self.piece("01-one: lone"), ["fn lone(it: Option<&'static str>) {}"])
        self.assertEqual(
            self.piece("01-one: Loop"), ["pub struct Loop<'a> {", "    name: &'a str,", "}"]
        )
        self.assertEqual(self.piece("01-one: Loop::SIZE"), ["const SIZE: [u8; 2] = [b'{', 1];"])
        run = self.piece("01-one: Loop::run")
        self.assertEqual((run[0], run[-1], len(run)), ("#[must_use]", "}", 13))
        self.assertEqual(self.piece("01-one: impl Drop for Loop")[0], "impl Drop for Loop<'_> {")
        self.assertEqual(self.piece("01-one: Loop::drop"), ["fn drop(&mut self) {}"])

    def test_docs_on_demand(self):
        self.assertEqual(self.piece("01-one: Loop::run; docs")[0], "/// Runs.")
        self.assertIn('    """Runs."""', self.piece("01-one/original.py: Loop.run; docs"))

    def test_items_of_python(self):
        run = ["# Why.", "@staticmethod", "def run(stop):", "    while not stop():", "        pass"]
        self.assertEqual(self.piece("01-one/original.py: Loop.run"), run)
        self.assertEqual(self.piece("01-one/original.py: CHUNK"), ["CHUNK = 4"])

    def test_lines_left_out(self):
        spec = '01-one: Loop::run; from "// 1."; omit "if stop" through "}"'
        expected = [
            "    // 1. Ask.",
            '    let quote = "}\\"{";',
            "    loop {",
            "        …",
            "    }",
            "}",
        ]
        self.assertEqual(self.piece(spec), expected)

    def test_what_is_missing_is_named(self):
        for spec, words in [
            ("01-one: Loop::walk", "has no item Loop::walk"),
            ("01-one/original.py: Loop.walk", "has no item Loop.walk"),
            ("02-two: run", "there is no file crates/02-two/src/lib.rs"),
            ('01-one: Loop::run; from "nothing"', "no line with `nothing`"),
            ("01-one: Loop::run; upside down", "is not an option"),
            ("run", "names no file"),
        ]:
            with self.subTest(spec), self.assertRaisesRegex(Drift, words):
                excerpts.Piece(spec)


class TheStages(unittest.TestCase):
    def test_each_item_that_the_diff_knows_is_found_as_it_stands(self):
        for name, files in sources.FILES.items():
            if name.endswith("/python"):
                continue
            text = sources.text(name)
            known = {item for item, _, _ in excerpts.rust_items(text)}
            for item, lines in sources.items(text):
                with self.subTest(name, item=item):
                    self.assertIn(item, known)
                    whole = excerpts.rust_item(text, item, False)
                    self.assertLessEqual(set(lines), set(sources.code("\n".join(whole))), files)

    def test_each_source_can_be_read(self):
        for path in glob.glob(
            os.path.join(excerpts.ROOT, "crates", "*", "src", "**", "*.rs"), recursive=True
        ):
            with self.subTest(path), open(path, encoding="utf-8") as file:
                text = file.read()
                lines = text.splitlines()
                for name, start, end in excerpts.rust_items(text):
                    self.assertRegex(lines[end - 1], r"[;}]\s*(//.*)?$", name)
                    self.assertLess(start, end)


class Pages(Tree):
    PAGE = (
        "# Title\n\n<!-- code 01-one: lone -->\n\n"
        "```rust\nfn lone(it: Option<&'static str>) {}\n```\n\nWords.\n"
    )

    def test_a_page_in_order_stays(self):
        self.assertEqual(pages.renewed(self.PAGE), (self.PAGE, []))

    def test_an_excerpt_is_made_where_none_stands(self):
        page = "<!-- code 01-one: lone -->\n\nWords.\n"
        self.assertEqual(pages.renewed(page)[0], self.PAGE.split("\n\n", 1)[1])

    def test_a_changed_source_is_noticed(self):
        self.write("crates/01-one/src/lib.rs", RUST.replace("fn lone(it:", "fn lone(one:"))
        new, wrong = pages.renewed(self.PAGE)
        self.assertEqual(wrong, [])
        self.assertEqual(new, self.PAGE.replace("it:", "one:"))

    def test_a_changed_page_is_noticed(self):
        self.assertEqual(pages.renewed(self.PAGE.replace("it:", "my:"))[0], self.PAGE)

    def test_a_missing_item_is_noticed_and_the_page_kept(self):
        page = self.PAGE.replace("code 01-one: lone", "code 01-one: gone")
        self.assertEqual(
            pages.renewed(page), (page, [(3, "crates/01-one/src/lib.rs has no item gone")])
        )

    def test_what_stands_in_a_fence_is_text(self):
        page = "````\n<!-- code 01-one: gone -->\n```\n````\n"
        self.assertEqual(pages.renewed(page), (page, []))

    def test_two_columns(self):
        page = "<!-- side 01-one\nLoop.run | Loop::run\n/ while | / loop\n | lone\n-->\n"
        new, wrong = pages.renewed(page)
        self.assertEqual(wrong, [])
        self.assertEqual(pages.renewed(new), (new, []))
        rows = new.split("<tr>")[1:]
        self.assertEqual(len(rows), 4)
        self.assertIn("    while not stop():", rows[2])
        self.assertIn("    loop {", rows[2])
        self.assertNotIn("loop {", rows[1])
        self.assertNotIn("python", rows[3])

    def test_a_cut_that_is_not_there(self):
        wrong = pages.renewed("<!-- side 01-one\nLoop.run | Loop::run\n/ until | / loop\n-->\n")[1]
        self.assertRegex(wrong[0][1], "no line with `until` follows")

    def test_an_output_is_compared_by_running(self):
        page = "<!-- output print it -->\n\n```text\nold\n```\n"
        self.assertEqual(pages.renewed(page), (page, []))
        self.assertEqual(
            pages.renewed(page, lambda command: f"{command}\n")[0], page.replace("old", "print it")
        )

    def test_a_command_that_fails(self):
        with self.assertRaisesRegex(Drift, "status 3: because"):
            pages.run("echo because >&2; exit 3")

    def test_a_comment_that_is_not_closed(self):
        self.assertRegex(pages.renewed("<!-- side 01-one\nrun | run\n")[1][0][1], "not closed")

    def test_figures(self):
        page = "It took <!--= epoll wall -->1 s<!--/-->, <!--= machine --><!--/-->.\n"
        results = {
            "stages": {"epoll": {"rust": {"wall_us": 450_970}}},
            "facts": {"machine": "here"},
        }
        with mock.patch("bookkit.measured.results", lambda: results):
            new, wrong = pages.renewed(page)
            self.assertEqual(wrong, [])
            self.assertEqual(
                new, "It took <!--= epoll wall -->451 ms<!--/-->, <!--= machine -->here<!--/-->.\n"
            )
            self.assertRegex(
                pages.renewed("<!--= kqueue wall --><!--/-->")[1][0][1], "no stage kqueue"
            )

    def test_a_benchmark_has_to_exist(self):
        self.write("benches/switch.rs", 'group.bench_function("callback", callback);')
        figures = {"callback": 2.54, "gone": 3.0}
        results = {"single": {"switch": {"date": "2026-11-24", "figures": figures}}}
        def made(asked):
            return pages.renewed(f"<!--= {asked} --><!--/-->")
        with (
            mock.patch("bookkit.measured.results", lambda: results),
            mock.patch.object(measured, "ROOT", self.root),
        ):
            self.assertIn(">2.5 ns<", made("bench switch: callback")[0])
            self.assertIn(">6.5 seconds<", made("scaled bench switch: callback")[0])
            self.assertIn(">2026-11-24<", made("bench switch: date")[0])
            for asked, words in [
                ("bench switch: gone", "benches/switch.rs has no benchmark gone any more"),
                ("bench switch: never", "no benchmark never of switch"),
                ("bench wheels: callback", "no benchmarks wheels"),
            ]:
                self.assertRegex(made(asked)[1][0][1], words)

    def test_a_goal_is_that_of_the_script(self):
        self.assertIn(">1.04<", pages.renewed("<!--= goal TEN_PAGES process-pool --><!--/-->")[0])
        told = pages.renewed("<!--= goal TEN_PAGES nobody --><!--/-->")[1][0][1]
        self.assertRegex(told, "no limit TEN_PAGES of nobody")

    def test_a_table_of_operations(self):
        times = {"ours": 500.4, "tokio": 250.0, "CPython": 9_999.0}
        results = {"benches": {name: dict(times) for name in measured.BENCHES}}
        del results["benches"]["call_soon"]["tokio"]
        page = "<!-- benches asyncio -->\n\n| old |\n\nText.\n"
        with mock.patch("bookkit.measured.results", lambda: results):
            new, wrong = pages.renewed(page)
        self.assertEqual(wrong, [])
        self.assertIn("| `sleep(0)` | 500 | 250 | 9,999 | 20 |\n", new)
        self.assertIn("| `call_soon` | 500 | – | 9,999 | 20 |\n", new)
        self.assertNotIn("old", new)
        with mock.patch("bookkit.measured.results", lambda: {}):
            self.assertRegex(pages.renewed(page)[1][0][1], "scripts/measure-book --benches")


SCREEN = """\
epoll: 1 thread, callbacks (chapter 5)

page     0         100       200       300 ms  connected        done
/1       c░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░r    0.2 ms    350.7 ms
thread 1 █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░█       asleep 350.3 ms

░ asleep   █ computing   c connecting   one column is 9.4 ms
Of the last row, the sums are measured.

wall 350.9 ms   CPU 0.6 ms   switches 1
busy-wait read 1,413,926 times for nothing: 451 ms of CPU.
Ten fetches waited 4.51 s between them. One thread waited for them all at once:
37 years asleep for 19 days of work, at one instruction a second.

Next:  --jitter 300ms  |  --stage blocking,epoll
       crates/05-callbacks/src
"""


class Screens(unittest.TestCase):
    def told(self, *changes):
        today = SCREEN
        for old, new in changes:
            self.assertIn(old, today)
            today = today.replace(old, new)
        return screens.differences(screens.shape(SCREEN), screens.shape(today))

    def test_figures_bars_and_wrapping_may_differ(self):
        self.assertEqual(self.told(
            ("0         100       200       300 ms", "0        0.5        1 s"),
            ("c░░░░", "c░█▒░"),
            ("0.2 ms    350.7 ms", "2.2 ms     1.350 s"),
            ("1,413,926 times", "999 times"),
            ("4.51 s between", "451.25 ms between"),
            ("all at once:\n37 years", "all at\nonce: 2 days"),
            ("  |  --stage blocking,epoll", "\n       --stage blocking,epoll"),
            ("c connecting", "▒ waiting for a processor   c connecting"),
            ("switches 1", "switches 90   waiting for a processor 12 ms"),
        ), [])

    def test_words_columns_and_rows_may_not(self):
        for old, new, words in [
            ("callbacks", "callback", "recorded `epoll: N threads, callbacks"),
            ("0.2 ms    350.7 ms", "350.7 ms", "today `/N BAR N UNIT`"),
            ("connected        done", "done", "today `page AXIS done`"),
            ("switches 1", "turns 1", "only today: `turns N`"),
            ("for nothing", "in vain", "only today: `busy-wait read N times in vain"),
            ("at one instruction a second", "at one a second", "only in the recorded screen: `One"),
            ("--jitter 300ms", "--jitter", "only in the recorded screen: `--jitter Nms`"),
            ("   c connecting", "", "only in the recorded screen: `c connecting`"),
        ]:
            with self.subTest(old):
                self.assertIn(words, "; ".join(self.told((old, new))))
        row = "/1       c░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░r    0.2 ms    350.7 ms\n"
        self.assertTrue(self.told((row, row + row)))
        self.assertTrue(self.told((row, "")))

    def test_text_without_a_picture(self):
        one = screens.shape("not yet: it saw 12 of\n    them, and 3 are allowed.\n")
        two = screens.shape("not yet: it saw 9 of them, and\n    3 are allowed.\n")
        three = screens.shape("not yet: it saw 9 of them, and 3 were allowed.\n")
        self.assertEqual(screens.differences(one, two), [])
        self.assertEqual(len(screens.differences(one, three)), 1)

    def compare(self, *today, free=1.0, shown="cargo waits"):
        told = iter(today)
        with (
            mock.patch("bookkit.measured.screen", lambda _: SCREEN),
            mock.patch("bookkit.screens.run", lambda *_: (next(told), "")),
            mock.patch("bookkit.screens.core", lambda: free),
        ):
            return screens.compare("stage-runner", shown)

    def test_a_sentence_may_be_missing_where_the_machine_is_busy(self):
        other = SCREEN.replace("busy-wait read 1,413,926 times for nothing: 451 ms of CPU.\n", "")
        self.assertEqual(self.compare(other, other, SCREEN), ([], ""))
        told, left_out = self.compare(other, other, other)
        self.assertIn("busy-wait read", told[0])
        told, left_out = self.compare(other, other, other, free=0.4)
        self.assertEqual(told, [])
        self.assertIn("this machine is busy", left_out)

    def test_a_run_may_say_more(self):
        more = SCREEN + "It also says what is true of this run alone.\n"
        told, left_out = self.compare(more, more, more)
        self.assertEqual(told, [])
        self.assertIn("what is true of this run alone", left_out)

    def test_the_legend_is_that_of_the_bars(self):
        without = SCREEN.replace("█ computing", "")
        self.assertNotEqual(SCREEN, without)
        self.assertEqual(self.compare(without), ([], ""))

    def test_what_was_not_judged_is_not_tried_again(self):
        other = SCREEN.replace("Ten fetches", "not judged, three: fetches")
        told, left_out = self.compare(other)  # there is no second one
        self.assertEqual(told, [])
        self.assertIn("this machine is busy", left_out)

    def test_a_picture_is_the_same_on_a_busy_machine_too(self):
        other = SCREEN.replace("callbacks (", "call-backs (")
        self.assertTrue(self.compare(other, other, other, free=0.4)[0])

    def test_what_is_skipped_is_told(self):
        skipped = "epoll: 1 thread, callbacks (chapter 5)\n\nskipped: this system has none\n"
        told, left_out = self.compare(skipped)
        self.assertEqual(told, [])
        self.assertIn("this system has none", left_out)

    def test_a_part_of_a_screen(self):
        shown = 'cargo waits; from "page "; through "thread 1"'
        self.assertEqual(screens.parts(shown)[0], "cargo waits")
        with mock.patch("bookkit.measured.screen", lambda _: SCREEN):
            lines = screens.shown(shown)
            self.assertTrue(lines[0].startswith("page") and lines[-1].startswith("thread 1"))
            with self.assertRaisesRegex(Drift, "no line of the screen contains `process`"):
                screens.shown('cargo waits; from "process"')
        changed = SCREEN.replace("Ten fetches", "They")
        self.assertEqual(self.compare(changed, shown=shown), ([], ""))
        gone = SCREEN.replace("thread 1", "thread one")
        self.assertIn("no line of the screen", self.compare(gone, gone, gone, shown=shown)[0][0])

    def test_a_command_that_is_not_known(self):
        with self.assertRaisesRegex(Drift, "not by `echo 1`"):
            screens.run("stage-runner", "echo 1")


class Lists(Tree):
    def test_what_a_folder_has(self):
        self.write("docs/03-threads.md", "# Three\n")
        toml = 'name = "one"\nchapter = 3\nquestion = "Is \\"it\\" so?"\n'
        self.write("exercises/3b-one/exercise.toml", toml + "\n[rust]\n")
        self.write("exercises/3a-two/exercise.toml", toml)
        self.write("museum/odd/piece.toml", toml.replace("3", "4"))
        with mock.patch.object(lists, "ROOT", self.root):
            new, wrong = pages.renewed("<!-- list exercises -->\n\n| old |\n")
            self.assertEqual(wrong, [])
            self.assertIn('| `3a` | [3](03-threads.md) | any | Is "it" so? |\n| `3b` |', new)
            self.assertIn("| Rust |", new)
            self.assertNotIn("old", new)
            told = pages.renewed("<!-- list museum -->\n")[1][0][1]
            self.assertRegex(told, "odd is of chapter 4, and docs/ has no such chapter")


class Counts(unittest.TestCase):
    def test_the_readme_counts_what_there_is(self):
        words = {5: "Five", 13: "Thirteen", 14: "Fourteen", 16: "Sixteen", 18: "Eighteen"}
        text = " ".join(pages.read("README.md").split())
        exercises = lists.exercises()
        rust = sum(it.language == "Rust" for it in exercises)
        experiments = re.findall(r"^\| `[\w-]+` \| \[", pages.read("docs/experiments.md"), re.MULTILINE)
        for count, said in [
            (len(exercises), "**{} exercises.**"),
            (len(exercises) - rust, "{} are for any language"),
            (rust, "{} are in Rust"),
            (len(lists.pieces()), "**{} real bugs.**"),
            (len(experiments), "**{} experiments.**"),
        ]:
            self.assertIn(said.format(words[count]), text)


class Chart(unittest.TestCase):
    def test_a_stage_is_in_the_chart_or_the_text_says_that_it_is_not(self):
        drawn = set(re.findall(r"<text[^>]*>([^<]*)</text>", pages.read("docs/sweep.svg")))
        text = pages.read("docs/what-the-numbers-mean.md")
        said = re.search(r"The chart is of [^#]*? are not in it", text)
        missing = said[0] if said else ""
        for stage in [*sources.PLACES, "io-uring"]:
            self.assertNotEqual(stage in drawn, f"`{stage}`" in missing, stage)


class Diffs(unittest.TestCase):
    def test_of_two_stages(self):
        made = "\n".join(twins.diff("4 5: connect"))
        self.assertIn("<th>chapter 4</th><th>chapter 5</th>", made)
        self.assertIn("-     socket.set_nonblocking(true)?;", made)
        self.assertIn("      exchange.connected(socket.connect(&address.into()))?;", made)

    def test_of_two_originals(self):
        made = "\n".join(twins.diff("4/python 5/python: send"))
        self.assertIn("<th>chapter 4, Python</th><th>chapter 5, Python</th>", made)
        self.assertIn("- def send(sock, exchange):", made)
        self.assertIn("+ def send(self):", made)
        self.assertNotIn("Asks for room", made)

    def test_what_is_not_there(self):
        for asked, words in [
            ("4 99: connect", "not two of"),
            ("4 5: fly", "neither 4 nor 5 has fly"),
        ]:
            with self.subTest(asked), self.assertRaisesRegex(Drift, words):
                twins.diff(asked)


class Links(Tree):
    def wrong(self, text):
        self.write("docs/a.md", text)
        return [reason for _, reason in links.check("docs/a.md", text)]

    def test_links(self):
        self.write("docs/b.md", "# One word, and `two`!\n\n## Same\n\n## Same\n")
        good = "[b](b.md) [c](b.md#one-word-and-two) [d](b.md#same-1) `[x](y)`"
        good += " [code](../crates/01-one/src/lib.rs)"
        self.assertEqual(self.wrong(good), [])
        self.assertEqual(self.wrong("[b](c.md)"), ["c.md: there is no docs/c.md"])
        self.assertEqual(
            self.wrong("[b](b.md#three)"), ["b.md#three: docs/b.md has no heading #three"]
        )
        self.assertEqual(
            self.wrong("# Here\n[b](#there)"), ["#there: docs/a.md has no heading #there"]
        )
        self.assertEqual(len(self.wrong("![](b.md)")), 1)

    def test_a_built_page(self):
        self.write(
            "book/a.html",
            '<h1 id="x">x</h1><a href="#x"></a><a href="b.html"></a>'
            '<script src="https://a.b/c.js"></script>',
        )
        wrong = [reason for _, reason in links.check_built(os.path.join(self.root, "book"))]
        self.assertEqual(
            wrong, ["b.html leads nowhere", "https://a.b/c.js is loaded from elsewhere"]
        )


class Drawings(unittest.TestCase):
    def test_a_drawing(self):
        made = drawing.draw("What it shows.\n\na\n  one | ##..a\n  two | ----#\na -> two: wakes\n")
        for part in (
            "<title>What it shows.</title>",
            'class="work"',
            'class="sleep"',
            "wakes",
            "asleep",
        ):
            self.assertIn(part, made)

    def test_what_is_wrong_is_named(self):
        for text, words in [
            ("x\n\na | #!\n", "`!` in the lane a"),
            ("x\n\na | #b\nb -> c: it\n", "b -> c"),
            ("x\n\na | #b\nc | #\nc | #\nb -> c: it\n", "two lanes"),
        ]:
            with self.subTest(text), self.assertRaisesRegex(Drift, words):
                drawing.draw(text)


class Translations(unittest.TestCase):
    ENGLISH = "# Title\n\nOne.\n\n```sh\nrun\n```\n\nTwo.\n"

    def translated(self):
        one, two, three = [name for _, name in translations.to_translate(self.ENGLISH)]
        return (
            f"<!-- en {one} -->\n# 题\n\n<!-- en {two} -->\n一。\n\n"
            f"```sh\nrun\n```\n\n<!-- en {three} -->\n二。\n"
        )

    def compare(self, text, english=None):
        return translations.compare(text, english or self.ENGLISH)

    def test_a_complete_one(self):
        self.assertEqual(self.compare(self.translated()), ([], [], []))

    def test_outdated_and_missing_are_listed(self):
        english = self.ENGLISH.replace("One.", "One and a half.") + "\nThree.\n"
        listed = ([], [4], [3, 11])
        self.assertEqual(self.compare(self.translated(), english), listed)

    def test_a_broken_structure_is_an_error(self):
        text = self.translated()
        for broken, words in [
            (text.replace("```sh\nrun", "```sh\nwalk"), "no such fence"),
            (text + "\n三。\n", "no hash"),
            (text + "\n" + text.split("\n\n")[0] + "\n", "a second time"),
            ("\n\n".join(reversed(text.strip().split("\n\n"))), "before this one"),
            (text.replace("# 题", "## 题"), "a heading of level 2, and in English"),
        ]:
            with self.subTest(words):
                self.assertRegex(" ".join(reason for _, reason in self.compare(broken)[0]), words)

    def test_a_table_keeps_its_lines(self):
        english = "| a |\n|---|\n| b |\n"
        name = translations.to_translate(english)[0][1]
        for rows, problems in [("| 乙 |", 0), ("| 乙 |\n| 丙 |", 1)]:
            text = f"<!-- en {name} -->\n| 甲 |\n|---|\n{rows}\n"
            self.assertEqual(len(self.compare(text, english)[0]), problems, text)

    def test_fences_are_copied(self):
        english = self.ENGLISH.replace("run", "walk")
        self.assertRegex(self.compare(self.translated(), english)[0][0][1], "no such fence")
        copied = translations.renewed(self.translated(), english)
        self.assertEqual(self.compare(copied, english), ([], [], []))
        two = english + "\n```sh\nfly\n```\n"
        self.assertEqual(translations.renewed(copied, two), copied)


class TranslatedPages(Tree):
    """What `scripts/book check` says of the translations of a repository."""

    def check(self):
        with mock.patch.object(translations.pages, "all_pages", self.all_pages):
            return translations.check()

    def all_pages(self):
        found = []
        for folder, _, files in os.walk(self.root):
            found += [os.path.relpath(os.path.join(folder, f), self.root) for f in files]
        return sorted(path for path in found if path.endswith(".md"))

    def test_what_is_outdated_and_what_is_to_do_is_a_note(self):
        self.write("README.md", "One.\n\nTwo.\n")
        self.write("README.zh-CN.md", "<!-- en 01234567 -->\n一。\n")
        outdated = "README.zh-CN.md:1: outdated: the English block has changed"
        to_do = [f"README.zh-CN.md: to do: README.md:{line}" for line in (1, 3)]
        self.assertEqual(self.check(), ({}, [outdated, *to_do]))

    def test_a_page_without_its_english_is_an_error(self):
        self.write("docs/zh-CN/01-one.md", "<!-- en 01234567 -->\n一。\n")
        wrong, notes = self.check()
        self.assertEqual(notes, [])
        self.assertIn("there is no docs/01-one.md", wrong["docs/zh-CN/01-one.md"][0][1])

    def test_a_block_without_a_hash_is_an_error(self):
        self.write("docs/01-one.md", "One.\n")
        self.write("docs/zh-CN/01-one.md", "一。\n")
        self.assertIn("no hash", self.check()[0]["docs/zh-CN/01-one.md"][0][1])


class Counting(unittest.TestCase):
    def test_the_thread_that_watches_the_memory_does_not_count(self):
        log = """1 openat(AT_FDCWD, "/proc/self/status", O_RDONLY) = 3
1 clone3({...}) = 2
2 openat(AT_FDCWD, "/proc/self/status", O_RDONLY) = 4
2 read(4,  <unfinished ...>
1 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 5
2 <... read resumed>"", 32) = 0
2 +++ exited with 0 +++
3 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 6
3 openat(AT_FDCWD, "/proc/self/status", O_RDONLY) = 7
"""
        self.assertEqual(counting.own_calls(log.splitlines()), 5)


PLAN = """
# A plan

session: 10

## 1. First

minutes: 4

```sh
stage-runner --list
## 7. no heading
```

## 2. Second

minutes: 6
"""


class Plans(unittest.TestCase):
    def check(self, wrong, *changes):
        text = PLAN
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        told = plans.Plan("plan", text).wrong
        self.assertEqual(len(told), len(wrong), told)
        for words, line in zip(wrong, told):
            self.assertIn(words, line)

    def test_the_plans_of_the_repository_fit_their_sessions(self):
        found = plans.all_plans()
        self.assertIn("one-hour", [plan.name for plan in found])
        for plan in found:
            self.assertEqual(plan.wrong, [], plan.name)
            self.assertTrue(any(step.commands for step in plan.steps), plan.name)

    def test_minutes_are_added_up(self):
        plan = plans.Plan("plan", PLAN)
        self.assertEqual((plan.session, plan.minutes, plan.wrong), (10, 10, []))
        commands = [step.commands for step in plan.steps]
        self.assertEqual(commands, [["stage-runner --list", "## 7. no heading"], []])
        self.check(["take 11 minutes, and the session has 10"], ("minutes: 6", "minutes: 7"))

    def test_what_is_missing_or_too_much_is_told(self):
        self.check(["`2. Second` has no line `minutes: N`"], ("minutes: 6", "6 minutes"))
        self.check(["`minutes: 9` belongs to no step"], ("session: 10", "session: 10\nminutes: 9"))
        self.check(["`minutes: 1` belongs to no step"], ("minutes: 4", "minutes: 4\nminutes: 1"))
        self.check(["`## Second` has no number", "belongs to no step"], ("## 2. Second", "## Second"))
        self.check(["`3. Second` is step 2"], ("## 2. Second", "## 3. Second"))


def script(name):
    """A script of the repository as a module."""
    path = os.path.join(pages.ROOT, "scripts", name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Commands(unittest.TestCase):
    TEXT = """
```sh
# first
one --a
```

Words, and then:

    stage-runner two > it
    stage-runner three it    # of two

<!-- not run: it takes long -->

    cargo four
    cargo five

- a list
    cargo six

<!-- not run: never -->
```sh
seven
```

    let eight = 8;

```text

    cargo nine
```
"""

    def test_which_commands_of_a_page_are_run(self):
        wanted = ["one --a", "stage-runner two > it", "stage-runner three it    # of two"]
        self.assertEqual(script("book").commands(self.TEXT), wanted)


class Rehearsals(unittest.TestCase):
    """What scripts/rehearse makes of an experiment that ends with status 3."""

    @classmethod
    def setUpClass(cls):
        cls.rehearse = script("rehearse")

    def run_one_that_says(self, stderr):
        with tempfile.TemporaryDirectory() as folder:
            runner = os.path.join(folder, "stage-runner")
            with open(runner, "w") as file:
                file.write(f"#!{sys.executable}\nimport sys\n"
                           f"sys.stderr.write({stderr!r})\nsys.exit(3)\n")
            os.chmod(runner, 0o755)
            return self.rehearse.run("stage-runner experiment busy", runner)

    def test_a_busy_machine_is_told(self):
        self.assertEqual(self.run_one_that_says("(running, 1 round)\n"), self.rehearse.BUSY)

    def test_one_that_is_skipped_fails(self):
        for before in "", "(running, 1 round)\n":
            words = self.run_one_that_says(f"{before}skipped: no Python 3.8 or newer\n")
            self.assertEqual(words, "skipped: no Python 3.8 or newer")


if __name__ == "__main__":
    unittest.main()
