//! The examples print what their files say they print: in Rust, and in
//! Python where there is a CPython 3.13.

mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// What a file says that it prints: its last comment.
fn expected(file: &Path, comment: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let start = format!("\n{comment} Prints:");
    let (_, lines) = text
        .split_once(&start)
        .unwrap_or_else(|| panic!("{file:?} does not say what it prints"));
    let lines = lines.trim().lines();
    let lines = lines.map(|it| it.trim_start_matches(comment).trim());
    lines.collect::<Vec<_>>().join("\n")
}

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(folder).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    files.filter(|it| it.extension().is_some_and(|it| it == "rs")).collect()
}

/// Some examples measure whole seconds. On a busy machine one may be late:
/// it is asked again.
fn agrees(name: &str, expected: &str, run: impl Fn() -> String) {
    for attempt in 1.. {
        let printed = run();
        if printed.trim() == expected {
            return;
        }
        assert!(
            attempt < 3,
            "{name} printed:\n{printed}\nnot:\n{expected}"
        );
    }
}

#[test]
fn each_prints_what_it_says() {
    let examples = examples();
    assert!(examples.len() > 10, "{examples:?}");
    // They mostly sleep, so all run at the same time.
    thread::scope(|scope| {
        for file in &examples {
            scope.spawn(move || {
                let name = file.file_stem().unwrap().to_str().unwrap();
                let run = || example_check::run_with(name, &[]);
                agrees(name, &expected(file, "//"), run);
            });
        }
    });
}

#[test]
fn its_twin_in_python_says_and_prints_the_same() {
    let python = python::find_or_leave_out("the tour in Python");
    let python = python.as_ref();
    if let Some(python) = python {
        println!("the twins run in {}", python.version());
    }
    thread::scope(|scope| {
        for file in examples() {
            scope.spawn(move || {
                let twin = file.with_extension("py");
                let expected = expected(&file, "//");
                assert_eq!(
                    self::expected(&twin, "#"),
                    expected,
                    "{twin:?}"
                );
                if let Some(python) = python {
                    let name = twin.display().to_string();
                    agrees(&name, &expected, || python.run(&twin, None));
                }
            });
        }
    });
}
