//! Who may know whom: the rules of the house, held by a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each package of the workspace uses, development apart.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs this test, so it is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (text(&package["name"]), used(package))).collect()
}

fn used(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies.filter(|used| used["kind"].is_null()).map(|used| text(&used["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn is_stage(name: &str) -> bool {
    let number = name.strip_prefix("stage-");
    number.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The chapter in `stage-05-callbacks`.
fn chapter(stage: &str) -> u32 {
    stage.split('-').nth(1).and_then(|number| number.parse().ok()).expect(stage)
}

/// No package of that kind uses any of these.
#[track_caller]
fn nobody(who: impl Fn(&str) -> bool, uses: &[&str]) {
    for (name, used) in packages().iter().filter(|(name, _)| who(name)) {
        let wrong: Vec<_> = uses.iter().filter(|other| used.contains(**other)).collect();
        assert!(wrong.is_empty(), "{name} must not use {wrong:?}");
    }
}

#[test]
fn crawl_opens_no_socket_and_never_waits() {
    let sockets =
        ["socket2", "polling", "rustix", "nix", "mio", "tokio", "smol", "selectors", "corosensei"];
    nobody(|name| name == "crawl", &sockets);
}

/// One parsing mistake must not hide on both sides.
#[test]
fn the_practice_site_shares_nothing_with_the_crawler() {
    nobody(|name| name == "practice-site", &["crawl", "selectors", "httparse", "http"]);
}

/// The corpus says what must come of a fault; who fetches it is for others to know.
#[test]
fn the_corpus_knows_only_crawl_and_the_practice_site() {
    let allowed = ["crawl", "practice-site"].map(str::to_owned);
    assert_eq!(packages()["corpus"], BTreeSet::from(allowed));
}

/// The classroom judges by what was seen from outside: it knows the site and the protocol, and no
/// stage. It starts no program, and no site.
#[test]
fn the_classroom_knows_no_stage_and_starts_nothing() {
    let used = &packages()["classroom"];
    for other in ["stage-runner", "stage-program", "selectors", "recorder", "reference-tokio"] {
        assert!(!used.contains(other), "classroom must not use {other}");
    }
    assert!(!used.iter().any(|other| is_stage(other)), "{used:?}");
    nobody(|name| name != "stage-runner", &["classroom", "student-crate"]);
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/classroom/src"));
    for file in files(source) {
        let code = fs::read_to_string(&file).unwrap();
        for call in ["process::Command", "Site::start", "thread::spawn", "TcpStream"] {
            assert!(!code.contains(call), "{file:?} must not use {call}");
        }
    }
}

/// Where every stage passes, what happens is noted; a stage's own code notes nothing. (A pool's
/// pipe carries the notes of its workers, a runtime has hooks, and a ring sleeps without a
/// selector.)
#[test]
fn only_what_all_stages_pass_knows_the_recorder() {
    let may = [
        "crawl",
        "selectors",
        "stage-02-process-pool",
        "stage-11-io-uring",
        "reference-tokio",
        "stage-program",
    ];
    nobody(|name| !may.contains(&name), &["recorder"]);
    assert_eq!(packages()["recorder"], BTreeSet::new(), "the recorder knows nobody");
    let pool = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/02-process-pool/src"));
    for file in files(pool).iter().filter(|file| !file.ends_with("wire.rs")) {
        assert!(!fs::read_to_string(file).unwrap().contains("recorder::"), "{file:?}");
    }
}

#[test]
fn chapters_1_to_4_know_no_selector() {
    nobody(|name| is_stage(name) && chapter(name) <= 4, &["selectors", "polling", "mio"]);
}

#[test]
fn only_the_site_and_the_yardsticks_know_a_runtime() {
    let may =
        |name: &str| name == "practice-site" || name.starts_with("reference-") || name == "benches";
    nobody(|name| !may(name), &["tokio", "smol", "async-std", "async-io", "futures"]);
}

/// A stage uses an earlier one only where that is the lesson.
#[test]
fn stages_stand_alone() {
    let lessons = [(2, 1), (3, 1), (7, 6), (10, 2), (10, 9)];
    for (stage, used) in packages().iter().filter(|(name, _)| is_stage(name)) {
        for other in used.iter().filter(|other| is_stage(other)) {
            let pair = (chapter(stage), chapter(other));
            assert!(lessons.contains(&pair), "{stage} must not use {other}");
        }
        for other in ["stage-runner", "practice-site", "corpus"] {
            assert!(!used.contains(other), "{stage} must not use {other}");
        }
    }
}

/// `crawl` ← stages ← runner: never the other way round.
#[test]
fn nobody_below_knows_who_is_above() {
    let below = |name: &str| ["crawl", "selectors", "practice-site", "corpus"].contains(&name);
    for (name, used) in packages().iter().filter(|(name, _)| below(name)) {
        assert!(!used.iter().any(|other| other.starts_with("stage-")), "{name} uses a stage");
    }
    nobody(|name| name == "selectors", &["crawl"]);
    // What a stage outside of the house is built on must not bring the house with it.
    for used in packages()["stage-program"].iter() {
        assert!(!is_stage(used), "stage-program must not use {used}");
    }
    nobody(|name| name == "stage-program", &["stage-runner", "practice-site", "selectors"]);
    nobody(|name| name == "crawl" || name == "practice-site", &["corpus"]);
}

/// Every stage of the house, and its yardstick, is in the runner's table: it is in it, or it does
/// not exist.
#[test]
fn every_stage_is_in_the_table() {
    let in_table: BTreeSet<String> =
        stage_runner::stages::STAGES.iter().map(|stage| stage.source.to_owned()).collect();
    let is_entry = |name: &&String| is_stage(name) || name.starts_with("reference-");
    for stage in packages().keys().filter(is_entry) {
        let folder = stage.trim_start_matches("stage-");
        assert!(in_table.contains(&format!("crates/{folder}/src")), "{stage} is not in STAGES");
    }
}

/// What the tests of several crates need is a crate, so that it has one name and one owner. (By
/// `#[path]` a file of its own crate may have another name, and a model may be run against the
/// source.)
#[test]
fn no_test_takes_a_file_out_of_the_tests_of_another_crate() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut seen = 0;
    for folder in ["crates", "examples", "stage-runner", "benches"] {
        let sources = files(&root.join(folder));
        for file in sources.iter().filter(|file| file.extension().is_some_and(|it| it == "rs")) {
            let code = fs::read_to_string(file).unwrap();
            let paths = code.lines().filter(|line| line.trim().starts_with("#[path = "));
            let taken: Vec<&str> = paths.filter(|line| line.contains("/tests/")).collect();
            assert!(taken.is_empty(), "{file:?}: {taken:?}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

/// The folders of the runner, the top floor first: each knows only those below it, so that there
/// are no circles.
const FLOORS: [&str; 11] = [
    "commands",
    "cli",
    "terminal",
    "views",
    "experiments",
    "measure",
    "wording",
    "results",
    "lineup",
    "system",
    "words",
];

fn floor(folder: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| *floor == folder)
}

/// The source files in a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    folders.iter().flat_map(|folder| self::files(folder)).chain(files).collect()
}

/// The names after each `crate::`, whether one or several in braces.
fn used_of_crate(code: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut used = BTreeSet::new();
    for (at, word) in code.match_indices("crate::") {
        if code[..at].ends_with(is_part) {
            continue; // another crate, whose name ends like that
        }
        let rest = &code[at + word.len()..];
        match rest.strip_prefix('{') {
            None => used.extend(rest.split(|c| !is_part(c)).next()),
            Some(group) => {
                let mut depth = 0;
                let mut is_first = true;
                for word in group.split_inclusive(|c| !is_part(c)) {
                    let (name, end) = word.split_at(word.trim_end_matches(|c| !is_part(c)).len());
                    if depth == 0 && is_first && !name.is_empty() {
                        used.insert(name);
                        is_first = false;
                    }
                    match end {
                        "{" => depth += 1,
                        "}" if depth == 0 => break,
                        "}" => depth -= 1,
                        "," if depth == 0 => is_first = true,
                        _ => {}
                    }
                }
            }
        }
    }
    used
}

#[test]
fn names_of_the_crate_are_found() {
    let found = |code| used_of_crate(code).into_iter().collect::<Vec<_>>();
    assert_eq!(
        found("use crate::cli::{Cli, Command};\nlet x = crate::words::cut(y);"),
        ["cli", "words"]
    );
    assert_eq!(
        found("use crate::{cli, views::{json, svg}, words::cut};\nuse a;"),
        ["cli", "views", "words"]
    );
    assert_eq!(found("crate::main"), ["main"]);
    assert_eq!(found("student_crate::{Checkout, Patch}"), [""; 0]);
}

/// A fact travels as a type, and the words for it are made where it is told. (A place of the source
/// is written as `file:line` everywhere.)
#[test]
fn results_know_no_words() {
    let results = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/results"));
    for file in files(results) {
        let code = fs::read_to_string(&file).unwrap();
        assert!(!used_of_crate(&code).contains("words"), "{file:?} must not use words");
        let shown: Vec<&str> = code.lines().filter(|line| line.contains("Display for")).collect();
        assert!(matches!(shown[..], [] | ["impl fmt::Display for Place {"]), "{file:?}: {shown:?}");
    }
}

#[test]
fn each_folder_of_the_runner_knows_only_those_below_it() {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut seen = BTreeSet::new();
    for file in files(source) {
        let inside = file.strip_prefix(source).unwrap();
        let Some(folder) = inside.parent().and_then(|folder| folder.iter().next()) else {
            assert!(inside.ends_with("lib.rs") || inside.ends_with("main.rs"), "{inside:?}");
            continue;
        };
        let folder = folder.to_str().unwrap();
        let own = floor(folder).unwrap_or_else(|| panic!("{inside:?} is on no floor"));
        seen.insert(folder.to_owned());
        let code = fs::read_to_string(&file).unwrap();
        for used in used_of_crate(&code) {
            let other = floor(used);
            let other = other.unwrap_or_else(|| panic!("{inside:?} uses crate::{used}, no folder"));
            assert!(other >= own, "{inside:?} must not use {used}: it is above {folder}");
        }
        // From one folder to another it goes by `crate::`, where it is seen.
        let depth = inside.iter().count() - usize::from(inside.ends_with("mod.rs"));
        let to_the_root = "super::".repeat(depth);
        let out =
            code.lines().find(|line| line.contains(&to_the_root) && !line.contains("super::*"));
        assert!(out.is_none(), "{inside:?} leaves its folder: {out:?}");
    }
    assert_eq!(seen.len(), FLOORS.len(), "{seen:?}");
}
