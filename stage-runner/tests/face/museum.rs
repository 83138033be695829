//! The museum: its list, a piece, taking it. (`scripts/museum` builds and checks every piece.)

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::support::{command, ended, run};

#[test]
fn all_pieces_are_listed() {
    let list = run(&["museum"]).code(0);
    for name in ["each-call-its-deadline", "lost-wakeup", "swallowed-cancel"] {
        assert!(list.stdout.contains(name), "{}", list.stdout);
    }
    let lines = list.stdout.lines().filter(|line| line.contains("not checked yet"));
    assert_eq!(lines.count(), 14);
    list.says("docs/what-rust-refuses.md");
}

#[test]
fn what_is_wrong_is_shown_only_if_asked_for() {
    let symptom = run(&["museum", "show", "lost-wakeup"]).code(0);
    assert!(symptom.stdout.contains("# Lost wakeup") && !symptom.stdout.contains("fall_asleep"));
    let all = run(&["museum", "show", "museum/lost-wakeup", "--reveal"]).code(0).stdout;
    assert!(all.contains("    -        state.asleep = true;\n"), "{all}");
    assert!(all.contains("https://github.com/tokio-rs/tokio/issues/525"), "{all}");
    assert!(!all.contains("details>"), "{all}");
}

#[test]
fn a_name_that_was_mistyped_is_told() {
    let told = "no piece is called \"lost-wakup\": did you mean lost-wakeup?";
    run(&["museum", "show", "lost-wakup"]).code(2).notes(told);
    let told = "no piece is called \"museum/lost-wakup\": did you mean lost-wakeup?";
    run(&["take", "museum/lost-wakup"]).code(2).notes(told);
    run(&["check", "museum/lost-wakup"]).code(2).notes(told);
}

#[test]
fn a_piece_is_taken_as_a_small_crate() {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("museum");
    let _ = fs::remove_dir_all(&work);
    let work_option = ["--work", work.to_str().unwrap()];
    let take =
        |more: &[&str]| run(&[&["take", "museum/lost-wakeup"], &work_option[..], more].concat());
    let told = "museum/lost-wakeup was not taken into";
    run(&[&["check", "museum/lost-wakeup"], &work_option[..]].concat()).code(2).notes(told);
    take(&[]).code(0).notes("check museum/lost-wakeup");
    let read = |file: &str| fs::read_to_string(work.join("museum/lost-wakeup").join(file)).unwrap();
    assert!(read("src/queue.rs").contains("state.asleep = true;"));
    assert!(read("src/main.rs").contains("stage_program::run(lost_wakeup::crawl)"));
    assert!(read("Cargo.toml").contains("\n[workspace]\n"));
    assert!(!read("README.md").contains("details"), "the text tells what is wrong");
    take(&[]).code(0);
    // What the student has changed stays.
    let queue = work.join("museum/lost-wakeup/src/queue.rs");
    fs::write(&queue, "changed").unwrap();
    take(&[]).code(1).notes("is not as it was taken");
    assert_eq!(read("src/queue.rs"), "changed");
    fs::remove_dir_all(&work).unwrap();
    take(&["--fixed"]).code(0);
    assert!(read("src/queue.rs").contains("state.asleep = state.woken.is_empty();"));
    assert!(read("src/lib.rs").contains("yield_now().await"), "the scene stays");
}

#[test]
fn from_inside_of_a_piece_the_same_folder_is_meant() {
    let outside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("museum-inside");
    let _ = fs::remove_dir_all(&outside);
    fs::create_dir_all(&outside).unwrap();
    let in_folder = |folder: &str, args: &[&str]| {
        let mut command = command(args);
        command.current_dir(outside.join(folder));
        ended(command)
    };
    in_folder("", &["take", "museum/forgotten-task"]).code(0);
    let inside = "work/museum/forgotten-task";
    in_folder(inside, &["check", "museum/forgotten-task", "--", "true"]).code(1);
    let progress = fs::read_to_string(outside.join("work/progress.toml")).unwrap();
    assert!(progress.contains("[\"museum/forgotten-task\"]"), "{progress}");
    assert!(!outside.join(inside).join("work").exists(), "a folder in the folder");
    let told = "museum/lost-wakeup was not taken into ";
    in_folder(inside, &["check", "museum/lost-wakeup"]).code(2).notes(told);
}

/// The twin is inside of the runner, so it needs no checkout.
#[test]
fn a_twin_in_python_is_taken_alone_and_without_a_checkout() {
    let elsewhere = env::temp_dir().join(format!("museum-twin-{}", std::process::id()));
    let _ = fs::remove_dir_all(&elsewhere);
    fs::create_dir_all(&elsewhere).unwrap();
    let runner = elsewhere.join(format!("stage-runner{}", env::consts::EXE_SUFFIX));
    fs::copy(env!("CARGO_BIN_EXE_stage-runner"), &runner).unwrap();
    let in_elsewhere = |args: &[&str]| {
        let mut command = Command::new(&runner);
        command.args(args).current_dir(&elsewhere);
        ended(command)
    };
    let told = "or take the same bug in Python, which needs none: --language python";
    in_elsewhere(&["take", "museum/forgotten-task"]).code(1).notes(told);
    let take = ["take", "museum/forgotten-task", "--language", "python"];
    in_elsewhere(&take)
        .code(0)
        .notes("look for the bug in twin.py")
        .notes("stage-runner check museum/forgotten-task --language python");
    let folder = elsewhere.join("work/museum/forgotten-task");
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["README.md", "plumbing.py", "twin.py"]);
    assert!(read("twin.py").contains("\n    asyncio.gather(*fetches)\n"));
    in_elsewhere(&take).code(0);
    fs::write(folder.join("twin.py"), "import no_such_module\n").unwrap();
    in_elsewhere(&take).code(1).notes("twin.py is not as it was taken");
    // The only program that was taken is the one that is checked.
    let checked = in_elsewhere(&["check", "museum/forgotten-task"]);
    assert!(!checked.stderr.contains("crate"), "{}", checked.stderr);
    let all = in_elsewhere(&["check", "--all", "--format", "json"]);
    assert!(!all.stderr.contains("Nothing was taken"), "{}", all.stderr);
    fs::remove_file(folder.join("twin.py")).unwrap();
    in_elsewhere(&[&take[..], &["--fixed"]].concat()).code(0);
    assert!(read("twin.py").contains("\n    await asyncio.gather(*fetches)\n"));
    fs::remove_dir_all(&elsewhere).unwrap();
}

#[test]
fn a_language_that_a_piece_is_not_in_is_refused() {
    let take = |piece: &str, language: &str| {
        let ended = run(&["take", piece, "--language", language, "--work", "no/such/folder"]);
        assert!(!Path::new("no").exists());
        ended.code(2)
    };
    let told = "museum/forgotten-task has no program in \"cobol\": write rust or python";
    take("museum/forgotten-task", "cobol").notes(told);
    let told = "museum/forgotten-task has no program in \"javascript\": write rust or python";
    take("museum/forgotten-task", "javascript").notes(told);
    let told = "museum/lost-wakeup has no program in \"python\": write rust";
    take("museum/lost-wakeup", "python").notes(told);
    let check = ["check", "museum/lost-wakeup", "--language", "python"];
    run(&check).code(2).notes(told);
}

/// The stage of the house has no bug.
#[test]
fn the_good_stage_passes() {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("museum-good");
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let check = ["check", "museum/lost-wakeup", "--work", work.to_str().unwrap(), "--", runner];
    run(&[&check[..], &["run-stage", "async-await"]].concat()).code(0).says("passed");
    let nothing = ["check", "museum/forgotten-task", "--work", work.to_str().unwrap()];
    run(&[&nothing[..], &["--", "true"]].concat()).code(1).says("not yet (missing)");
}
