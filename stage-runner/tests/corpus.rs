//! One corpus, every stage: what each promises of faults, of many pages, of bytes cut anyhow, of
//! deadlines and of memory, through the real binary.
//!
//! A stage is covered by being in the runner's table. What each fault must come to is listed in
//! the crate `corpus`.

mod runner;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use corpus::{CASES, Case};
use crawl::Limits;
use crawl::protocol::OutcomeLine;
use practice_site::Site;
use runner::{Run, feed, run};
use stage_runner::stages::{self, STAGES};

/// Held to write by a test that measures time, and to read by all others: they run side by side,
/// but not beside it.
static QUIET: RwLock<()> = RwLock::new(());

fn beside_others() -> RwLockReadGuard<'static, ()> {
    QUIET.read().unwrap_or_else(PoisonError::into_inner)
}

fn alone() -> RwLockWriteGuard<'static, ()> {
    QUIET.write().unwrap_or_else(PoisonError::into_inner)
}

/// A site whose pages come at once, unless a URL asks for something else.
fn site() -> Site {
    Site::start(corpus::site_config()).expect("loopback has a free port")
}

/// Fetches these paths of a new site, and checks that every stage comes to these words.
fn check(options: &[&str], paths_and_words: &[(&str, &str)]) {
    let site = site();
    let urls: Vec<_> = paths_and_words.iter().map(|(path, _)| site.url(path)).collect();
    let expected: Vec<_> = paths_and_words.iter().map(|(_, word)| *word).collect();
    for run in run("all", options, &urls) {
        assert_eq!(run.words(), expected, "{}: {urls:#?}", run.stage);
        check_in_flight(&run, options);
    }
}

/// No more fetches at a time than were asked for: 10, unless options say otherwise.
fn check_in_flight(run: &Run, options: &[&str]) {
    let limit = match options.iter().position(|option| *option == "-c") {
        Some(at) => options[at + 1].parse().expect("a number"),
        None => 10,
    };
    let limit = if run.stage().one_at_a_time { 1 } else { limit };
    let span = |outcome: &OutcomeLine| (outcome.started_us, outcome.finished_us.expect("it ran"));
    let spans: Vec<_> = run.outcomes.iter().map(span).collect();
    for (start, _) in &spans {
        // One that ends in the microsecond in which another starts has made room for it.
        let at_once = spans.iter().filter(|(from, to)| from <= start && start < to).count();
        assert!(at_once <= limit, "{}: {at_once} at once, of {limit}", run.stage);
    }
}

#[test]
fn the_table_has_the_stages_of_the_course() {
    // One that is lost from the table would be lost from all tests here, silently.
    let names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
    for name in [
        "blocking",
        "process-pool",
        "thread-pool",
        "busy-wait",
        "busy-wait-all",
        "select",
        "poll",
        "epoll",
        "polling",
        "generator-task",
        "yield-from",
        "yield-from-flat",
        "async-await",
        "async-await-by-hand",
        "asyncio",
        "asyncio-socket",
        "many-loops",
        "many-processes",
        "io-uring",
    ] {
        assert!(names.contains(&name), "{name} is not in the table");
    }
}

// Faults.

/// The cases with their URLs, as far as this system can produce them.
fn urls_of_cases(site: &Site) -> Vec<(&'static Case, String)> {
    let url = |case: &'static Case| {
        let url = case.url(site);
        if url.is_none() {
            println!("skipped {}: this system cannot produce it", case.name);
        }
        Some((case, url?))
    };
    CASES.iter().filter_map(url).collect()
}

/// The case of this name, which every system can produce.
fn case(name: &str, site: &Site) -> (&'static Case, String) {
    let case = corpus::find(name).expect(name);
    (case, case.url(site).expect(name))
}

/// Fetches all of these at every stage, and checks each outcome.
fn check_cases(limits: Limits, cases: &[(&Case, String)]) {
    let options = [
        ("--max-head", limits.max_head_bytes.to_string()),
        ("--max-body", limits.max_body_bytes.to_string()),
        ("--deadline", format!("{}ms", limits.deadline.as_millis())),
        ("-c", limits.concurrency.to_string()),
    ];
    let options: Vec<_> = options.iter().flat_map(|(name, value)| [*name, value]).collect();
    let urls: Vec<_> = cases.iter().map(|(_, url)| url.clone()).collect();
    let mut wrong = Vec::new();
    for run in run("all", &options, &urls) {
        for (outcome, (case, url)) in run.outcomes.iter().zip(cases) {
            for difference in case.expected.differences(outcome) {
                wrong.push(format!("{}, {}, {url}: {difference}", run.stage, case.name));
            }
        }
        check_in_flight(&run, &options);
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn at_once(fetches: usize) -> Limits {
    Limits { concurrency: fetches.try_into().expect("more than zero"), ..corpus::limits() }
}

#[test]
fn every_case_has_its_outcome() {
    let (_guard, site) = (beside_others(), site());
    let cases = urls_of_cases(&site);
    let (slow, quick): (Vec<_>, Vec<_>) = cases.into_iter().partition(|(case, _)| case.is_slow());
    check_cases(corpus::limits(), &quick);
    check_cases(corpus::slow_limits(), &slow);
}

#[test]
fn every_case_has_the_same_outcome_however_its_bytes_are_cut() {
    let (_guard, site) = (beside_others(), site());
    let mut cases = Vec::new();
    // Slow cases would take their time again.
    for case in CASES.iter().filter(|case| !case.is_slow()) {
        let cuts: &[u32] = if case.is_long { &[997] } else { &[1, 7, 50] };
        for cut in cuts {
            let url = case.url_with(&site, &format!("cut={cut}"));
            cases.extend(url.map(|url| (case, url)));
        }
    }
    check_cases(at_once(40), &cases);
}

/// What came before the reset is received, whether the reset comes while the stage still connects,
/// before it sends, or before it receives. With many connections at once all of these happen.
#[test]
#[cfg(unix)] // Windows throws away what was received when a reset comes.
fn a_page_that_a_reset_follows_at_once_is_a_page() {
    let (_guard, site) = (beside_others(), site());
    check_cases(at_once(250), &vec![case("response-then-reset", &site); 250]);
}

// Pages.

#[test]
fn pages_are_the_same_however_they_are_framed_and_cut() {
    let (_guard, site) = (beside_others(), site());
    let urls = corpus::one_page_in_every_form(&site);
    for run in run("all", &["--digest", "--deadline", "20s", "-c", "20"], &urls) {
        let first = run.outcomes[0].sha256.clone().expect("a digest was asked for");
        for outcome in &run.outcomes {
            let url = &urls[outcome.target];
            assert_eq!(
                (outcome.status, outcome.bytes),
                (Some(200), Some(corpus::FORM_BYTES)),
                "{url}"
            );
            assert_eq!(outcome.sha256.as_ref(), Some(&first), "{}: {url}", run.stage);
        }
    }
}

#[test]
fn the_same_url_many_times() {
    let _guard = beside_others();
    check(&[], &[("/7?size=77", "200, 77 bytes"); 100]);
    check(&["-c", "3"], &[("/7?size=77", "200, 77 bytes"); 20]);
    check(&["-c", "1"], &[("/7?size=77", "200, 77 bytes"); 5]);
}

#[test]
fn half_the_urls_bad() {
    let (_guard, site) = (beside_others(), site());
    let mut half = Vec::new();
    for bad in
        ["reset-before-head", "garbage", "truncated-length", "empty-reply", "too-many-headers"]
    {
        half.extend(vec![[case(bad, &site), case("plain", &site)]; 10].concat());
    }
    check_cases(at_once(10), &half);
    check_cases(at_once(100), &half);
}

#[test]
fn five_hundred_pages_at_once() {
    let _guard = alone();
    // One page after another would take as many times as long as there are pages.
    let (slow, quick): (Vec<_>, Vec<_>) = stages::all().partition(|stage| stage.one_at_a_time);
    let names = |stages: Vec<&stage_runner::stages::Stage>| {
        stages.iter().map(|stage| stage.name).collect::<Vec<_>>().join(",")
    };
    let site = site();
    let urls = |delay| (1..=500).map(|page| site.url(&format!("/{page}?delay={delay}"))).collect();
    for (stages, delay) in [(names(slow), "0"), (names(quick), "500ms")] {
        let urls: Vec<_> = urls(delay);
        for run in run(&stages, &["-c", "500", "--deadline", "30s"], &urls) {
            assert!(run.words().iter().all(|word| word == "200, 1024 bytes"), "{}", run.stage);
            check_in_flight(&run, &["-c", "500"]);
        }
    }
}

// Where from and what.

#[test]
fn ipv6() {
    let (_guard, site) = (beside_others(), site());
    let Some(address) = site.ipv6_address() else {
        return println!("skipped: this system has no [::1]");
    };
    let urls = ["/1", "/fault/truncated-length"].map(|path| format!("http://{address}{path}"));
    for run in run("all", &[], &urls) {
        assert_eq!(run.words(), ["200, 1024 bytes", "truncated"], "{}", run.stage);
    }
}

#[test]
fn nothing_to_do() {
    let _guard = beside_others();
    assert!(run("all", &[], &[]).iter().all(|run| run.status == "ok"));

    let file = std::env::temp_dir().join(format!("nothing-to-do-{}.txt", std::process::id()));
    for nothing in ["", "\n\n# only a remark\n"] {
        std::fs::write(&file, nothing).expect("a file in the directory for such");
        let mut runner = Command::new(env!("CARGO_BIN_EXE_stage-runner"));
        let output = runner.arg("--urls").arg(&file).output().expect("the runner starts");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    std::fs::remove_file(&file).expect("it was just written");
}

#[test]
fn every_outcome_is_a_line_of_jsonl() {
    let (_guard, site) = (beside_others(), site());
    let urls = ["/1", "/fault/garbage", "/3"].map(|path| site.url(path));
    let mut runner = Command::new(env!("CARGO_BIN_EXE_stage-runner"));
    let output = feed(runner.args(["--format", "jsonl", "--quiet", "--urls", "-"]), &urls);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let mut told = BTreeSet::new();
    for line in String::from_utf8(output.stdout).expect("JSON is Unicode").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        let index = line["index"].as_u64().expect("a number");
        assert_eq!(line["url"], urls[index as usize]);
        let stage = line["stage"].as_str().expect("a name").to_owned();
        assert!(told.insert((stage, index)), "twice: {line}");
    }
    assert_eq!(told.len(), 3 * stages::all().count());
}

// Limits.

#[cfg(unix)]
#[test]
fn more_fetches_in_flight_than_descriptors() {
    let (_guard, site) = (beside_others(), site());
    let urls: Vec<_> = (1..=100).map(|page| site.url(&format!("/{page}?delay=20ms"))).collect();
    // Both limits: the runner would raise the soft one.
    let mut runner = Command::new("sh");
    runner.args(["-c", "ulimit -n 40; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_stage-runner")]);
    let runs = runner::run_under(runner, "all", &["-c", "100"], &urls);
    for run in &runs {
        let words = run.words();
        let is_fine = |word: &String| word == "200, 1024 bytes" || word == "io";
        assert!(words.iter().all(is_fine), "{}: {words:?}", run.stage);
        assert!(words.iter().any(|word| word != "io"), "{}: not one page", run.stage);
    }
    let had_too_few = |run: &Run| run.words().contains(&"io".to_owned());
    let agreement = runner::agreement(&runs, had_too_few);
    assert!(agreement[&true].contains(&"epoll"), "40 must be too few: {agreement:?}");
}

#[test]
fn a_huge_body_takes_no_more_memory_than_its_limit_and_32_mib() {
    const MIB: u64 = 1 << 20;
    let (_guard, site) = (beside_others(), site());
    for path in ["huge-body", "huge-body-chunked", "huge-body-close"] {
        let urls = [site.url(&format!("/fault/{path}"))];
        for run in run("all", &["--max-body", "10MiB", "--deadline", "60s"], &urls) {
            assert_eq!(run.words(), ["too-large"], "{}", run.stage);
            let Some(peak) = run.usage.peak_rss_bytes else {
                println!("skipped: this system does not tell the memory of {}", run.stage);
                continue;
            };
            let start = run.usage.start_rss_bytes.expect("known where the peak is");
            let grown = peak - start + run.usage.workers_private_bytes.unwrap_or(0);
            assert!(grown <= 10 * MIB + 32 * MIB, "{}, {path}: {grown} bytes", run.stage);
        }
    }
}

// Times, as shapes: a hiccup of the machine passes at the second or third try, a stage that is
// always late does not.

const TRIES: usize = 3;

/// Tries until a stage keeps the promise: gives what each try of those that never did was like.
fn unkept(stages: &str, mut broken: impl FnMut(&str) -> Vec<(String, String)>) -> Vec<String> {
    let mut stages = stages.to_owned();
    let mut told = Vec::new();
    for _ in 0..TRIES {
        let late = broken(&stages);
        if late.is_empty() {
            return Vec::new();
        }
        let mut names: Vec<_> = late.iter().map(|(stage, _)| stage.as_str()).collect();
        names.dedup(); // one may be late several times
        stages = names.join(",");
        told.extend(late.iter().map(|(stage, how)| format!("{stage}: {how}")));
    }
    told
}

/// The fetches that ended too long after their deadline.
fn overshoots(runs: &[Run], deadline: Duration) -> Vec<(String, String)> {
    let mut late = Vec::new();
    for run in runs {
        let allowed =
            if run.stage().number.is_some_and(|number| number <= 4) { 100_000 } else { 50_000 };
        for outcome in &run.outcomes {
            let error = outcome.error.as_ref().expect("it cannot be fetched");
            assert_eq!(error.kind.word(), "timeout", "{}: {outcome:?}", run.stage);
            let took = outcome.finished_us.expect("it ran") - outcome.started_us;
            let deadline = deadline.as_micros() as u64;
            // Some systems count the time of a connect in whole milliseconds, rounded down.
            assert!(took + 1000 >= deadline, "{}: early, {outcome:?}", run.stage);
            if took > deadline + allowed {
                late.push((run.stage.clone(), format!("{took} µs: {outcome:?}")));
            }
        }
    }
    late
}

#[test]
fn deadlines_are_kept() {
    let (_guard, site) = (alone(), site());
    let stalls = urls_of_cases(&site).into_iter().filter(|(case, _)| case.is_slow());
    let urls: Vec<_> = stalls.map(|(_, url)| url).collect();
    let broken = |stages: &str| {
        overshoots(&run(stages, &["--deadline", "300ms"], &urls), Duration::from_millis(300))
    };
    let unkept = unkept("all", broken);
    assert!(unkept.is_empty(), "{unkept:#?}");
}

/// The longer a socket's own timeout, the later the kernel is: 20 s can become 21.3 s. At three
/// seconds it is up to a quarter of a second, depending on the moment: so each stage is run several
/// times, at different moments. All can wait at once, except the stages that never sleep.
#[test]
fn long_deadlines_are_kept() {
    let (_guard, site) = (alone(), site());
    let urls = [site.url("/fault/never-answer")];
    let run_at = |stage: &str, moment: u32| {
        thread::sleep(Duration::from_millis(60) * moment);
        run(stage, &["--deadline", "3s"], &urls)
    };
    let all: Vec<_> = stages::all().map(|stage| stage.name).collect();
    let broken = |stages: &str| {
        let stages = if stages == "all" { all.join(",") } else { stages.to_owned() };
        thread::scope(|scope| {
            let (run_at, mut runs) = (&run_at, Vec::new());
            for stage in STAGES.iter().filter(|stage| stages.split(',').any(|s| s == stage.name)) {
                let moments = if stage.name.starts_with("busy") { 1 } else { 4 };
                runs.extend((0..moments).map(|at| scope.spawn(move || run_at(stage.name, at))));
            }
            let runs: Vec<_> =
                runs.into_iter().flat_map(|run| run.join().expect("it ran")).collect();
            let mut late = overshoots(&runs, Duration::from_secs(3));
            late.dedup_by(|a, b| a.0 == b.0);
            late
        })
    };
    let unkept = unkept("all", broken);
    assert!(unkept.is_empty(), "{unkept:#?}");
}

#[test]
fn waiting_for_ten_pages_at_once_is_three_times_as_fast() {
    let (_guard, site) = (alone(), site());
    let urls: Vec<_> = (1..=10).map(|page| site.url(&format!("/{page}?delay=150ms"))).collect();
    let one_by_one = Duration::from_millis(1500).as_micros() as u64;
    let broken = |stages: &str| {
        let runs = run(stages, &[], &urls);
        let wall = |run: &Run| run.usage.wall_us.expect("every stage tells its wall time");
        let slow = |run: &&Run| match run.stage().one_at_a_time {
            true => {
                assert!(wall(run) >= one_by_one, "{}: {} µs", run.stage, wall(run));
                false
            }
            false => wall(run) * 3 > one_by_one,
        };
        let slow = runs.iter().filter(slow);
        slow.map(|run| (run.stage.clone(), format!("{} µs", wall(run)))).collect()
    };
    let unkept = unkept("all", broken);
    assert!(unkept.is_empty(), "{unkept:#?}");
}

/// What has arrived in time is not lost if the program looks at the clock too late: here it is
/// stopped while the page comes and the deadline passes.
#[test]
#[cfg(unix)]
fn a_page_that_came_in_time_is_a_page() {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    let _alone = alone();
    let site = site();
    let (url, address) = (site.url("/1?delay=300ms"), site.address());
    let job = serde_json::json!({
        "protocol": 1,
        "limits": {
            "concurrency": 1, "deadline_us": 1_000_000,
            "max_head_bytes": 65_536, "max_body_bytes": 65_536,
        },
        "targets": [{
            "url": url, "host": address, "path": "/1?delay=300ms", "address": address,
        }],
    });
    let outcome = |name: &str| {
        let mut stage = Command::new(env!("CARGO_BIN_EXE_stage-runner"));
        stage.args(["run-stage", name]).process_group(0);
        stage.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut stage = stage.spawn().expect("the runner starts");
        // With its workers, where it has some.
        let group = Pid::from_raw(stage.id() as i32);
        let mut stdin = stage.stdin.take().expect("it was asked for");
        stdin.write_all(job.to_string().as_bytes()).expect("it reads its job");
        drop(stdin);
        thread::sleep(Duration::from_millis(200));
        killpg(group, Signal::SIGSTOP).expect("it runs");
        thread::sleep(Duration::from_millis(1_200));
        killpg(group, Signal::SIGCONT).expect("it was stopped");
        let output = stage.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stdout).expect("it speaks UTF-8");
        let line = said.lines().next().expect("it says an outcome");
        let line: serde_json::Value = serde_json::from_str(line).expect("it speaks JSON");
        line["outcome"].clone()
    };
    // The yardstick has tokio's own timers: when a signal ends a wait, they come before the
    // sockets.
    let chapters = STAGES.iter().filter(|stage| stage.number.is_some());
    let was_late = thread::scope(|scope| {
        let one = |stage: &'static stage_runner::stages::Stage| {
            scope.spawn(move || {
                let outcome = outcome(stage.name);
                assert_eq!(outcome["status"], 200, "{}: {outcome}", stage.name);
                outcome["finished_us"].as_u64() > Some(1_000_000)
            })
        };
        let all: Vec<_> = chapters.filter(|stage| (stage.available)().is_ok()).map(one).collect();
        let late = all.into_iter().map(|one| one.join().expect("a page from each"));
        late.filter(|was_late| *was_late).count()
    });
    // One that began late, because the machine is busy, was stopped too early to show anything.
    assert!(was_late > 0, "no stage was stopped while its deadline passed");
}
