//! `stage-runner experiment`: the list, a guess, notes, and what nobody meant.

use std::fs;

use super::support::{command, ended, run, run_with_stdin};

/// The quickest of all.
const QUICK: [&str; 2] = ["experiment", "lost-update"];

#[test]
fn without_a_name_there_is_the_list() {
    let list = run(&["experiment"]).code(0);
    assert!(list.stdout.starts_with(" 1  two-kinds "), "{}", list.stdout);
    let json = run(&["experiment", "--format", "json"]).code(0).json();
    let names = json["experiments"].as_array().unwrap().iter().map(|one| &one["name"]);
    for name in names {
        assert!(list.stdout.contains(name.as_str().unwrap()), "{name}");
    }
}

#[test]
fn a_pipe_runs_through() {
    let question = "? Ten threads add 1 without a lock: what does the number come to?\n";
    // What stdin brings is no guess: only somebody at a terminal is asked.
    for ended in [run(&QUICK), run_with_stdin(&QUICK, "b\n")] {
        let ended = ended.code(0).says(question).says("Seen here:   a, less than 100,000");
        let ended = ended
            .says("\nWhy?\nTo add 1, a thread reads")
            .says("\nNext:  stage-runner experiment race-across-await; stage-runner take 3b");
        assert!(!ended.stdout.contains("guess"), "{}", ended.stdout);
        assert!(ended.stdout.is_ascii() && ended.stdout.lines().all(|line| line.len() <= 80));
    }
}

#[test]
fn a_guess_stands_beside_what_was_seen() {
    for guess in ["c", " C "] {
        let ended = run(&[&QUICK[..], &["--guess", guess]].concat()).code(0);
        ended.says("You guessed: c, 100,000: adding 1 is a single step.");
    }
}

#[test]
fn json_has_each_number_with_its_range() {
    let json = run(&[&QUICK[..], &["--guess", "b", "--rounds", "2", "--format", "json"]].concat());
    let json = json.code(0).json();
    assert_eq!((&json["version"], &json["experiment"]), (&1.into(), &"lost-update".into()));
    assert_eq!((&json["guess"], &json["answer"]), (&"b".into(), &"a".into()));
    assert_eq!((&json["rounds"], &json["verdict"]), (&2.into(), &"as expected".into()));
    let [without, with] = &json["measures"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!((&without["least"], &without["most"]), (&100.0.into(), &100_000.0.into()));
    assert!(without["seen"].as_f64().unwrap() >= 100.0, "{without}");
    assert_eq!((&with["seen"], &with["judged"]), (&0.0.into(), &"always".into()));
    assert_eq!(json["table"][1]["figures"][0]["value"], 100_000.0);
    assert!(json["why"][0].as_str().unwrap().starts_with("To add 1, a thread reads"), "{json}");
}

#[test]
fn a_note_is_a_line_and_nothing_else_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let path = file.to_str().unwrap();
    run(&[&QUICK[..], &["--guess", "a", "--note", path]].concat()).code(0);
    run(&[&QUICK[..], &["--note", path, "--format", "json"]].concat()).code(0);
    let notes = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(lines.len(), 2, "{notes}");
    let first = "lost-update (chapter 3): guessed a, less than 100,000, perhaps much less. Seen: ";
    assert!(lines[0].starts_with(first) && lines[0].ends_with(" 0 lost with a lock."), "{notes}");
    assert!(lines[1].starts_with("lost-update (chapter 3): no guess. Seen: "), "{notes}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_source_is_shown() {
    let shown = run(&[&QUICK[..], &["--show"]].concat()).code(0);
    let shown = shown.says("// stage-runner/src/experiments/lost_update.rs\n\n//! What becomes");
    shown.says("// crates/03-thread-pool/src/counter.rs\n").says("fn add_one");
}

#[test]
fn what_nobody_meant_is_refused() {
    for (args, notes) in [
        (&["bussy"][..], "no experiment is called \"bussy\": did you mean busy?"),
        (&["polled"], "did you mean how-often-polled?"),
        (&["no\u{1b}[2J"], "`stage-runner experiment` lists all"),
        (&["busy", "--guess", "z"], "\"z\" is not one of the choices: a, b, c"),
        (&["busy", "--guess", ""], "\"\" is not one of the choices"),
        (&["--guess", "a"], "<NAME>"),
        (&["busy", "--show", "--guess", "a"], "cannot be used with"),
        (&["busy", "--rounds", "0"], "at least 1 round must run"),
        (&["busy", "--note", "/no/such/folder/file"], "cannot write /no/such/folder/file"),
        (&["busy", "drip"], "unexpected argument 'drip'"),
    ] {
        let ended = run(&[&["experiment"], args].concat()).code(2).notes(notes);
        assert!(ended.stdout.is_empty() && !ended.stderr.contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn one_that_needs_python_is_skipped_without_it() {
    let mut gil = command(&["experiment", "gil", "--guess", "b"]);
    gil.env("PYTHON", "/no/such/python");
    let ended = ended(gil).code(3).notes("skipped: no Python 3.8 or newer: PYTHON (/no/such/");
    assert!(ended.stdout.is_empty(), "nobody guesses what does not run: {}", ended.stdout);
}

/// What needs no Python is shown without one, and what was left out is told with its reason.
#[test]
fn one_that_needs_python_in_part_shows_the_other_part_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    for (name, row, rust, python) in [
        (
            "cold",
            "requests, Python   left out   left out\n",
            "0 requests for three calls in Rust, 3 when each is awaited",
            "requests for three calls in Python; when each is awaited",
        ),
        (
            "in-turn",
            "Python, gathered        left out   left out\n",
            " times as long in turn, in Rust, 1 page at a time in turn, 3 gathered",
            "times as long in turn, in Python; page at a time in turn; gathered",
        ),
        (
            "race-across-await",
            "Python         left out      left out\n",
            " at the end without a lock, in Rust, 20 with a lock",
            "at the end without a lock, in Python; with a lock",
        ),
    ] {
        let note = file.to_str().unwrap();
        let mut command = command(&["experiment", name, "--rounds", "3", "--note", note]);
        command.env("PYTHON", "/no/such/python");
        ended(command).code(0).says(row).says("\nNot judged:  ").says("The chapter says ");
        let notes = fs::read_to_string(&file).unwrap();
        let note = notes.lines().last().unwrap_or_default();
        assert!(note.contains(&format!("{rust}. Not judged: {python}: no Python 3.8")), "{note}");
    }
}

/// The hidden modes are for the runner alone: whoever finds them is told, and nothing hangs.
#[test]
fn an_unknown_part_is_refused() {
    run(&["play-part", "busy", "nothing"]).code(1).notes("no part of an experiment is called");
    run(&["run-stage", "drip:nothing"]).code(1).notes("no stage is called drip:nothing");
}

#[cfg(unix)]
mod in_a_terminal {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::process::Child;
    use std::time::{Duration, Instant};
    use std::{sync::mpsc, thread};

    use nix::pty::{Winsize, openpty};

    use crate::operations::{processes_with, soon};
    use crate::support::command;

    /// An experiment at a terminal, and what it has written there.
    struct Terminal {
        child: Child,
        keyboard: File,
        said: mpsc::Receiver<Vec<u8>>,
        seen: String,
    }

    impl Terminal {
        fn start(args: &[&str]) -> Terminal {
            let size = Winsize { ws_row: 40, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
            let terminal = openpty(&size, None).expect("a pseudoterminal");
            let again = || terminal.slave.try_clone().expect("a descriptor");
            let mut runner = command(args);
            runner.env("TERM", "xterm").stdin(again()).stdout(again()).stderr(again());
            let child = runner.spawn().expect("the runner starts");
            drop(runner);
            let mut screen = File::from(terminal.master);
            let keyboard = screen.try_clone().expect("a descriptor");
            let (say, said) = mpsc::channel();
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = screen.read(&mut bytes) {
                    if say.send(bytes[..read].to_vec()).is_err() {
                        break;
                    }
                }
            });
            Terminal { child, keyboard, said, seen: String::new() }
        }

        #[track_caller]
        fn waits_for(&mut self, text: &str) {
            let began = Instant::now();
            while !self.seen.contains(text) {
                assert!(began.elapsed() < Duration::from_secs(60), "no {text:?}: {}", self.seen);
                if let Ok(bytes) = self.said.recv_timeout(Duration::from_millis(50)) {
                    self.seen.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
        }

        fn types(&mut self, text: &str) {
            self.keyboard.write_all(text.as_bytes()).expect("the terminal takes it");
        }

        /// The signal that Ctrl-C sends to the runner alone, and how it ends.
        fn interrupted(&mut self) -> Option<i32> {
            let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it runs");
            let began = Instant::now();
            let code = self.child.wait().expect("it ends").code();
            assert!(began.elapsed() < Duration::from_secs(4));
            code
        }
    }

    #[test]
    fn a_guess_is_asked_for_and_why_is_folded() {
        let mut terminal = Terminal::start(&["experiment", "lost-update"]);
        terminal.waits_for("Your guess [a, b, c; Enter: none]: ");
        terminal.types("z\n");
        terminal.waits_for("\"z\" is not one of the choices: a, b, c");
        terminal.types("B\n");
        terminal.waits_for("You guessed: b, 100,000 on most runs");
        terminal.waits_for("Why? [Enter] ");
        assert!(!terminal.seen.contains("To add 1, a thread reads"), "{}", terminal.seen);
        terminal.types("\n");
        terminal.waits_for("To add 1, a thread reads");
        assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
    }

    /// Ctrl-D: whoever has closed the input is not asked again.
    #[test]
    fn the_end_of_input_is_no_guess() {
        let mut terminal = Terminal::start(&["experiment", "lost-update"]);
        terminal.waits_for("Your guess");
        terminal.types("\u{4}");
        terminal.waits_for("To add 1, a thread reads");
        assert!(!terminal.seen.contains("You guessed"), "{}", terminal.seen);
        assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
    }

    #[test]
    fn ctrl_c_ends_the_question_and_the_run() {
        let mut terminal = Terminal::start(&["experiment", "memory"]);
        terminal.waits_for("Your guess");
        assert_eq!(terminal.interrupted(), Some(130));

        let mut terminal = Terminal::start(&["experiment", "memory", "--guess", "a"]);
        terminal.waits_for("(running, 1 round)");
        let parent = terminal.child.id().to_string();
        let children = || {
            let all = processes_with("run-stage");
            all.into_iter().filter(|line| is_child(line, &parent)).collect::<Vec<_>>()
        };
        soon("a stage runs", || !children().is_empty());
        assert_eq!(terminal.interrupted(), Some(130));
        assert_eq!(children(), [""; 0], "no child is left");
    }

    /// Whether a line of `ps` is of a child of that process.
    fn is_child(line: &str, parent: &str) -> bool {
        let pid = line.split_whitespace().next().unwrap_or_default();
        let ppid = std::process::Command::new("ps").args(["-o", "ppid=", "-p", pid]).output();
        ppid.is_ok_and(|ppid| String::from_utf8_lossy(&ppid.stdout).trim() == parent)
    }
}
