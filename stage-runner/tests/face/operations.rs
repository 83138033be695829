//! Ctrl-C, closed pipes, killed processes, full disks: nothing is left behind, and nothing lies.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{Ended, command, ended};

/// Slower than any test here is patient.
const SLOW: [&str; 4] = ["--pages", "100", "--delay", "300ms"];

fn signal(child: &Child, name: &str) {
    let killed = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
}

/// The processes whose command line has this word in it.
pub fn processes_with(word: &str) -> Vec<String> {
    let found = Command::new("ps").args(["-A", "-o", "pid=,args="]).output().unwrap();
    let all = String::from_utf8_lossy(&found.stdout).into_owned();
    all.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}

/// The process of the stage that a runner has started.
fn stage_of(runner: &Child) -> String {
    let parent = format!("{} ", runner.id());
    let stage = || {
        let ps = Command::new("ps").args(["-A", "-o", "ppid=,pid=,args="]).output().unwrap();
        let all = String::from_utf8_lossy(&ps.stdout).into_owned();
        let is_it = |line: &&str| line.trim().starts_with(&parent) && line.contains("run-stage");
        all.lines().find(is_it)?.split_whitespace().nth(1).map(str::to_owned)
    };
    // Asked again, it could have ended.
    let mut found = None;
    soon("the stage runs", || {
        found = stage();
        found.is_some()
    });
    found.expect("it was waited for")
}

#[track_caller]
pub fn soon(what: &str, mut is_true: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_true() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_at_most(child: &mut Child, time: Duration) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(began.elapsed() < time, "still there after {time:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Interrupts the runner when it has been at work for so long.
fn interrupted(args: &[&str], after: Duration) -> Ended {
    interrupted_command(command(args), after)
}

pub fn interrupted_command(mut command: Command, after: Duration) -> Ended {
    let mut child = command.spawn().unwrap();
    thread::sleep(after);
    // What ignores Ctrl-C from its start goes on doing so, and is stopped by another signal.
    let (name, number) = if ignores(2) { ("TERM", 15) } else { ("INT", 2) };
    signal(&child, name);
    let status = wait_at_most(&mut child, Duration::from_secs(4));
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let code = status.code().map(|code| if code == 128 + number { 130 } else { code });
    Ended { stdout, stderr, code }
}

#[test]
fn ctrl_c_shows_what_is_finished() {
    let half = Duration::from_millis(1500);
    let args = |more: &[&'static str]| [&SLOW[..], more].concat();
    interrupted(&args(&["-s", "blocking"]), half).code(130).says("Interrupted: ").says("/1 ");
    interrupted(&args(&["-s", "blocking,epoll"]), half)
        .code(130)
        .says("blocking ")
        .says("Interrupted: 1 of 2");
    let both = ["--pages", "10", "--delay", "100ms", "-s", "blocking,busy-wait"];
    // Also the row that it interrupted, below those that were printed before.
    interrupted(&both, Duration::from_millis(1500)).code(130).says(": interrupted\n");
    let json = interrupted(&args(&["-s", "blocking", "--format", "json"]), half).code(130).json();
    assert_eq!(
        (&json["interrupted"], &json["runs"][0]["reason"]),
        (&true.into(), &"interrupted".into())
    );
    let outcomes = json["runs"][0]["outcomes"].as_array().unwrap().len();
    assert!((1..100).contains(&outcomes), "{outcomes}");
    let lines =
        interrupted(&args(&["-s", "blocking", "--format", "jsonl"]), half).code(130).json_lines();
    assert!((1..100).contains(&lines.len()), "{}", lines.len());
}

/// Whether this process ignores the signal with that number, and so, at first, does what it starts
/// (under `nohup`, say).
fn ignores(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 << (signal - 1) != 0)
}

#[test]
fn ctrl_c_at_any_moment() {
    for after in [0, 1, 3, 10, 30, 60, 120] {
        let after = Duration::from_millis(after);
        let ended =
            interrupted(&["--pages", "50", "--delay", "300ms", "-s", "process-pool,1,8"], after);
        // Before it has read its command line, the signal simply ends the process.
        assert!(matches!(ended.code, Some(130) | None), "{after:?}: {:?}", ended.code);
    }
}

#[test]
fn ctrl_c_shows_how_far_a_sweep_came() {
    let args = ["sweep", "-s", "epoll,blocking", "--per-decade", "1", "--to", "10"];
    let after = Duration::from_millis(2500);
    let args = |more: &[&'static str]| [&args[..], &["--delay", "500ms"], more].concat();
    let ended = interrupted(&args(&[]), after).code(130);
    ended.says("Interrupted: this is what was there by then.").says("epoll ");
    let json = interrupted(&args(&["--format", "json"]), after).code(130).json();
    assert_eq!(json["interrupted"], true);
    assert_eq!(json["stages"][0]["points"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn a_killed_stage_ends_its_part_of_a_sweep_alone() {
    let args = ["sweep", "-s", "epoll,poll", "--from", "5", "--to", "5", "--delay", "1s"];
    let runner = command(&[&args[..], &["--format", "json"]].concat()).spawn().unwrap();
    let stage = stage_of(&runner);
    assert!(Command::new("kill").args(["-KILL", &stage]).status().unwrap().success());
    let json = Ended::of(runner.wait_with_output().unwrap()).code(1).json();
    let stages = &json["stages"];
    let reason = stages[0]["end"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("ended with SIGKILL"), "{reason}");
    assert_eq!(stages[1]["points"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn ctrl_c_leaves_no_program_behind() {
    let program = "mine=sh -c 'sleep 4741 & sleep 4741'";
    interrupted(&["--program", program], Duration::from_millis(500)).code(130);
    soon("the program is gone", || processes_with("sleep 4741").is_empty());
}

/// A child of the runner is in a group of its own, so that Ctrl-C does not reach it before the
/// runner has read it.
#[test]
fn a_killed_runner_leaves_no_stage_behind() {
    let args = ["--urls", "-", "--deadline", "47s", "-s", "blocking"];
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = command(&args);
    let mut runner = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let url = format!("http://{}/\n", silent.local_addr().unwrap());
    std::io::Write::write_all(&mut runner.stdin.take().unwrap(), url.as_bytes()).unwrap();
    let stage = stage_of(&runner);
    runner.kill().unwrap();
    runner.wait().unwrap();
    let is_there = || Command::new("kill").args(["-0", &stage]).output().unwrap().status.success();
    soon("the stage is gone", || !is_there());
}

#[test]
fn a_killed_stage_costs_its_row_and_no_more() {
    let args = ["--pages", "10", "--delay", "200ms", "-s", "blocking,epoll", "--format", "json"];
    let runner = command(&args).spawn().unwrap();
    let stage = stage_of(&runner);
    thread::sleep(Duration::from_millis(700));
    assert!(Command::new("kill").args(["-KILL", &stage]).status().unwrap().success());
    let ended = Ended::of(runner.wait_with_output().unwrap()).code(1);
    let json = ended.notes("blocking ended with SIGKILL and left ").json();
    let runs = &json["runs"];
    assert_eq!((&runs[0]["status"], &runs[1]["status"]), (&"failed".into(), &"ok".into()));
    let outcomes = runs[0]["outcomes"].as_array().unwrap();
    let died = outcomes.iter().filter(|outcome| outcome["error"]["kind"] == "worker-died").count();
    assert!(
        outcomes.len() == 10 && (1..10).contains(&died),
        "what it had finished is kept: {json}"
    );
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    for format in ["table", "jsonl"] {
        let mut child =
            command(&[&SLOW[..], &["-s", "blocking,epoll", "--format", format]].concat())
                .spawn()
                .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        // Here the reader has gone. Thirty seconds of pages are still to come.
        let status = wait_at_most(&mut child, Duration::from_secs(10));
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{stderr}");
    }
}

#[test]
fn nobody_reads_at_all() {
    let quick = ["--pages", "2", "--delay", "10ms", "-s", "5"];
    for args in [&["--list"][..], &["--help"], &["man"], &["completions", "zsh"], &quick] {
        let mut child = command(args).spawn().unwrap();
        drop(child.stdout.take());
        let ended = Ended::of(child.wait_with_output().unwrap()).code(0);
        assert!(!ended.stderr.contains("error"), "{args:?}: {}", ended.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    for format in ["table", "json", "jsonl", "markdown"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command =
            command(&["--pages", "1", "--delay", "0", "-s", "epoll", "--format", format]);
        command.stdout(full);
        ended(command).code(1).notes("cannot write the results: No space left on device");
    }
}

/// Nobody would know where it is.
#[test]
#[cfg(target_os = "linux")]
fn a_site_whose_url_cannot_be_written_ends() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = command(&["site"]).stdout(full).spawn().unwrap();
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > std::time::Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it still serves");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let ended = Ended::of(child.wait_with_output().unwrap());
    ended.code(1).notes("error: cannot write the URL of the site to stdout");
}

#[test]
fn fewer_descriptors_than_fetches_in_flight() {
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let site = practice_site::Site::start(practice_site::Config {
        pages: 60,
        delay: Duration::from_millis(300),
        ..practice_site::Config::default()
    });
    let site = site.unwrap();
    let urls: Vec<String> = site.page_urls().collect();
    let script =
        format!("ulimit -n 40; exec {runner} -s epoll -c 60 --format json {}", urls.join(" "));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).stdin(std::process::Stdio::null());
    let json = ended(shell).code(1).json();
    let outcomes = json["runs"][0]["outcomes"].as_array().unwrap();
    let kinds = |outcome: &&serde_json::Value| outcome["error"]["kind"] == "io";
    let io = outcomes.iter().filter(kinds).count();
    let pages = outcomes.iter().filter(|outcome| outcome["status"] == 200).count();
    assert_eq!((outcomes.len(), io + pages), (60, 60), "{json}");
    assert!(io > 0 && pages > 0, "{io} {pages}");
}

#[test]
fn nothing_from_outside_reaches_the_terminal() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let _ = socket.read(&mut [0; 4096]);
            let _ =
                std::io::Write::write_all(&mut socket, b"\x1b[2J\xc2\x9b31mHTTP/9 \x07\r\n\r\n");
        }
    });
    for format in ["table", "markdown"] {
        let url = format!("http://{address}/\u{202e}x");
        let args = ["-s", "blocking,epoll", "--format", format, "--charset", "unicode", "-v", &url];
        let ended = ended(command(&args)).code(1).says("malformed");
        let all = ended.stdout + &ended.stderr;
        let is_bad =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
        assert!(!all.contains(is_bad), "{all:?}");
    }
}

#[test]
fn the_site_serves_until_it_is_stopped() {
    let mut child = command(&["site", "--pages", "3", "--delay", "0"]).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let page = format!("{}3", url.trim());
    ended(command(&["-s", "epoll", &page])).code(0).says("/3 ");
    signal(&child, if ignores(2) { "TERM" } else { "INT" });
    assert_eq!(wait_at_most(&mut child, Duration::from_secs(4)).code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    ended(command(&["site", "--port", &port])).code(1).notes("error: cannot listen on");
}

/// In a terminal: colors, Unicode where the locale has it, and a live line that leaves no trace.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_more() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: no script(1) here, so no terminal");
        return;
    }
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let line = format!("stty cols 80 rows 24; {runner} --pages 3 --delay 150ms -s epoll,blocking");
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
    terminal.env_remove("NO_COLOR").stdin(std::process::Stdio::null());
    let ended = ended(terminal).code(0).says("░").says("\x1b[2m").says("blocking: 1 of 3 pages");
    // The slowest came last: the table was drawn again to its scale.
    assert!(ended.stdout.contains("A\x1b[J"), "{:?}", ended.stdout);
    let last = ended.stdout.rsplit("\x1b[J").next().unwrap_or_default();
    assert!(!last.contains("of 3 pages"), "the live line is gone: {last:?}");
}

/// The binary, started by a shell that does something first.
fn after(first: &str, args: &str) -> Command {
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{first}; exec {runner} {args}")]);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// Where SIGCHLD is ignored, the system keeps no exit status to wait for.
#[test]
fn a_parent_that_ignored_sigchld_loses_nothing() {
    let began = Instant::now();
    let args = "-s epoll,process-pool --pages 3 --delay 100ms --format json";
    let json = ended(after("trap '' CHLD", args)).code(0).json();
    assert_eq!((&json["runs"][0]["exit"], &json["runs"][1]["exit"]), (&0.into(), &0.into()));
    assert!(began.elapsed() < Duration::from_secs(10), "it waited for what had ended");
}

#[test]
fn what_was_ignored_at_the_start_stays_ignored() {
    let args = "-s blocking --pages 5 --delay 300ms --format json";
    let child = after("trap '' HUP", args).spawn().unwrap();
    stage_of(&child);
    signal(&child, "HUP");
    let json = Ended::of(child.wait_with_output().unwrap()).code(0).json();
    assert_eq!(json["interrupted"], false);

    let mut site = after("trap '' HUP", "site --pages 1 --delay 0").spawn().unwrap();
    let mut url = String::new();
    BufReader::new(site.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    signal(&site, "HUP");
    ended(command(&["-s", "epoll", &format!("{}1", url.trim())])).code(0);
    signal(&site, "TERM");
    assert_eq!(wait_at_most(&mut site, Duration::from_secs(4)).code(), Some(0));
}

#[test]
fn no_signal_leaves_a_program_behind() {
    for (name, number) in [("QUIT", 3), ("HUP", 1), ("TERM", 15), ("ALRM", 14)] {
        if ignores(number as u32) {
            println!("skipped: SIG{name}, which this process ignores");
            continue;
        }
        let seconds = format!("sleep 47{number:02}3");
        let program = format!("mine=sh -c '{seconds} & {seconds}'");
        let mut runner = command(&["--program", &program]).spawn().unwrap();
        soon("the program runs", || processes_with(&seconds).len() >= 3);
        signal(&runner, name);
        let code = wait_at_most(&mut runner, Duration::from_secs(4)).code();
        soon("the program is gone", || processes_with(&seconds).is_empty());
        assert_eq!(code, Some(128 + number), "SIG{name}");
    }
}

/// While the runner is stopped, so is the practice site, and the clocks of the stage go on.
#[test]
fn a_runner_that_was_stopped_says_so() {
    for format in ["table", "json", "markdown"] {
        let args = ["-s", "epoll", "--pages", "2", "--delay", "1s", "--deadline", "2s"];
        let runner = command(&[&args[..], &["--format", format]].concat()).spawn().unwrap();
        stage_of(&runner);
        signal(&runner, "STOP");
        thread::sleep(Duration::from_secs(3));
        signal(&runner, "CONT");
        let ended = Ended::of(runner.wait_with_output().unwrap()).code(1);
        let all = (ended.stdout + &ended.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains("epoll: the runner stood still for 3"), "{format}: {all}");
    }
}

/// The times of such a step would say nothing.
#[test]
fn a_step_during_which_the_runner_was_stopped_is_taken_again() {
    let args = ["sweep", "-s", "epoll", "--from", "2", "--to", "2", "--delay", "1s"];
    let runner = command(&args).spawn().unwrap();
    stage_of(&runner);
    signal(&runner, "STOP");
    thread::sleep(Duration::from_secs(3));
    signal(&runner, "CONT");
    let ended = Ended::of(runner.wait_with_output().unwrap()).code(0);
    let told = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("epoll: the runner stood still for 3"), "{told}");
    assert!(told.contains("this run is taken again"), "{told}");
}

/// A new build is moved over the binary while it runs.
#[test]
#[cfg(target_os = "linux")]
fn the_binary_may_be_replaced_while_it_runs() {
    let folder = std::env::temp_dir().join(format!("ways-to-wait-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (binary, new) = (folder.join("stage-runner"), folder.join("new"));
    std::fs::copy(env!("CARGO_BIN_EXE_stage-runner"), &binary).unwrap();
    std::fs::write(&new, "this is not a program").unwrap();

    let args = ["-s", "epoll,process-pool", "--pages", "3", "--delay", "200ms"];
    let mut runner = Command::new(&binary);
    runner.args(args).args(["--rounds", "3", "--format", "json"]);
    runner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let runner = runner.spawn().unwrap();
    stage_of(&runner);
    std::fs::rename(&new, &binary).unwrap();
    let ended = Ended::of(runner.wait_with_output().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    let json = ended.code(0).json();
    assert_eq!(json["runs"].as_array().unwrap().len(), 6, "{json}");
}

/// An ordinary user may have only so many processes and threads: whatever is not to be had then, it
/// is said.
#[test]
#[cfg(target_os = "linux")]
fn no_thread_to_be_had() {
    let Some(user) = OrdinaryUser::new() else { return };
    let names: String = (0..40).map(|n| format!(" http://127.0.0.1:{}/", 20_001 + n)).collect();
    for backtrace in ["0", "1"] {
        for most in [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16] {
            let stages = "-s epoll,process-pool,tokio --pages 2 --delay 0";
            for args in [stages, names.as_str()] {
                let (code, text) = user.with_few_processes(most, args, backtrace);
                assert!(matches!(code, Some(0 | 1)), "{most}: {code:?} {text}");
                let is_told = text.contains("ulimit -u") || text.contains("Resource temporarily");
                assert!(most > 2 || is_told, "{most}: {text}");
            }
        }
    }
}

/// What the runner itself lacks is no mistake of the program that it checks.
#[test]
#[cfg(target_os = "linux")]
fn a_check_without_threads_to_be_had_is_not_judged() {
    let Some(user) = OrdinaryUser::new() else { return };
    for most in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16] {
        // One checks four jobs side by side, the other one at a time.
        for (args, too_few) in
            [("check --program m=true", 8), ("check --program m=cat", 8), ("check 1a -- cat", 6)]
        {
            let (code, text) = user.with_few_processes(most, args, "0");
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let lacks = text.contains("Resource temporarily");
            assert!(most > too_few || lacks, "{most}: {text}");
            assert_eq!(code, Some(if lacks { 3 } else { 1 }), "{most}: {text}");
            assert_eq!(lacks, text.contains("(ulimit -u)"), "{most}: {text}");
            assert_eq!(lacks, !text.contains("not yet"), "{most}: {text}");
        }
    }
    let (code, text) = user.with_few_processes(7, "check --program m=cat --format json", "0");
    let json: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!((code, &json["verdict"]), (Some(3), &"not judged".into()), "{json}");
    let program = &json["programs"][0];
    assert_eq!(program["groups"], serde_json::json!([]), "{json}");
    let why = program["stopped"].as_str().unwrap();
    assert!(why.contains("larger limit on processes and threads"), "{why}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pool_that_got_fewer_workers_says_so() {
    let Some(user) = OrdinaryUser::new() else { return };
    for (stage, most, workers) in
        [("process-pool", 40, "processes"), ("thread-pool", 16, "threads")]
    {
        let args = format!("-s blocking,{stage} -c 20 --pages 20 --delay 100ms");
        let (code, text) = user.with_few_processes(most, &args, "0");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = format!(" of 20 {workers}: the system gave no more");
        assert!(words.contains(&told), "{text}");
        assert_eq!(code, Some(0), "{text}");
    }
}

/// A user who has no processes yet, with a copy of the binary where everybody may run it. (The
/// folder of the build may be one that only its owner can enter.) Root may always have more
/// processes, so that the limit has to be another user's.
#[cfg(target_os = "linux")]
struct OrdinaryUser {
    folder: std::path::PathBuf,
}

#[cfg(target_os = "linux")]
impl OrdinaryUser {
    /// Another one in each test program: what runs elsewhere as this user would count as well.
    fn number() -> u32 {
        60_000 + std::process::id() % 5_000
    }

    /// `None`, and the reason is printed, where there is no such user to be had. In CI, root has to
    /// have one.
    fn new() -> Option<OrdinaryUser> {
        match OrdinaryUser::find() {
            Ok(user) => Some(user),
            Err(why) => {
                let must = std::env::var_os("CI").is_some() && is_root();
                assert!(!must, "in CI, root can run it as an ordinary user: {why}");
                eprintln!("skipped: {why}");
                None
            }
        }
    }

    fn find() -> Result<OrdinaryUser, String> {
        use std::os::unix::fs::PermissionsExt;
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);

        if !is_root() {
            return Err("only root can run it as a user without processes".to_owned());
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ordinary-user-{}-{number}", std::process::id());
        // The binary is removed with this, whatever comes now.
        let user = OrdinaryUser { folder: std::env::temp_dir().join(name) };
        std::fs::create_dir(&user.folder).map_err(|error| error.to_string())?;
        std::fs::copy(env!("CARGO_BIN_EXE_stage-runner"), user.binary())
            .map_err(|error| error.to_string())?;
        for path in [&user.folder, &user.binary()] {
            let everybody = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path, everybody).map_err(|error| error.to_string())?;
        }
        let ran = user.command("exec \"$0\" --version", "0").output();
        match ran {
            Err(error) => Err(format!("no setpriv here, to run it as another user: {error}")),
            Ok(ran) if !ran.status.success() => {
                let stderr = String::from_utf8_lossy(&ran.stderr);
                Err(format!("user {} cannot run it: {}", OrdinaryUser::number(), stderr.trim()))
            }
            Ok(_) => Ok(user),
        }
    }

    fn binary(&self) -> std::path::PathBuf {
        self.folder.join("stage-runner")
    }

    /// A script of bash, in which `$0` is the binary.
    fn command(&self, script: &str, backtrace: &str) -> Command {
        let mut shell = Command::new("setpriv");
        let user = format!("--reuid={}", OrdinaryUser::number());
        shell.args([&user, "--clear-groups", "bash", "-c", script]).arg(self.binary());
        shell.current_dir(&self.folder).env("RUST_BACKTRACE", backtrace);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    /// Runs the binary where the user may have so many processes and threads: its exit status, and
    /// what it printed.
    fn with_few_processes(&self, most: u32, args: &str, backtrace: &str) -> (Option<i32>, String) {
        // Those of another test count as well, for they are the same user's.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // dash calls this limit -p.
        let script = format!("ulimit -u {most}; exec \"$0\" {args}");
        let mut child = self.command(&script, backtrace).spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        let status = wait_at_most(&mut child, Duration::from_secs(20));
        let mut text = String::new();
        stdout.as_mut().unwrap().read_to_string(&mut text).unwrap();
        stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
        assert!(!text.contains("panicked"), "{most}: {text}");
        (status.code(), text)
    }
}

#[cfg(target_os = "linux")]
impl Drop for OrdinaryUser {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(target_os = "linux")]
fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

/// Nobody learns the address then.
#[test]
#[cfg(target_os = "linux")]
fn a_site_or_a_help_that_cannot_be_written_is_a_failure() {
    for args in [&["site"][..], &["--help"], &["-h"], &["--version"], &["sweep", "--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = command(args);
        let mut child = command.stdout(full).spawn().unwrap();
        let code = wait_at_most(&mut child, Duration::from_secs(4)).code();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains("No space left on device"), "{args:?}: {stderr}");
    }
}

#[test]
fn an_empty_list_of_urls_is_told() {
    for format in ["table", "json", "jsonl", "markdown"] {
        let args = ["-s", "epoll", "--urls", "/dev/null", "--format", format];
        let words = "there is no URL in /dev/null, so there is nothing to fetch";
        ended(command(&args)).code(0).notes(words);
    }
}

/// Beside other busy programs it cannot have a processor all the time, and still it never sleeps.
#[test]
#[cfg(target_os = "linux")]
fn a_stage_that_never_sleeps_is_not_called_asleep() {
    let busy = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let mut beside: Vec<Child> = (0..4).map(|_| busy()).collect();
    let args = ["-s", "busy-wait,process-pool", "--pages", "4", "--delay", "200ms"];
    let ended = ended(command(&[&args[..], &["--format", "json"]].concat()));
    for child in &mut beside {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let json = ended.code(0).json();
    let usage = &json["runs"][0]["usage"];
    let us = |name: &str| usage[name].as_u64().unwrap_or_else(|| panic!("no {name}: {usage}"));
    let awake = us("user_us") + us("system_us") + us("runnable_us");
    assert!(awake * 4 > us("wall_us") * 3, "{usage}");
    let pool = &json["runs"][1]["usage"];
    assert_eq!(pool["runnable_us"], serde_json::Value::Null, "its workers were not asked: {pool}");
}

#[test]
fn the_start_of_a_program_is_told_apart() {
    let line = r#"{"outcome":{"target":0,"by":"main","status":200,"bytes":1,"started_us":0,"finished_us":900}}"#;
    let program = format!("mine=sh -c 'sleep 0.4; cat >/dev/null; echo \"$0\"' '{line}'");
    let args = ["--program", &program, "--pages", "1", "--delay", "0"];
    ended(command(&args)).code(0).says("mine reported no wall time").says("0.9 ms");
    let json = ended(command(&[&args[..], &["--format", "json"]].concat())).code(0).json();
    assert_eq!(json["runs"][0]["wall_includes_start"], true, "{json}");
}

/// Its first row alone is no measure for the others.
#[test]
fn a_short_run_has_an_axis_that_fits() {
    let stages = "epoll,blocking,process-pool,thread-pool";
    let ended = ended(command(&["-s", stages, "--pages", "5", "--delay", "1ms"])).code(0);
    assert!(!ended.stdout.contains("goes on"), "{}", ended.stdout);
}

/// Its handler of the second page sleeps on the thread of the loop.
#[test]
fn a_program_that_blocks_its_loop_is_told() {
    let outcomes: String = (0..4)
        .map(|target| {
            let (first, finished) = if target == 1 { (1_000, 101_000) } else { (100_900, 101_100) };
            format!(
                r#"{{"outcome":{{"target":{target},"by":"main","status":200,"bytes":1,"started_us":0,"first_byte_us":{first},"finished_us":{finished}}}}}\n"#
            )
        })
        .collect();
    let program = format!("mine=sh -c 'cat >/dev/null; sleep 0.1; printf \"$0\"' '{outcomes}'");
    let ended = ended(command(&["--program", &program, "--pages", "4", "--delay", "0"])).code(0);
    let words = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let told =
        "mine: /2 blocked the event loop for 100 ms: no other fetch moved meanwhile, and 3 moved";
    assert!(words.contains(told), "{}", ended.stdout);
    assert!(ended.stdout.contains("b blocking the event loop (inferred)"), "{}", ended.stdout);
}
