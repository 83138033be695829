//! Rules of this folder, held by a test.

use std::fs;
use std::path::{Path, PathBuf};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust and Python files.
fn files() -> Vec<PathBuf> {
    let folders = ["src", "examples", "scenarios", "oracle", "tests"];
    let mut files = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(here().join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let is_code = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "rs" || it == "py")
    };
    files.retain(is_code);
    files
}

/// The two languages are read side by side.
#[test]
fn no_line_is_longer_than_76_columns() {
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let columns = line.chars().count();
            assert!(columns <= 76, "{file:?}, line {number}: {columns}");
        }
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for file in files() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 400, "{file:?} has {lines} lines");
    }
}

#[test]
fn each_scenario_and_each_example_has_its_twin() {
    for file in files() {
        let folder = file.parent().unwrap().file_name().unwrap();
        let name = file.file_stem().unwrap();
        if (folder == "scenarios" && name != "main") || folder == "examples"
        {
            assert!(file.with_extension("rs").exists(), "{file:?}");
            assert!(file.with_extension("py").exists(), "{file:?}");
        }
    }
}

/// What `behaviors.md` points to is there.
#[test]
fn each_behavior_is_shown_by_something() {
    let read = |path: &str| fs::read_to_string(here().join(path)).unwrap();
    let maker = read("oracle/make.py");
    let tests = ["behaviors", "generators", "misuse", "outside"];
    let tests = tests.map(|name| read(&format!("tests/{name}.rs")));
    let tests = tests.concat();
    let table = read("behaviors.md");
    let (table, _) = table.split_once("# What cannot be equal").unwrap();
    let is_row = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| behavior")
    };
    let mut rows = 0;
    for row in table.lines().filter(is_row) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        for shown in cells.last().unwrap().split(',') {
            let shown = shown.trim();
            let is_there = if let Some(test) = shown.strip_prefix("`test: ")
            {
                let name = test.trim_end_matches('`');
                tests.contains(&format!("\nfn {name}()"))
            } else if let Some(operation) = shown.strip_prefix('*') {
                let name = operation.trim_end_matches('*');
                maker.contains(&format!("\"{name}\""))
            } else {
                let name = shown.trim_matches('`');
                here().join(format!("scenarios/{name}.txt")).exists()
            };
            assert!(is_there, "{shown} is not there, in: {row}");
        }
        rows += 1;
    }
    assert!(rows > 60, "{rows} rows");
}

/// A type, a trait or a function has an example of its own. A method has
/// one, or an example in its file calls it.
#[test]
fn each_public_item_has_an_example() {
    let is_source = |path: &PathBuf| {
        path.parent().is_some_and(|it| it.ends_with("src"))
    };
    for file in files().into_iter().filter(is_source) {
        let text = fs::read_to_string(&file).unwrap();
        let docs: String = text.lines().filter(|it| is_doc(it)).collect();
        let (mut has_example, mut had_docs) = (false, false);
        for line in text.lines() {
            if is_doc(line) {
                has_example = (had_docs && has_example)
                    || line.trim().starts_with("/// ```");
                had_docs = true;
                continue;
            }
            let is_method = line.starts_with(' ');
            if let Some(name) = public_name(line.trim()) {
                let is_called = is_method
                    && (docs.contains(&format!(".{name}("))
                        || docs.contains(&format!("::{name}(")));
                let is_shown = has_example || is_called;
                assert!(is_shown, "{file:?}: no example of {name}");
            }
            had_docs = line.trim().starts_with("#[") && had_docs;
        }
    }
}

fn is_doc(line: &str) -> bool {
    line.trim().starts_with("///")
}

/// The name of a public function, type or trait.
fn public_name(line: &str) -> Option<&str> {
    let item = line.strip_prefix("pub ")?;
    let item = item.strip_prefix("async ").unwrap_or(item);
    let kinds = ["fn ", "struct ", "enum ", "trait "];
    let name = kinds.iter().find_map(|kind| item.strip_prefix(kind))?;
    name.split(|it: char| !it.is_alphanumeric() && it != '_').next()
}
