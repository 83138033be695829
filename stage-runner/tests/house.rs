//! Who may know whom: the rules of the house, held by a test.

use std::collections::{BTreeMap, BTreeSet};
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
    name.starts_with("stage-") && name != "stage-runner"
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
    let lessons = [(2, 1), (3, 1), (7, 6)];
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
    nobody(|name| name == "crawl" || name == "practice-site", &["corpus"]);
}

/// Every stage of the house, and its yardstick, is in the runner's table: it is in it, or it does not exist.
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
