//! Every screen, drawn from figures that never change, as it should look: `tests/screens/*.txt`.
//!
//! After a change on purpose: `UPDATE_EXPECT=1 cargo test -p stage-runner golden`, and look at the
//! difference.

use std::time::Duration;

use crawl::ErrorKind;
use crawl::protocol::Usage;
use expect_test::expect_file;

use super::{comparison, program_check, trace, waterfall};
use crate::lineup::{Entrant, Languages, Program};
use crate::results::program_check::{Group, ProgramCheck, Stopped};
use crate::results::{Doubts, Ending, Fault, Profile, Report, Run, Status, WrongLine};
use crate::views::sample::{fail, leave, recorded, report, report_in};
use crate::views::{Style, markdown};
use crate::words;

const NARROW: Style = Style { width: 80 };
/// Half of a screen, or a telephone.
const NARROWER: Style = Style { width: 50 };
const WIDE: Style = Style { width: 140 };

/// The screen in characters alone, and that it fits.
fn screen(report: &Report, style: Style) -> String {
    let lines = match report.entrants[..] {
        [_] => waterfall::lines(report, &style),
        _ => {
            let plan = comparison::Plan::new(report, &style, 0);
            let table = comparison::table(report, &plan);
            let below = comparison::below(report, &plan);
            [comparison::headline(report, &style), table, below].concat()
        }
    };
    let text: String = lines.iter().map(|line| format!("{}\n", without_colors(line))).collect();
    for line in text.lines() {
        let columns = words::width(line);
        assert!(columns <= style.width, "{columns} columns: {line}");
    }
    text
}

fn without_colors(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string().trim_end().to_owned()
}

#[track_caller]
fn golden(name: &str, screen: &str) {
    let path = format!("{}/tests/screens/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    expect_file![path].assert_eq(screen);
}

#[test]
fn all_stages() {
    let all = report("", &[]).run();
    golden("all-stages-80", &screen(&all, NARROW));
    golden("all-stages-50", &screen(&all, NARROWER));
    let ascii = words::ascii(&screen(&all, NARROW));
    assert!(ascii.is_ascii());
    golden("all-stages-ascii", &ascii);
    golden("all-stages-140-rounds", &screen(&report("", &[]).with_rounds(3).run(), WIDE));
}

/// Each stage in both languages, one below the other.
#[test]
fn two_languages() {
    let both = report_in(Languages::Both, "", &[]).run();
    golden("both-languages-80", &screen(&both, NARROW));
    golden("both-languages-60", &screen(&both, Style { width: 60 }));
    let three = report_in(Languages::Both, "blocking,epoll,tokio", &[]).with_rounds(3).run();
    golden("both-languages-140-rounds", &screen(&three, WIDE));
    golden("both-languages-markdown", &(markdown::lines(&three).join("\n") + "\n"));
    let python = report_in(Languages::Python, "blocking,thread-pool,epoll,async-await", &[]);
    golden("python-alone-80", &screen(&python.run(), NARROW));
    golden("python-epoll-80", &screen(&report_in(Languages::Python, "epoll", &[]).run(), NARROW));
}

/// What two rows differ in is what made no difference.
#[test]
fn a_tie_says_what_made_no_difference() {
    for (languages, stages, tie) in [
        (
            Languages::Both,
            "epoll",
            "epoll and epoll in Python tie: the language made no difference",
        ),
        (
            Languages::Both,
            "poll,epoll",
            "tie: neither who says which socket is ready nor the language",
        ),
        (Languages::Both, "epoll,yield-from", "tie: what changed there is the code."),
        (
            Languages::Python,
            "poll,epoll",
            "poll and epoll tie: who says which socket is ready made",
        ),
    ] {
        let screen = screen(&report_in(languages, stages, &[]).run(), NARROW);
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(tie), "{screen}");
    }
}

/// Between rows of the same stage the language alone is named, and everywhere else both are.
#[test]
fn what_happens_in_one_language_is_told_of_that_language() {
    let programs = ["mine=./crawl"];
    let mut report = report_in(Languages::Both, "poll,mine,blocking,epoll", &programs).run();
    report.runs[1] = Run::skipped(1, 0, "this Python has no select.poll".to_owned());
    fail(&mut report.runs[4], 1, ErrorKind::Connect, REFUSED, 90);
    leave(&mut report.runs[6], 8, Fault::Ended { how: Ending::Exit(1), unanswered: 2 });
    report.setting.build.profile = Profile::Debug;
    golden("both-languages-failures", &screen(&report, NARROW));
}

#[test]
fn one_stage() {
    let epoll = report("epoll", &[]).run();
    for (name, report, style) in [
        ("epoll-80", epoll.clone(), NARROW),
        ("epoll-140", epoll, WIDE),
        ("blocking-50", report("blocking", &[]).run(), NARROWER),
        ("blocking-80", report("blocking", &[]).run(), NARROW),
        ("process-pool-80", report("process-pool", &[]).run(), NARROW),
        ("busy-wait-80", report("busy-wait", &[]).run(), NARROW),
        ("thread-pool-three-80", report("thread-pool", &[]).with_concurrency(3).run(), NARROW),
    ] {
        golden(name, &screen(&report, style));
    }
}

/// What fits, whatever was recorded.
fn traced(report: &Report, life: Option<usize>, style: Style) -> String {
    let lines = trace::lines(report, life, &style);
    let text: String = lines.iter().map(|line| format!("{}\n", without_colors(line))).collect();
    for line in text.lines() {
        let columns = words::width(line);
        assert!(columns <= style.width, "{columns} columns: {line}");
    }
    text
}

#[test]
fn recorded_runs() {
    golden("trace-epoll-80", &traced(&recorded("epoll"), None, NARROW));
    golden("trace-async-await-140", &traced(&recorded("async-await"), None, WIDE));
    let two = recorded("blocking,epoll");
    golden("trace-two-80", &traced(&two, None, NARROW));
    golden("trace-two-140", &traced(&two, None, WIDE));
    golden("life-epoll-80", &traced(&recorded("epoll"), Some(0), NARROW));
    golden("life-two-140", &traced(&two, Some(1), WIDE));
}

#[test]
fn runs_that_told_little() {
    let mut cut = recorded("epoll");
    let activity = cut.runs[0].activity.as_mut().unwrap();
    activity.steps.truncate(3);
    activity.dropped = 31;
    let silent = report("mine", &["mine=./crawl"]).with_pages(3).run();
    golden("trace-dropped", &traced(&cut, None, NARROW));
    golden("trace-silent", &traced(&silent, None, NARROW));
    let python = report_in(Languages::Python, "epoll", &[]).run();
    golden("trace-python", &traced(&python, None, NARROW));
}

#[test]
fn one_page() {
    golden("one-page", &screen(&report("", &[]).with_pages(1).run(), NARROW));
    golden("one-page-epoll", &screen(&report("epoll", &[]).with_pages(1).run(), NARROW));
}

#[test]
fn a_thousand_pages() {
    let compared = report("blocking,thread-pool,epoll", &[]).with_pages(1000).run();
    golden("thousand-pages", &screen(&compared, NARROW));
    let mut alone = report("epoll", &[]).with_pages(1000).with_concurrency(100).run();
    let message = "the connection was reset before any answer";
    fail(&mut alone.runs[0], 500, ErrorKind::Reset, message, 900);
    golden("thousand-pages-epoll", &screen(&alone, NARROW));
}

const REFUSED: &str = "cannot connect to 127.0.0.1:1: Connection refused";

#[test]
fn failures() {
    let urls = ["http://a.test/1", "http://a.test/slow", "http://b.test/gone"];
    let mut report = report("blocking,thread-pool,epoll", &[]).with_urls(&urls).run();
    for run in &mut report.runs {
        fail(run, 1, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        fail(run, 2, ErrorKind::Connect, REFUSED, 90);
        run.usage.wall_us = run.reported().filter_map(|outcome| outcome.finished_us).max();
    }
    golden("failures", &screen(&report, NARROW));
    for run in &mut report.runs {
        fail(run, 0, ErrorKind::Malformed, "not HTTP: \u{1b}[2Jhello", 20_000);
    }
    golden("all-failing", &screen(&report, NARROW));
    golden("failures-markdown", &(markdown::lines(&report).join("\n") + "\n"));
}

#[test]
fn one_stage_failing() {
    let mut report = report("epoll", &[]).run();
    fail(&mut report.runs[0], 1, ErrorKind::Connect, REFUSED, 90);
    fail(&mut report.runs[0], 4, ErrorKind::Timeout, "no answer within 450 ms", 450_000);
    golden("epoll-failures", &screen(&report, NARROW));
}

#[test]
fn programs() {
    let programs = ["mine=./crawl", "theirs=./other", "old=./old"];
    let mut report = report("epoll,mine,theirs,old", &programs).run();
    report.runs[1].doubts = Doubts { wall: false, cpu: true, memory: true };
    let wrong = WrongLine::NotAnOutcome { shown: "hello".to_owned(), object: None };
    leave(&mut report.runs[2], 0, Fault::WrongLine { line: 3, wrong });
    report.runs[2].usage.peak_rss_bytes = None;
    report.runs[3] = Run::skipped(3, 0, "this system has no such thing".to_owned());
    golden("programs", &screen(&report, NARROW));
}

#[test]
fn one_program_failing() {
    let mut report = report("", &["mine=./crawl"]).run();
    leave(&mut report.runs[0], 1, Fault::Ended { how: Ending::Exit(3), unanswered: 9 });
    golden("program-failing", &screen(&report, NARROW));
}

/// Names and words of other scripts: two columns a character, or none.
#[test]
fn other_scripts() {
    let urls = ["http://a.test/等待", "http://a.test/cafe\u{301}"];
    let mut compared = report("epoll,blocking", &[]).with_urls(&urls).run();
    for run in &mut compared.runs {
        let message = "网页 没有 在 十 秒 之内 回答 连接 已经 关闭 请 稍后 再 试 一次";
        fail(run, 0, ErrorKind::Timeout, message, 10_000);
    }
    golden("other-scripts", &screen(&compared, NARROW));
    golden("other-scripts-epoll", &screen(&report("epoll", &[]).with_urls(&urls).run(), NARROW));
}

#[test]
fn a_system_that_tells_little() {
    let unknown = |mut report: Report| {
        for run in &mut report.runs {
            let Usage { wall_us, figures, .. } = std::mem::take(&mut run.usage);
            run.usage = Usage { wall_us, figures, ..Usage::default() };
        }
        report
    };
    let compared = unknown(report("blocking,busy-wait,epoll", &[]).run());
    golden("unknown-figures", &screen(&compared, NARROW));
    golden("unknown-figures-epoll", &screen(&unknown(report("epoll", &[]).run()), NARROW));
}

/// Two busy loops beside it: a stage that never sleeps had a processor for less than half of its
/// time.
#[test]
fn waiting_for_a_processor_is_not_sleep() {
    let contended = |mut report: Report| {
        for run in &mut report.runs {
            let wall = run.usage.wall_us.unwrap();
            (run.usage.user_us, run.usage.system_us) = (Some(wall * 2 / 5), Some(0));
            run.usage.runnable_us = Some(wall * 3 / 5 - 900);
        }
        report
    };
    golden("contended", &screen(&contended(report("busy-wait,busy-wait-all", &[]).run()), NARROW));
    golden("contended-busy-wait", &screen(&contended(report("busy-wait", &[]).run()), NARROW));
}

/// The second page took 100 ms of the loop for itself, asleep.
#[test]
fn a_blocked_loop_is_named() {
    let mut alone = report("epoll", &[]).run();
    for outcome in alone.runs[0].outcomes.iter_mut().flatten() {
        let later = |time: &mut Option<u64>| *time = time.map(|time| time + 100_000);
        match outcome.target {
            0 => {}
            1 => later(&mut outcome.finished_us),
            _ => {
                later(&mut outcome.first_byte_us);
                later(&mut outcome.finished_us);
            }
        }
    }
    alone.runs[0].usage.wall_us = alone.runs[0].usage.wall_us.map(|wall| wall + 100_000);
    golden("epoll-blocked", &screen(&alone, NARROW));
}

/// The start of an interpreter is in a wall time that the program did not report, and it is not
/// sleep after the last page.
#[test]
fn a_start_is_not_drawn_as_sleep() {
    let mut report = report("epoll,mine", &["mine=./crawl"]).run();
    report.runs[1].usage.wall_us = report.runs[1].usage.wall_us.map(|wall| wall * 2);
    report.runs[1].wall_includes_start = true;
    golden("with-start", &screen(&report, NARROW));
    report.entrants.remove(0);
    report.runs.remove(0);
    report.runs[0].entrant = 0;
    golden("with-start-alone", &screen(&report, NARROW));
}

#[test]
fn a_pool_with_too_few_workers_says_so() {
    let mut report = report("process-pool,thread-pool", &[]).run();
    for (run, workers) in report.runs.iter_mut().zip([2, 10]) {
        let mut figures = run.figures();
        (figures.workers, figures.workers_asked_for) = (Some(workers), Some(20));
        figures.processes_started = figures.processes_started.map(|_| 12);
        run.usage.figures = figures.into();
    }
    let screen = screen(&report, NARROW).split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "process-pool had 2 of 20 processes: the system gave no more",
        "thread-pool had 10 of 20 threads: the system gave no more",
        "process-pool started 12 processes, the slowest in 5.3 ms; 10 of them fetched.",
    ] {
        assert!(screen.contains(words), "{screen}");
    }
}

/// A program that passes some groups, and one that did nothing right.
#[test]
fn checks_of_programs() {
    let entrant = Entrant::from_program(&Program {
        name: "mine".to_owned(),
        words: ["python3", "my crawl.py"].map(str::to_owned).to_vec(),
    });
    let mut groups = [Group::new("odd pages that are fine"), Group::new("takes too long")];
    (0..16).for_each(|_| groups[0].add("plain", None));
    groups[0].add("interim", Some("status: expected 200, found 103".to_owned()));
    groups[0].left_out.push("response-then-reset");
    for name in ["drip-head", "drip-body", "drip-chunks"] {
        groups[1].add(name, Some("was silent for 5.40 s: hung, and ended".to_owned()));
    }
    let mut thousand = Group { is_one: true, ..Group::new("1,000 pages") };
    (0..1000).for_each(|_| thousand.add("page", None));
    let mut once =
        Group { seen: Some("seen: 1 and 3".to_owned()), ..Group::new("no more at once") };
    (0..2).for_each(|_| once.add("pages", None));
    let mut deadline = Group::new("deadline, each its own");
    let busy = "a program that wants a core gets 33 % of one here";
    deadline
        .leave("drip-body", format!("ended after 2.31 s, and its deadline was 1 s, and {busy}"));
    let [fine, slow] = groups;
    let groups = vec![fine, slow, thousand, once, deadline];
    let took = Duration::from_millis(14_200);
    let check = ProgramCheck { entrant: entrant.clone(), groups, stopped: None, took };
    golden("check-program-80", &checked(&check, NARROW));
    golden("check-program-50", &checked(&check, NARROWER));

    let words = "ended with exit status 3 and left 1 page without an outcome".to_owned();
    let stopped = Some(Stopped::SameWay(4, words));
    let check = ProgramCheck { entrant, groups: Vec::new(), stopped, took };
    golden("check-program-nonsense", &checked(&check, NARROW));
}

fn checked(check: &ProgramCheck, style: Style) -> String {
    let lines = program_check::lines(check, &style);
    lines.iter().map(|line| format!("{}\n", without_colors(line))).collect()
}

/// Where the system is one that does not tell all figures, the legend says so.
#[test]
fn what_a_system_does_not_tell_is_in_the_legend() {
    let mut report = report("blocking,epoll", &[]).run();
    report.runs[0].usage.peak_rss_bytes = None;
    let says_so = |report: &Report| screen(report, NARROW).contains("– this system does not tell");
    assert!(!says_so(&report), "on Linux it is not the system");
    report.setting.machine.os = "macos".to_owned();
    assert!(says_so(&report));
}

#[test]
fn an_interruption_is_told() {
    let mut compared = report("blocking,epoll", &[]).run();
    compared.runs.truncate(1);
    compared.runs[0].outcomes[9] = None;
    (compared.runs[0].status, compared.runs[0].fault) = (Status::Failed, Some(Fault::Interrupted));
    compared.interrupted = true;
    assert!(screen(&compared, NARROW).contains("Interrupted: 1 of 2 stages had begun."));
    compared.entrants.truncate(1);
    assert!(screen(&compared, NARROW).contains("Interrupted: 9 of 10 pages had ended."));
}
