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

/// The chapter says how long the library is, to the nearest hundred lines.
#[test]
fn the_chapter_knows_the_lines_of_the_library() {
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let hundreds = |lines: usize| {
        let lines = (lines + 50) / 100 * 100;
        format!("{},{:03}", lines / 1000, lines % 1000)
    };
    let is_comment = |line: &&str| line.trim().starts_with("//");
    let is_code =
        |line: &&str| !line.trim().is_empty() && !is_comment(line);
    let mut sources = files();
    sources.retain(|path| path.parent().unwrap().ends_with("src"));
    let all: String = sources.iter().map(|path| read(path)).collect();

    let library = read(&here().join("src/lib.rs"));
    let (_, parts) = library.split_once("// Part 1").unwrap();
    let (parts, _) = parts.split_once("// Part 3").unwrap();
    let modules = parts.lines().filter_map(|line| {
        let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
        Some(read(&here().join(format!("src/{name}.rs"))))
    });
    let two_parts: String = modules.collect();

    let chapter = read(&here().join("../../docs/09-asyncio.md"));
    let says = |words: &str, lines: usize| {
        let words = words.replace('#', &hundreds(lines));
        assert!(chapter.contains(&words), "not in the chapter: {words}");
    };
    says("has # lines of code", all.lines().filter(is_code).count());
    says("# more of comments", all.lines().filter(is_comment).count());
    let two_parts = two_parts.lines().filter(is_code).count();
    says("the loop and tasks, are # lines of code", two_parts);
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

/// What `behaviors.md` points to is there, in both of its tables.
#[test]
fn each_behavior_is_shown_by_something() {
    let table = fs::read_to_string(here().join("behaviors.md")).unwrap();
    let (same, different) =
        table.split_once("# What cannot be equal").unwrap();
    let (same, different) = (rows(same), rows(different));
    assert!(same > 60, "{same} behaviors");
    assert!(different > 15, "{different} differences");
}

/// Checks the rows of a table, and counts them.
fn rows(table: &str) -> usize {
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let maker = read(&here().join("oracle/make.py"));
    let is_test = |path: &PathBuf| {
        path.parent().is_some_and(|it| it.ends_with("tests"))
    };
    let tests: String =
        files().into_iter().filter(is_test).map(|it| read(&it)).collect();
    let is_head = |line: &str| line.ends_with("| shown by |");
    let is_row = |line: &&str| line.starts_with("| ") && !is_head(line);
    for row in table.lines().filter(is_row) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        for shown in cells.last().unwrap().split(',') {
            let shown = shown.trim();
            let is_there = if let Some(test) = shown.strip_prefix("`test: ")
            {
                let name = test.trim_end_matches('`');
                tests.contains(&format!("#[test]\nfn {name}()"))
                    || tests.contains(&format!("\")]\nfn {name}()"))
            } else if let Some(file) = shown.strip_prefix("`refused: ") {
                let name = file.trim_end_matches('`');
                let source = read(&here().join("src").join(name));
                source.contains("/// ```compile_fail\n")
            } else if let Some(operation) = shown.strip_prefix('*') {
                let name = operation.trim_end_matches('*');
                maker.contains(&format!("\"{name}\""))
            } else {
                let name = shown.trim_matches('`');
                here().join(format!("scenarios/{name}.txt")).exists()
            };
            assert!(is_there, "{shown} is not there, in: {row}");
        }
    }
    table.lines().filter(is_row).count()
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
