//! `check --program`: programs that are right, and programs that are wrong for one reason.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{Ended, command, ended, run};

const RUNNER: &str = env!("CARGO_BIN_EXE_stage-runner");

fn check(program: &str, args: &[&str]) -> Ended {
    run(&[&["check", "--program", &format!("mine={program}")], args].concat())
}

/// Checks a shell script in which `STAGE` is a stage that is right.
fn script(script: &str, args: &[&str]) -> Ended {
    let script = script.replace("STAGE", &format!("{RUNNER} run-stage epoll"));
    check(&format!("sh -c '{script}'"), args)
}

/// The groups that are not whole: their name and the words of what went wrong. On a busy machine
/// what is about time is not judged, and told all the same.
fn failures(ended: &Ended) -> Vec<(String, Vec<String>)> {
    let json = ended.json();
    let groups = json["programs"][0]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 11, "every group was reached: {json}");
    let words = |failure: &Value| {
        format!("{}: {}", failure["case"].as_str().unwrap(), failure["words"].as_str().unwrap())
    };
    let told = groups.iter().map(|group| {
        let wrong = ["failures", "not_judged"].map(|list| group[list].as_array().unwrap());
        let wrong = wrong.into_iter().flatten().map(words);
        (group["name"].as_str().unwrap().to_owned(), wrong.collect::<Vec<_>>())
    });
    told.filter(|(_, wrong)| !wrong.is_empty()).collect()
}

/// The program fails in this group alone, with these words.
#[track_caller]
fn wrong(program: &str, group: &str, told: &[&str]) {
    let ended = script(program, &["--format", "json"]);
    let is_busy = ended.stdout.contains(" % of one here");
    let ended = ended.code(if is_busy { 3 } else { 1 });
    let failed = failures(&ended);
    let [(name, words)] = &failed[..] else { panic!("{program}: {failed:#?}") };
    assert_eq!(name, group, "{program}: {failed:#?}");
    for told in told {
        assert!(words.iter().any(|words| words.contains(told)), "no {told:?} in {words:#?}");
    }
}

#[test]
fn a_stage_keeps_every_promise() {
    let ended = script("exec STAGE", &[]).code(0).says("mine: passed. 103 of 103 in ");
    assert!(!ended.stdout.contains("not judged"), "{}", ended.stdout);
    ended
        .says("  1,000 pages                 1,000 of 1,000")
        .says("3 of     3  seen: 1, 3 and 10");
}

#[test]
fn one_more_at_once_than_asked() {
    wrong(
        r#"sed "s/\"concurrency\":3,/\"concurrency\":4,/" | exec STAGE"#,
        "no more at once than asked",
        &["3 of 12 pages: the site had 4 connections waiting at once"],
    );
}

#[test]
fn a_page_fetched_twice() {
    // The second one is fetched for nothing.
    let again = r#"job=$(cat); echo "$job" | STAGE >/dev/null; echo "$job" | exec STAGE"#;
    let ended = script(again, &["--format", "json"]).code(1);
    let told = failures(&ended);
    let group = told.iter().find(|(name, _)| name == "1,000 pages").expect("a thousand were asked");
    assert_eq!(group.1, ["all pages: the site had 2,000 connections for 1000 pages"]);
}

#[test]
fn a_deadline_three_times_as_long() {
    wrong(
        r#"sed "s/\"deadline_us\":1000000,/\"deadline_us\":3000000,/" | exec STAGE"#,
        "deadline, each its own",
        &["never-answer: ended after 3.0", "s, and its deadline was 1 s", "connect-hangs: "],
    );
}

#[test]
fn a_program_that_ctrl_c_does_not_end() {
    wrong(
        r#"trap "" INT; exec STAGE"#,
        "Ctrl-C",
        &["ends: did not end within 5 s", "leaves no process: one still ran 5 s later"],
    );
}

#[test]
fn a_program_that_leaves_a_process_behind() {
    wrong(
        r#"(trap "" INT; exec sleep 4733 <&- >&- 2>&-) & exec STAGE"#,
        "Ctrl-C",
        &["leaves no process: one still ran 5 s later"],
    );
    let left = Command::new("pgrep").args(["-f", "sleep 4733"]).output();
    // Not every system has pgrep.
    assert!(left.is_err() || left.is_ok_and(|left| left.stdout.is_empty()), "it is ended");
}

#[test]
fn what_a_program_had_when_ctrl_c_came_must_be_told() {
    // `sort` tells everything at its end, and Ctrl-C comes before that.
    wrong("STAGE | sort", "Ctrl-C", &["told of 0 of the 5 pages that had come"]);
}

/// What a program may leave out, it may leave out; a wrong word fails by its name. (`sed` holds
/// lines back, and Ctrl-C shows that.)
#[test]
fn words_that_are_missing_and_words_that_are_wrong() {
    let through_sed = |expression: &str| {
        let ended = script(&format!("STAGE | sed \"{expression}\""), &["--format", "json"]);
        let mut failed = failures(&ended);
        failed.retain(|(name, _)| name != "Ctrl-C");
        failed
    };
    let without = r#"s/\"phase\":\"[a-z]*\",//; s/,\"expected_bytes\":[0-9][0-9]*//"#;
    assert_eq!(through_sed(without), []);
    let failed = through_sed(r#"s/\"kind\":\"empty-reply\"/\"kind\":\"io\"/"#);
    let [(name, words)] = &failed[..] else { panic!("{failed:#?}") };
    let [words] = &words[..] else { panic!("{words:#?}") };
    assert_eq!(name, "ends too early");
    let told = "empty-reply: error.kind: expected empty-reply, found io (";
    assert!(words.starts_with(told), "{words}");
}

/// Of one page it tells all, of many only the first ones.
#[test]
fn pages_that_a_program_tells_nothing_of_are_counted() {
    let ended = script("STAGE | head -n 2", &["--format", "json"]).code(1);
    let failed = failures(&ended);
    let words = |name: &str| {
        let found = failed.iter().find(|(group, _)| group == name);
        found.unwrap_or_else(|| panic!("no {name}: {failed:#?}")).1.clone()
    };
    let lost = "998 without an outcome: ended and left 998 pages without an outcome";
    assert_eq!(words("1,000 pages"), [lost]);
    let lost = "6 without an outcome: ended and left 6 pages without an outcome";
    assert_eq!(words("deadline, each its own"), [lost]);
}

/// Nonsense is told by name, and soon.
#[test]
fn nonsense_is_told_by_name_and_soon() {
    let bad = |program: &str, told: &str| {
        let began = Instant::now();
        let ended = check(program, &[]).code(1).says("mine: not yet. The first 4 jobs went wrong");
        let words: Vec<&str> = ended.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(told), "no {told:?} in\n{}", ended.stdout);
        assert!(began.elapsed() < Duration::from_secs(60), "{program}: {:?}", began.elapsed());
    };
    bad("true", "ended and left 1 page without an outcome");
    bad("sleep 100", "hung, and ended");
    bad("sh -c 'exit 3'", "ended with exit status 3");
    bad(
        "sh -c 'echo oh dear >&2; exit 3'",
        "ended with exit status 3 and left 1 page without an outcome (oh dear)",
    );
    bad("sh -c 'kill -SEGV $$'", "ended with SIGSEGV");
    bad("echo hello", "its line 1 is not an outcome: hello. Print notes to stderr.");
    bad("yes", "its line 1 is not an outcome: y.");
    bad("cat /dev/zero", "its line 1 is longer than 64 KiB");
    bad("cat", "its line 1 is not an outcome (unknown variant `protocol`");
    bad("/no/such/program", "cannot start /no/such/program: No such file");
}

/// It says the same of every page, whatever it is.
#[test]
fn a_program_that_fetches_nothing() {
    let page = r#"{"outcome":{"target":0,"by":"main","status":200,"bytes":5,"started_us":1,"finished_us":9}}"#;
    let file = std::env::temp_dir().join(format!("fetches-nothing-{}.json", std::process::id()));
    fs::write(&file, page).unwrap();
    let ended = check(&format!("cat {}", file.display()), &[]).code(1);
    fs::remove_file(&file).unwrap();
    ended.says("The first 4 jobs went wrong in the same way").says("bytes: expected 1024, found 5");
}

#[test]
fn several_programs_one_after_the_other() {
    let both = ["check", "--program", "a=true", "--program", "b=echo hello", "--format", "json"];
    let json = run(&both).code(1).json();
    assert_eq!((&json["verdict"], &json["version"]), (&"not yet".into(), &1.into()));
    let programs = json["programs"].as_array().unwrap();
    let told = |at: usize| (&programs[at]["name"], programs[at]["stopped"].as_str().unwrap());
    assert!(told(0).0 == "a" && told(0).1.ends_with("without an outcome"), "{json}");
    assert!(told(1).0 == "b" && told(1).1.contains("not an outcome: hello"), "{json}");
}

#[test]
fn the_command_line_of_check() {
    run(&["check"]).code(2).notes("--program NAME=COMMAND");
    run(&["check", "3a", "--program", "mine=true"]).code(2).notes("cannot be used with");
    run(&["check", "--program", "mine"]).code(2).notes("write NAME=COMMAND");
    run(&["check", "--program", "epoll=true"]).code(2).notes("taken");
    run(&["--help"]).code(0).says("check");
}

/// What was reached is printed, and nothing stays.
#[test]
fn ctrl_c_ends_a_check() {
    let mut child = command(&["check", "--program", "mine=sleep 4734"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let began = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let left = Command::new("pgrep").args(["-f", "sleep 4734"]).output();
    assert!(left.is_err() || left.is_ok_and(|left| left.stdout.is_empty()), "none stays");
}

/// The originals are programs as any other.
#[test]
fn an_original_in_python_passes() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/05-callbacks/original.py");
    let mut asking = Command::new("python3");
    if !asking.arg("--version").output().is_ok_and(|said| said.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI has a Python that is called python3");
        return println!("left out: there is no python3");
    }
    let program = format!("mine=python3 {file} epoll");
    ended(command(&["check", "--program", &program])).code(0).says("mine: passed");
}
