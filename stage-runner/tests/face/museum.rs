//! The museum: its list, a piece, taking it. (`scripts/museum` builds and checks every piece.)

use std::fs;
use std::path::Path;

use super::support::run;

#[test]
fn all_pieces_are_listed() {
    let list = run(&["museum"]).code(0);
    for name in ["each-call-its-deadline", "lost-wakeup", "swallowed-cancel"] {
        assert!(list.stdout.contains(name), "{}", list.stdout);
    }
    let lines = list.stdout.lines().filter(|line| line.contains("not checked yet"));
    assert_eq!(lines.count(), 14);
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
    let told = "stage-runner take museum/lost-wakeup writes one";
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
