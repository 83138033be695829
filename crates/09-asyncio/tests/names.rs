//! Each public name of Python's asyncio is here, or the chapter says that
//! it is not, and what to use. `scripts/oracle` checks the list of names.
#![cfg(not(model_check))]

use std::collections::BTreeSet;

const NAMES: &str = include_str!("../oracle/names.txt");
const LIBRARY: &str = include_str!("../src/lib.rs");
const CHAPTER: &str = include_str!("../../../docs/09-asyncio.md");

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_')
}

/// What `lib.rs` exports: not the module, which often has the same name.
fn exported() -> BTreeSet<&'static str> {
    let uses = LIBRARY.split("\npub use ").skip(1);
    let uses = uses.filter_map(|it| it.split_once(';'));
    let names = uses.filter_map(|(path, _)| path.split_once("::"));
    names.flat_map(|(_, names)| words(names)).collect()
}

/// What the table of the chapter has in its first column.
fn told() -> BTreeSet<&'static str> {
    let (_, table) = CHAPTER.split_once("\n| not here |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split(" | ").next().unwrap());
    cells.flat_map(words).collect()
}

#[test]
fn each_name_of_asyncio_is_here_or_the_chapter_tells() {
    let (exported, told) = (exported(), told());
    let names: Vec<_> = NAMES.lines().collect();
    assert!(names.len() > 80, "{} names", names.len());
    let is_known =
        |name: &&str| exported.contains(name) || told.contains(name);
    let unknown: Vec<_> =
        names.into_iter().filter(|it| !is_known(it)).collect();
    assert!(unknown.is_empty(), "neither here nor told: {unknown:?}");
}
