//! A program that consists of `stage_program::run` alone, started as the runner would start it.
//!
//! This test is that program, too: it starts itself again with `STAGE_PROGRAM_PART`, so `main`
//! plays that part first, and the harness comes after it.

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode, Output, Stdio};

use crawl::protocol::{Line, OutcomeLine, Usage};
use crawl::{ErrorKind, Limits, Outcome, Target, Worker};
use libtest_mimic::{Arguments, Trial};
use stage_program::{Extra, Figures};

/// The environment variable that tells this program which stage to be.
const PART: &str = "STAGE_PROGRAM_PART";

fn main() -> ExitCode {
    match env::var(PART).as_deref() {
        Ok("all") => stage_program::run(all),
        Ok("half") => stage_program::run(half),
        Ok("panic") => stage_program::run(panicking),
        Ok("extra") => stage_program::run_with(all, extra),
        Ok(other) => panic!("no part is called {other}"),
        Err(_) => {
            let tests: [(&str, fn()); 6] = [
                ("a_line_for_each_outcome_and_the_usage_last", a_line_for_each_outcome),
                ("what_is_left_over_by_an_error_gets_it_as_its_outcome", left_over_by_an_error),
                ("what_a_stage_finished_before_a_panic_is_told", finished_before_a_panic),
                ("figures_of_the_stage_are_in_the_usage", figures_of_the_stage),
                ("what_is_not_a_job_is_said_on_stderr", not_a_job),
                ("a_job_of_another_protocol_is_refused", another_protocol),
            ];
            let trial = |(name, test): (&'static str, fn())| {
                Trial::test(name, move || {
                    test();
                    Ok(())
                })
            };
            let trials = tests.into_iter().map(trial).collect();
            libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
        }
    }
}

// The stages.

fn refused(target: usize) -> Outcome {
    let by = Worker::Thread(target as u32 + 1);
    Outcome::not_fetched(target, by, ErrorKind::Connect, "nobody is there".to_owned())
}

fn all(targets: &[Target], _: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    (0..targets.len()).map(refused).for_each(done);
    Ok(())
}

fn half(targets: &[Target], _: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    (0..targets.len() / 2).map(refused).for_each(done);
    Err(io::Error::other("no more descriptors"))
}

fn panicking(_: &[Target], _: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    done(refused(0));
    panic!("the stage has a mistake");
}

fn extra() -> Extra {
    let figures = Figures { processes_started: Some(7), ..Figures::default() };
    Extra { figures, workers_private_bytes: None }
}

// The tests.

/// Starts this program as the stage `part` with that on its stdin.
fn start(part: &str, job: &str) -> Output {
    let mut child = Command::new(env::current_exe().expect("tests have a path"))
        .env(PART, part)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(job.as_bytes()).expect("a job is shorter than a pipe");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// A job of four targets.
fn job() -> String {
    let target =
        r#"{"url":"http://127.0.0.1:1/","host":"127.0.0.1:1","path":"/","address":"127.0.0.1:1"}"#;
    let limits =
        r#"{"concurrency":10,"deadline_us":1000000,"max_head_bytes":9000,"max_body_bytes":9000}"#;
    format!(r#"{{"protocol":1,"limits":{limits},"targets":[{}]}}"#, [target; 4].join(","))
}

fn lines(output: &Output) -> (Vec<OutcomeLine>, Vec<Usage>) {
    let (mut outcomes, mut usages) = (Vec::new(), Vec::new());
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line).expect("a line of the protocol") {
            Line::Outcome(outcome) => {
                assert!(usages.is_empty(), "the usage is the last line");
                outcomes.push(outcome);
            }
            Line::Usage(usage) => usages.push(usage),
            Line::Activity(_) => panic!("the job did not ask for activity"),
        }
    }
    (outcomes, usages)
}

fn messages(outcomes: &[OutcomeLine]) -> Vec<&str> {
    let error = |outcome: &'_ OutcomeLine| outcome.error.is_some();
    assert!(outcomes.iter().all(error));
    outcomes.iter().filter_map(|outcome| Some(outcome.error.as_ref()?.message.as_str())).collect()
}

fn a_line_for_each_outcome() {
    let output = start("all", &job());
    assert!(output.status.success(), "{output:?}");
    let (outcomes, usages) = lines(&output);
    assert_eq!(messages(&outcomes), ["nobody is there"; 4]);
    let [usage] = &usages[..] else { panic!("{usages:?}") };
    assert_eq!((usage.processes, usage.workers_private_bytes), (Some(1), Some(0)));
    assert!(usage.wall_us.is_some() && usage.figures.is_empty(), "{usage:?}");
    if cfg!(target_os = "linux") {
        assert_eq!(usage.threads, Some(5), "four fetched, and one waited for them");
        assert!(usage.peak_rss_bytes >= usage.start_rss_bytes && usage.start_rss_bytes > Some(0));
    }
}

fn left_over_by_an_error() {
    let output = start("half", &job());
    assert!(output.status.success(), "{output:?}");
    let (outcomes, usages) = lines(&output);
    let told = messages(&outcomes);
    assert_eq!(told[..2], ["nobody is there"; 2]);
    assert!(told.len() == 4 && told[2..].iter().all(|told| told.ends_with("no more descriptors")));
    assert_eq!(usages.len(), 1);
}

fn finished_before_a_panic() {
    let output = start("panic", &job());
    assert!(!output.status.success(), "{output:?}");
    let (outcomes, usages) = lines(&output);
    assert_eq!((messages(&outcomes), usages.len()), (vec!["nobody is there"], 0));
}

fn figures_of_the_stage() {
    let (_, usages) = lines(&start("extra", &job()));
    assert_eq!(Figures::from(usages[0].figures.clone()).processes_started, Some(7));
    assert_eq!(usages[0].workers_private_bytes, None);
}

fn not_a_job() {
    for nonsense in ["", "hello", "{}"] {
        let output = start("all", nonsense);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("stdin is not a job"), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

fn another_protocol() {
    let output = start("all", &job().replace("\"protocol\":1", "\"protocol\":9"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("protocol 1, and the job 9"), "{output:?}");
}
