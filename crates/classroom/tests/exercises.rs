//! The exercises of the house, and what is told of one that is wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use classroom::{EXERCISES, Exercise, Folder, LEVELS, Value};

/// All exercises of the house.
fn all() -> Vec<(Folder, Exercise)> {
    let read = |folder: Folder| match Exercise::read(&folder) {
        Ok(exercise) => (folder, exercise),
        Err(wrong) => panic!("{}: {wrong}", folder.name),
    };
    EXERCISES.all().into_iter().map(read).collect()
}

#[test]
fn every_folder_of_the_tree_is_embedded_and_right() {
    let tree = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../exercises"));
    let folders = fs::read_dir(tree).unwrap().map(|entry| entry.unwrap().path());
    let in_tree: BTreeSet<String> = folders
        .filter(|path| path.join("exercise.toml").exists())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let embedded: BTreeSet<String> = all().into_iter().map(|(folder, _)| folder.name).collect();
    assert_eq!(embedded, in_tree);
    assert!(Folder::plumbing("py").is_some());
}

#[test]
fn ids_are_unique_and_begin_with_their_chapter() {
    let mut ids = BTreeSet::new();
    for (_, exercise) in all() {
        assert!(ids.insert(exercise.id.clone()), "{} stands for two exercises", exercise.id);
        assert!(exercise.id.starts_with(&exercise.chapter.to_string()), "{}", exercise.id);
    }
}

/// A student gets three hints for everything that a rule can find, and no wrong program.
#[test]
fn students_get_what_they_need() {
    let mut without_hints = Vec::new();
    for (folder, exercise) in all() {
        let id = &exercise.id;
        for reason in exercise.reasons() {
            let has = |level| exercise.hint(reason, level).is_some_and(|hint| hint.len() > 20);
            if !(1..=LEVELS).all(has) {
                without_hints.push(format!("{id}: {reason}"));
            }
            assert_eq!(exercise.hint(reason, LEVELS + 1), None);
        }
        let readme = folder.text("README.md").unwrap();
        assert!(readme.lines().count() <= 15, "{id}: its README.md has more than 15 lines");
        assert!(readme.contains(&format!("check {id}")), "{id}: its README.md says no command");
        for part in ["start/", "solution/"] {
            let languages = ["py", "rs", "js"];
            let is_there = languages.iter().any(|end| folder.program(part, end).is_some());
            assert!(is_there, "{id} has nothing in {part}");
        }
        assert!(folder.program("wrong/", "py").is_none(), "{id}");
    }
    assert!(without_hints.is_empty(), "no three hints for {without_hints:?}");
}

const RIGHT: &str = r#"name = "x"
chapter = 1
question = "?"
start = "too-few"
concurrency = 3
[[run]]
paths = ["/{n}?delay=5ms", "/{n}"]
rules = [
  { peak-waiting = 2 },
]
[hints]
too-few = ["a", "b", "c"]
"#;

#[test]
fn what_is_left_out_has_a_default() {
    let exercise = Exercise::parse("x1", RIGHT).unwrap();
    let run = &exercise.runs[0];
    assert_eq!(run.paths, ["/1?delay=5ms", "/2"]);
    assert_eq!((run.deadline.as_secs(), run.silence.as_secs()), (5, 10));
    assert_eq!((run.site.delay.as_millis(), run.site.events), (100, true));
    assert_eq!(run.rules[0].value, Value::Range(2, 2));
    assert_eq!(exercise.hint("too-few", 2), Some("b"));
    assert!(exercise.hint("hung", 1).is_some(), "every exercise has hints for the basics");
}

/// Each is told with its line, and with what would work.
#[test]
fn what_is_wrong_is_told_with_its_line() {
    let check = |from: &str, to: &str, told: &str| {
        assert!(RIGHT.contains(from), "{from}");
        let wrong = Exercise::parse("x1", &RIGHT.replace(from, to)).expect_err(to).to_string();
        assert!(wrong.starts_with(&format!("exercise.toml, {told}")), "{wrong}");
    };
    let rule = "{ peak-waiting = 2 }";
    check(
        "chapter = 1",
        "chapter = \"one\"",
        "line 2: \"one\" will not do: a whole number is needed",
    );
    check("[[run]]", "[run]", "line 6: a table will not do: a list is needed");
    check("delay=5ms", "delay=soon", "line 7: `/1?delay=soon`: `delay=soon` is invalid");
    check("/{n}\"]", "/fault/none\"]", "line 7: `/fault/none`: There is no such fault");
    check("chapter = 1\n", "", "line 1: there is no `chapter`");
    check("question", "questions", "line 3: unknown field `questions`, expected one of");
    check("\"?\"", "\"?", "line 3: ");
    check("\"too-few\"", "\"too-slow\"", "line 4: the start fails for `too-slow`: no rule of this");
    check("concurrency = 3", "concurrency = 0", "line 5: concurrency = 0: at least 1 fetch");
    check("concurrency = 3\n", "", "line 6: this run has no `concurrency`: write concurrency = 3");
    check("\"/{n}\"", "\"1\"", "line 7: the path `1` does not begin with /: write \"/1\"");
    check("[\"/{n}?delay=5ms\", \"/{n}\"]", "[]", "line 7: 0 paths: a run has 1 to 10000");
    check("[\"/{n}?delay=5ms\", \"/{n}\"]", "3", "line 7: expected a list of paths, or { repeat");
    check(
        rule,
        "{ peak-waitin = 2 }",
        "line 9: no rule is called `peak-waitin`: did you mean peak-w",
    );
    check(rule, "\"nonsense\"", "line 9: no rule is called `nonsense`: write outcomes-all, ");
    check(rule, "\"peak-waiting\"", "line 9: peak-waiting takes peak-waiting = [3, 6] or");
    check(rule, "3", "line 9: 3 is not a rule: a rule is \"a-name\" or { a-name = 3 }");
    check(rule, "{ peak-waiting = [3, 2] }", "line 9: peak-waiting = [3, 2] will not do: write");
    check(rule, "{ peak-waiting = -1 }", "line 9: peak-waiting = -1 will not do: write");
    check(rule, "{ peak-waiting = 2, most = 3 }", "line 9: peak-waiting has no parameter `most`");
    check(
        rule,
        "{ outcomes-all = 3 }",
        "line 9: outcomes-all takes nothing: write \"outcomes-all\"",
    );
    check(rule, "{ peak-waiting = 2, threads = 1 }", "line 9: peak-waiting and threads stand in");
    check("too-few = [\"a\"", "too-fw = [\"a\"", "line 12: hints for `too-fw`: no rule of this");
    check("too-few = [\"a\", ", "too-few = [", "line 12: this list needs 3 values");
    let time = |parameters: &str| format!("{{ free-place-median-ms = 100{parameters} }}");
    check(rule, &time(""), "line 9: free-place-median-ms judges a time, so it needs right = … and");
    check(rule, &time(", right = 80, wrong = 120"), "line 9: right = 80 and wrong = 120 are less");
    check(rule, &time(", right = 1, wrong = 50"), "line 9: the limit 100 is not between right = 1");
    let less = "{ sleeps-per-second = [1, 2], less-run = 1 }";
    check(rule, less, "line 9: less-run = 1: write the number of a run before this one");
}

/// `else` renames what a rule finds, `instead` what the basics find.
#[test]
fn reasons_have_the_names_that_the_exercise_gives_them() {
    let text = RIGHT
        .replace(
            "{ peak-waiting = 2 }",
            "{ peak-waiting = 2, else = \"in-turn\", says = \"both\" }",
        )
        .replace("too-few", "in-turn")
        .replace("rules = [", "instead = { hung = \"place-lost\" }\nrules = [");
    let exercise = Exercise::parse("x1", &text).unwrap();
    let reasons: Vec<&str> = exercise.reasons().into_iter().collect();
    assert_eq!(reasons, ["crashed", "in-turn", "missing", "place-lost", "protocol"]);
    assert_eq!(exercise.runs[0].rules[0].label(), "both");
    let wrong = text.replace("{ hung =", "{ hang =");
    let wrong = Exercise::parse("x1", &wrong).unwrap_err().to_string();
    assert!(
        wrong.contains("line 8: instead of `hang`: write hung, protocol, crashed or"),
        "{wrong}"
    );
}
