//! Exercises: take one, check a program, hints, the solution. The stages of the house are programs,
//! too, so most of this needs no Python.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::support::{Ended, command, ended, run};

/// A folder of its own for each test, which the next run of that test empties.
struct Work(PathBuf);

impl Work {
    fn new(test: &str) -> Work {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exercises").join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Work(folder)
    }

    /// What a command that names this folder says after the exercise.
    fn option(&self) -> String {
        format!("--work {}", self.0.join("work").display())
    }

    fn run(&self, args: &[&str]) -> Ended {
        let work = self.0.join("work");
        let (before, command) = match args.iter().position(|arg| *arg == "--") {
            Some(at) => args.split_at(at),
            None => (args, &[][..]),
        };
        run(&[before, &["--work", work.to_str().unwrap()], command].concat())
    }

    /// Checks a stage of the house as a program.
    fn check_stage(&self, exercise: &[&str], stage: &str) -> Ended {
        let runner = env!("CARGO_BIN_EXE_stage-runner");
        self.run(
            &[&["check"], exercise, &["--format", "json", "--", runner, "run-stage", stage]]
                .concat(),
        )
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }
}

fn verdict(ended: &Ended) -> Value {
    ended.json()["exercises"][0].clone()
}

#[track_caller]
fn not_yet(ended: Ended, reason: &str) -> Value {
    let verdict = verdict(&ended.code(1));
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"not-yet".into(), &reason.into()));
    verdict
}

#[test]
fn every_exercise_is_listed() {
    let work = Work::new("every_exercise_is_listed");
    let list = work.run(&["exercises"]).code(0);
    for (id, name) in [
        ("3a", "three at a time"),
        ("4a", "a nap between two rounds"),
        ("10a", "two loops, one list"),
    ] {
        let is_of_it = |line: &str| line.starts_with(&format!("{id} ")) && line.contains(name);
        assert!(list.stdout.lines().any(is_of_it), "{}", list.stdout);
    }
    list.says("not checked yet");
    work.run(&["exercises", "--rules"]).code(0).says("| `peak-waiting` | `peak-waiting = [LEAST");
}

#[test]
fn stages_of_the_house_are_judged_by_how_they_wait() {
    let work = Work::new("stages_of_the_house_are_judged_by_how_they_wait");
    // A busy machine may keep the rule on time from its judgment, never the others from theirs.
    let threads = work.check_stage(&["3a"], "thread-pool");
    assert!([Some(0), Some(3)].contains(&threads.code), "{}{}", threads.stdout, threads.stderr);
    not_yet(work.check_stage(&["3a"], "blocking"), "too-few");
    if cfg!(target_os = "linux") {
        // A second thread reports its outcomes.
        not_yet(work.check_stage(&["4a"], "busy-wait-all"), "threads");
    }
    let said = work.run(&["exercises"]).code(0).stdout;
    assert!(said.contains("not yet (too-few)"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_deep_check_counts_system_calls_too() {
    let work = Work::new("a_deep_check_counts_system_calls_too");
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let check = |program: &[&str]| work.run(&[&["check", "4a", "--deep", "--"], program].concat());
    let ended = check(&[runner, "run-stage", "busy-wait-all"]).code(1);
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        ended.notes("system calls were not counted: strace is missing");
        return eprintln!("skipped: no strace here");
    }
    ended.says("from its first socket on (").says(" recvfrom, ").says(" of them EAGAIN");
    // What makes no socket counts from its start, and the verdict is what it is without strace.
    check(&["true"]).code(1).says("not yet (missing)").says("from its start on (");
    let all = ["check", "--all", "--deep"];
    work.run(&all).code(2).notes("'--all' cannot be used with '--deep'");
}

/// The worker that a run kills is a child of the program, and under strace the program is one, too.
#[test]
#[cfg(target_os = "linux")]
fn a_deep_check_kills_nothing() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return eprintln!("skipped: no strace here");
    }
    let work = Work::new("a_deep_check_kills_nothing");
    let exercise = work.write(
        "x5-deep/exercise.toml",
        "name = \"deep\"\nchapter = 2\nquestion = \"?\"\nstart = \"failed\"\nconcurrency = 1\n\
         [[run]]\npaths = { repeat = 40, of = [\"/{n}?delay=20ms\"] }\nkill-one-worker = true\n\
         rules = [\"outcomes-all\"]\n",
    );
    let folder = exercise.parent().unwrap().to_str().unwrap();
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let check = ["check", "--exercise", folder, "--deep", "--", runner, "run-stage", "blocking"];
    work.run(&check).code(0).says("passed").says(" 40 connect");
}

#[test]
fn nonsense_is_told_by_name() {
    let work = Work::new("nonsense_is_told_by_name");
    let check = |program: &[&str]| {
        work.run(&[&["check", "3a", "--format", "json", "--"], program].concat())
    };
    not_yet(check(&["true"]), "missing");
    let told = not_yet(check(&["echo", "hello"]), "protocol");
    assert_eq!(told["words"], "line 1 is not an outcome: hello. Print notes to stderr.");
    let told = not_yet(check(&["sh", "-c", "echo 'no luck' >&2; exit 3"]), "crashed");
    let words = "it ended with exit status 3 after 0 of 12 outcomes. The last line that it printed \
                 to stderr (-v shows all): no luck";
    assert_eq!(told["words"], words);
    check(&["no-such-program"]).code(2).notes("cannot start no-such-program");
}

#[test]
fn a_program_that_is_silent_is_ended_with_all_that_it_started() {
    let work = Work::new("a_program_that_is_silent_is_ended_with_all_that_it_started");
    let exercise = work.write(
        "x1-silent/exercise.toml",
        r#"
            name = "silent"
            chapter = 1
            question = "Says it anything?"
            start = "stopped"
            concurrency = 1
            [[run]]
            paths = ["/1"]
            silence = "300ms"
            instead = { hung = "stopped" }
            rules = ["outcomes-all"]
        "#,
    );
    let folder = exercise.parent().unwrap().to_str().unwrap();
    let pid = work.0.join("pid");
    let script = format!("sleep 60 & echo $! > '{}'; wait", pid.display());
    let command = ["check", "--exercise", folder, "--format", "json", "--", "sh", "-c", &script];
    let told = not_yet(work.run(&command), "stopped");
    let words = told["words"].as_str().unwrap();
    assert!(
        words.starts_with("it came to a stop after 0 of 1 outcomes, and was silent"),
        "{words}"
    );
    let pid = fs::read_to_string(pid).unwrap();
    let is_gone = || {
        let status = fs::read_to_string(format!("/proc/{}/status", pid.trim()));
        status.map_or(true, |status| status.contains("State:\tZ"))
    };
    let began = std::time::Instant::now();
    while !is_gone() {
        assert!(began.elapsed().as_secs() < 5, "{pid} is still there");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_can_be_killed_on_purpose() {
    let work = Work::new("a_worker_can_be_killed_on_purpose");
    let exercise = work.write(
        "x2-killed/exercise.toml",
        r#"
            name = "killed"
            chapter = 2
            question = "What becomes of the page of a worker that dies?"
            start = "failed"
            concurrency = 3
            [[run]]
            says = "nobody dies"
            paths = { repeat = 6, of = ["/{n}?delay=200ms"] }
            rules = ["outcomes-all"]
            [[run]]
            says = "one dies"
            paths = { repeat = 12, of = ["/{n}?delay=200ms"] }
            kill-one-worker = true
            rules = ["outcomes-all"]
        "#,
    );
    let folder = exercise.parent().unwrap().to_str().unwrap();
    let told = not_yet(work.check_stage(&["--exercise", folder], "process-pool"), "failed");
    let words = told["words"].as_str().unwrap();
    assert_eq!(told["run"], 1, "{words}");
    assert!(words.starts_with("1 page ") && words.contains("worker-died"), "{words}");
}

#[test]
fn what_a_student_has_changed_stays() {
    let work = Work::new("what_a_student_has_changed_stays");
    work.run(&["take", "3a"]).code(0).notes("Read README.md there");
    assert!(work.read("work/3a/start.py").contains("import plumbing"));
    assert!(work.read("work/3a/plumbing.py").contains("def main(crawl)"));
    work.run(&["take", "3a"]).code(0).notes("was already");
    work.write("work/3a/start.py", "mine");
    work.run(&["take", "3a"]).code(1).notes("is not as it was taken, and stays as it is");
    assert_eq!(work.read("work/3a/start.py"), "mine");
    // From inside, the same folder is meant.
    let mut inside = command(&["exercises"]);
    inside.current_dir(work.0.join("work/3a"));
    work.write("work/progress.toml", "[3a]\nverdict = \"not judged\"\n");
    ended(inside).code(0).says("not judged");
    work.run(&["take", "3z"]).code(2).notes("no exercise is called \"3z\": did you mean");
    work.run(&["take", "3a", "--language", "cobol"]).code(2).notes("no exercise is in \"cobol\"");
}

#[test]
fn hints_go_one_level_further_each_time() {
    let work = Work::new("hints_go_one_level_further_each_time");
    work.run(&["hint", "3a"]).code(1).notes("first, stage-runner check 3a");
    not_yet(work.run(&["check", "3a", "--format", "json", "--", "true"]), "missing");
    work.run(&["hint", "3a"]).code(0).says("missing, level 1 of 3:");
    work.run(&["hint", "3a"]).code(0).says("missing, level 2 of 3:");
    work.run(&["hint", "3a"]).code(0).says("Join every thread");
    work.run(&["hint", "3a"]).code(0).says("missing, level 3 of 3:");
    work.run(&["hint", "4a"]).code(1).notes("first, stage-runner check 4a");
}

#[test]
fn the_solution_comes_after_a_pass_or_when_it_is_asked_for_twice() {
    let work = Work::new("the_solution_comes_after_a_pass_or_when_it_is_asked_for_twice");
    work.run(&["solution", "3b"]).code(1).notes("has not passed yet");
    work.run(&["solution", "3b", "--yes"]).code(0).says("one_addition_at_a_time");
    work.write("work/progress.toml", "[3b]\nverdict = \"passed\"\npassed = true\n");
    work.run(&["solution", "3b"]).code(0).says("one_addition_at_a_time");
    work.write("work/progress.toml", "[3b]\nverdict = 3\n");
    work.run(&["solution", "3b"]).code(1).notes("progress.toml, line 2: ");
}

#[test]
fn all_is_about_what_was_taken() {
    let work = Work::new("all_is_about_what_was_taken");
    let all = work.run(&["check", "--all", "--format", "json"]).code(3).notes("Nothing was taken");
    let all = all.notes("stage-runner take 3a");
    let json = all.json();
    let exercises = json["exercises"].as_array().unwrap();
    assert!(exercises.len() >= 3 && exercises.iter().all(|one| one["taken"] == false), "{json}");
}

/// A runner that finds no program but this `node`, which ends at once.
fn with_a_node_alone(work: &Work, args: &[&str]) -> std::process::Command {
    use std::os::unix::fs::PermissionsExt;
    let node = work.write("bin/node", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = command(args);
    command.current_dir(&work.0).env_remove("CARGO");
    command.env("PATH", node.parent().unwrap()).env("PYTHON", "no-such-python");
    command
}

/// The entries of exercises that were taken: exercise, language, verdict.
fn entries(json: &Value) -> Vec<(String, String, String)> {
    let taken = json["exercises"].as_array().unwrap().iter().filter(|one| one["taken"] == true);
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    taken.map(|one| (text(one, "exercise"), text(one, "language"), text(one, "verdict"))).collect()
}

fn entry(exercise: &str, language: &str, verdict: &str) -> (String, String, String) {
    (exercise.to_owned(), language.to_owned(), verdict.to_owned())
}

#[test]
fn all_goes_on_where_a_program_cannot_start() {
    let work = Work::new("all_goes_on_where_a_program_cannot_start");
    work.run(&["take", "3b"]).code(0);
    work.run(&["take", "3b", "--language", "javascript"]).code(0);
    work.run(&["take", "9b", "--language", "javascript"]).code(0);
    work.write("work/8a/src/join.rs", "");
    let checked = ended(with_a_node_alone(&work, &["check", "--all", "--format", "json"])).code(1);
    let json = checked.json();
    let expected = [
        entry("3b", "python", "not-judged"),
        entry("3b", "javascript", "not-yet"),
        entry("8a", "rust", "not-judged"),
        entry("9b", "javascript", "not-yet"),
    ];
    assert_eq!(entries(&json), expected);
    let why = |exercise: &str| {
        let entries = json["exercises"].as_array().unwrap();
        let entry = entries.iter().find(|one| one["exercise"] == exercise);
        entry.unwrap()["why"].as_str().unwrap().to_owned()
    };
    assert!(why("3b").contains("no-such-python"), "{}", why("3b"));
    assert!(why("8a").contains("cargo is not here"), "{}", why("8a"));
    let text = ended(with_a_node_alone(&work, &["check", "--all"])).code(1);
    text.says("3b  the tally, in python").says("3b  the tally, in javascript").says("9b  ");
    // What could not start has no verdict that is kept.
    assert!(!work.read("work/progress.toml").contains("[8a]"));
    // Nothing judged at all is no success.
    fs::remove_file(work.0.join("bin/node")).unwrap();
    let mut none = command(&["check", "--all"]);
    none.current_dir(&work.0).env_remove("CARGO").env("PATH", "").env("PYTHON", "no-such-python");
    ended(none).code(3).says("9b  ").says("not judged: cannot start node");
}

#[test]
fn all_has_the_exercises_of_a_teacher_and_the_commands_of_the_last_check() {
    let test = "all_has_the_exercises_of_a_teacher_and_the_commands_of_the_last_check";
    let work = Work::new(test);
    work.write(
        "x1-new/exercise.toml",
        "name = \"new\"\nchapter = 1\nquestion = \"?\"\nstart = \"missing\"\nconcurrency = 1\n\
         [[run]]\nsays = \"one page\"\npaths = [\"/1\"]\nrules = [\"outcomes-all\"]\n",
    );
    work.write("x1-new/start/start.js", "// nothing yet\n");
    let here = |args: &[&str]| ended(with_a_node_alone(&work, args));
    here(&["take", "--exercise", "x1-new"]).code(0);
    here(&["exercises"]).code(0);
    let json = here(&["check", "--all", "--format", "json"]).code(1).json();
    assert_eq!(entries(&json), [entry("x1", "javascript", "not-yet")]);
    // A folder that has gone is told in its entry.
    fs::rename(work.0.join("x1-new"), work.0.join("away")).unwrap();
    let json = here(&["check", "--all", "--format", "json"]).code(3).json();
    assert_eq!(entries(&json), [entry("x1", "", "not-judged")]);
    fs::rename(work.0.join("away"), work.0.join("x1-new")).unwrap();

    // The start is untouched, and another program is what counts, wherever the runner is called.
    here(&["take", "9b", "--language", "javascript"]).code(0);
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    std::os::unix::fs::symlink(runner, work.0.join("mine")).unwrap();
    here(&["check", "3a", "--", "./mine", "run-stage", "blocking"]).code(1).says("(too-few)");
    here(&["check", "9b", "--", "./mine", "run-stage", "epoll"]).code(0).says("passed");
    let progress = work.read("work/progress.toml");
    assert!(progress.contains("[x1]\nfolder = \"../x1-new\"\n"), "{progress}");
    let remembered = "command = [\"./mine\", \"run-stage\", \"epoll\"]\ndirectory = \"..\"\n";
    assert!(progress.contains(remembered), "{progress}");
    let mut elsewhere = with_a_node_alone(&work, &["check", "--all", "--format", "json"]);
    elsewhere.current_dir(work.0.join("work/x1"));
    let json = ended(elsewhere).code(1).json();
    let expected = [
        entry("3a", "", "not-yet"),
        entry("9b", "", "passed"),
        entry("x1", "javascript", "not-yet"),
    ];
    assert_eq!(entries(&json), expected);
    let entries = json["exercises"].as_array().unwrap();
    let of = |exercise: &str| entries.iter().find(|one| one["exercise"] == exercise).unwrap();
    assert_eq!(of("3a")["reason"], "too-few");
    assert_eq!((&of("9b")["passed"], &of("9b")["command"][2]), (&true.into(), &"epoll".into()));
    assert_eq!(of("3a")["passed"], false);
    assert_eq!(of("x1")["folder"], "../x1-new");
    // Once passed is passed, and the program in the folder counts when it was checked last.
    here(&["check", "9b"]).code(1);
    let json = here(&["check", "--all", "--format", "json"]).code(1).json();
    let nine = json["exercises"].as_array().unwrap().iter().find(|one| one["exercise"] == "9b");
    let nine = nine.unwrap();
    assert_eq!((&nine["verdict"], &nine["passed"]), (&"not-yet".into(), &true.into()));
    assert_eq!(nine["language"], "javascript");
}

#[test]
fn what_is_told_of_a_folder_can_be_typed() {
    let work = Work::new("what_is_told_of_a_folder_can_be_typed");
    let exercise = work.write(
        "x4-mine/exercise.toml",
        "name = \"mine\"\nchapter = 1\nquestion = \"?\"\nstart = \"missing\"\nconcurrency = 1\n\
         [[run]]\npaths = [\"/1\"]\nrules = [\"outcomes-all\"]\n",
    );
    work.write("x4-mine/start/start.py", "");
    work.write("x4-mine/solution/solution.py", "");
    let folder = exercise.parent().unwrap().to_str().unwrap();
    let of = |args: &[&str]| work.run(&[args, &["--exercise", folder]].concat());
    let typed =
        |command: &str| format!("stage-runner {command} --exercise {folder} {}", work.option());
    of(&["check"]).code(2).notes(&typed("take")).notes(&format!("{} -- COMMAND", typed("check")));
    of(&["solution"]).code(1).notes(&typed("hint")).notes(&format!("{} --yes", typed("solution")));
    of(&["take", "--language", "javascript"])
        .code(2)
        .notes(&format!("{} -- COMMAND", typed("check")));
    let missing = format!("{} --language javascript", typed("take"));
    of(&["check", "--language", "javascript"]).code(2).notes(&missing);
    of(&["hint"]).code(1).notes(&typed("check"));
    let typed = |command: &str| format!("stage-runner {command} {}", work.option());
    let both = format!("{} writes one, and {} -- COMMAND", typed("take 9a"), typed("check 9a"));
    work.run(&["check", "9a"]).code(2).notes(&both);
    work.run(&["take", "9a"]).code(0).notes(&format!("then: {}\n", typed("check 9a")));
    work.run(&["hint", "9a"]).code(1).notes(&typed("check 9a"));
    let piece = typed("take museum/lost-wakeup");
    work.run(&["check", "museum/lost-wakeup"]).code(2).notes(&format!("{piece} does that"));
    for command in ["take", "hint", "solution"] {
        work.run(&[command]).code(2).notes(&format!("as in: stage-runner {command} 3a;"));
    }
}

#[test]
fn the_language_that_was_taken_is_meant() {
    let work = Work::new("the_language_that_was_taken_is_meant");
    let solution = |args: &[&str]| work.run(&[&["solution", "3b", "--yes"], args].concat());
    work.run(&["take", "3b", "--language", "javascript"])
        .code(0)
        .notes(&format!("check 3b {}\n", work.option()));
    assert!(solution(&[]).code(0).stdout.contains("async function"));
    solution(&["--language", "python"]).code(0).says("one_addition_at_a_time");
    let both = work.run(&["take", "3b"]).code(0);
    both.notes(&format!("check 3b {} --language python\n", work.option()));
    solution(&[]).code(2).notes("3b was taken in several languages: add --language python or");
    let check = ["check", "3b", "--language", "javascript"];
    let checked = ended(with_a_node_alone(&work, &check)).code(1);
    checked.says("3b  the tally, in javascript");
}

#[test]
fn ascii_is_kept_where_it_is_asked_for() {
    let work = Work::new("ascii_is_kept_where_it_is_asked_for");
    let unicode = work.run(&["check", "3a", "--charset", "unicode", "--", "true"]).code(1).stdout;
    assert!(unicode.contains('✗'), "{unicode}");
    let ascii = work.run(&["check", "3a", "--charset", "ascii", "--", "true"]).code(1).stdout;
    assert!(ascii.is_ascii() && ascii.contains("x an outcome for each page"), "{ascii}");
    assert!(work.run(&["exercises", "--charset", "ascii"]).code(0).stdout.is_ascii());
    let program = format!("mine={} run-stage blocking", env!("CARGO_BIN_EXE_stage-runner"));
    let own = work.run(&["check", "3a", "--charset", "ascii", "--program", &program]);
    own.code(2).notes("cannot be used with");
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    let work = Work::new("a_command_line_that_makes_no_sense_is_refused");
    work.run(&["check"]).code(2).notes("An exercise, as in: stage-runner check 3a");
    work.run(&["check", "--all", "--language", "python"]).code(2).notes("cannot be used with");
    work.run(&["check", "3a"]).code(2).notes(&format!("take 3a {} writes one", work.option()));
    work.run(&["check", "--exercise", "no/such/folder"])
        .code(2)
        .notes("cannot read no/such/folder");
    let broken = work.write("x3-broken/exercise.toml", "name = \"broken\"\nchapter = \"one\"\n");
    let folder = broken.parent().unwrap().to_str().unwrap();
    work.run(&["check", "--exercise", folder]).code(2).notes("exercise.toml, line 2: ");
}

/// The Python that the runner finds; without one there is nothing to try, except where CI has one.
fn has_python(test: &str) -> bool {
    let ended = run(&["--language", "python", "-s", "blocking", "--pages", "1", "-q"]);
    if ended.code == Some(0) {
        return true;
    }
    assert!(env::var_os("CI").is_none(), "{}", ended.stderr);
    let _ = writeln!(io::stderr(), "left out: {test}: {}", ended.stderr.trim());
    false
}

#[test]
fn a_student_takes_an_exercise_and_passes() {
    if !has_python("a_student_takes_an_exercise_and_passes") {
        return;
    }
    let work = Work::new("a_student_takes_an_exercise_and_passes");
    work.run(&["take", "3b"]).code(0);
    work.run(&["check", "3b"]).code(1).says("not yet (lost-update): the counter says");
    let solution = work.run(&["solution", "3b", "--yes"]).stdout;
    work.write("work/3b/start.py", &solution);
    work.run(&["check", "3b"]).code(0).says("passed").says("stage-runner solution 3b");
    let all = work.run(&["check", "--all", "--format", "json"]).code(0).json();
    let taken = |one: &&Value| one["taken"] == true;
    let taken: Vec<_> = all["exercises"].as_array().unwrap().iter().filter(taken).collect();
    assert_eq!(taken.len(), 1, "{all}");
    assert_eq!((&taken[0]["exercise"], &taken[0]["verdict"]), (&"3b".into(), &"passed".into()));
    // Nothing but the three files that were taken.
    let files = fs::read_dir(work.0.join("work/3b")).unwrap().count();
    assert_eq!(files, 3);
}

#[test]
fn watching_checks_again_when_the_contents_change() {
    if !has_python("watching_checks_again_when_the_contents_change") {
        return;
    }
    let work = Work::new("watching_checks_again_when_the_contents_change");
    work.run(&["take", "3b"]).code(0);
    let mut watch = command(&["check", "3b", "--watch"]);
    let mut child = watch.current_dir(&work.0).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut verdict = || loop {
        let line = lines.next().expect("it still watches").unwrap();
        if line.starts_with("    not yet") || line.starts_with("    passed") {
            return line;
        }
    };
    assert!(verdict().starts_with("    not yet (lost-update)"));
    let solution = work.run(&["solution", "3b", "--yes"]).stdout;
    // As some editors do: a new file takes the place of the old one.
    work.write("new", &solution);
    fs::rename(work.0.join("new"), work.0.join("work/3b/start.py")).unwrap();
    assert!(verdict().starts_with("    passed"));
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// The page shows each file of an exercise, and what to type: it is tried as it stands there.
#[test]
fn the_worked_example_of_the_page_works() {
    let page = include_str!("../../../docs/teaching/write-an-exercise.md");
    if !has_python("the_worked_example_of_the_page_works") {
        return;
    }
    let work = Work::new("the_worked_example_of_the_page_works");
    for part in page.split("<!-- file: ").skip(1) {
        let (name, rest) = part.split_once(" -->\n```").unwrap();
        let (_, text) = rest.split_once('\n').unwrap();
        let (text, _) = text.split_once("\n```\n").unwrap();
        work.write(name, &format!("{text}\n"));
    }
    let folder = work.0.join("x1-all-at-once");
    let folder = folder.to_str().unwrap();
    work.run(&["take", "--exercise", folder]).code(0);
    work.run(&["check", "--exercise", folder]).code(1).says("not yet (too-few)");
    work.run(&["hint", "--exercise", folder]).code(0).says("When is the second request sent?");
    work.write("work/x1/start.py", &work.read("x1-all-at-once/solution/solution.py"));
    work.run(&["check", "--exercise", folder]).code(0).says("passed");
}

/// The page has the table of all rules as the code has it. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn the_page_has_the_rules_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/teaching/write-an-exercise.md");
    let page = fs::read_to_string(path).unwrap();
    let rules = run(&["exercises", "--rules"]).code(0).stdout;
    if env::var_os("UPDATE_EXPECT").is_some() {
        let (before, rest) = page.split_once("| rule | in TOML |").unwrap();
        let (_, after) = rest.split_once("\n\n").unwrap();
        fs::write(path, format!("{before}{rules}\n{after}")).unwrap();
        return;
    }
    assert!(
        page.contains(&rules),
        "docs/teaching/write-an-exercise.md needs the table that `stage-runner exercises --rules` \
         prints; UPDATE_EXPECT=1 writes it:\n{rules}"
    );
}
