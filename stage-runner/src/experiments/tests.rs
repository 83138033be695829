//! What must be true of every experiment: its texts, its place in the book, its ranges.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).to_owned()
}

/// The pages that people read: the book, those for teachers, and what stands beside them.
fn pages() -> Vec<(String, String)> {
    let folders = ["docs", "docs/teaching"].map(|name| fs::read_dir(root().join(name)).unwrap());
    let docs = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    let others = ["README.md", "CHANGELOG.md"].map(|name| root().join(name));
    docs.chain(others).map(|path| (path.display().to_string(), read(&path))).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The names after `experiment` where a text shows the command.
fn named(text: &str) -> BTreeSet<String> {
    let pieces: Vec<&str> = text.split("experiment ").collect();
    let is_command = |before: &str| {
        ["`", "stage-runner ", "cargo waits "].iter().any(|end| before.ends_with(end))
    };
    let name = |after: &str| {
        let end = after.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(after.len());
        after[..end].to_owned()
    };
    let commands = pieces.windows(2).filter(|pair| is_command(pair[0]));
    commands.map(|pair| name(pair[1])).filter(|name| !name.is_empty()).collect()
}

#[test]
fn names_in_a_text_are_found() {
    let text = "An experiment asks. `experiment busy` and <code>stage-runner experiment \
                two-kinds</code>, `stage-runner experiment NAME`; cargo waits experiment drip";
    let expected = ["busy", "drip", "two-kinds"].map(str::to_owned);
    assert_eq!(named(text), BTreeSet::from(expected));
}

#[test]
fn every_experiment_is_complete() {
    let names: BTreeSet<_> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
    assert_eq!(names.len(), EXPERIMENTS.len(), "a name is there twice");
    assert!(EXPERIMENTS.is_sorted_by_key(|experiment| experiment.chapter));
    let places: BTreeSet<_> = EXPERIMENTS.iter().map(|experiment| experiment.right).collect();
    assert!(places.len() > 2, "the right choice is not always in the same place");
    for experiment in EXPERIMENTS {
        let name = experiment.name;
        assert!((2..=5).contains(&experiment.choices.len()), "{name}");
        assert!(experiment.right < experiment.choices.len(), "{name}");
        assert!(!experiment.ranges.is_empty() && experiment.rounds > 0, "{name}");
        assert!(experiment.ranges.iter().any(|range| range.judged == Judged::Always), "{name}");
        assert!(experiment.question.ends_with('?'), "{name}");
        assert!(experiment.scene.ends_with('.'), "{name}");
        assert!(experiment.choices.iter().all(|choice| !choice.ends_with('.')), "{name}");
    }
}

/// The runner takes these paragraphs, and shows them as they are.
#[test]
fn every_experiment_has_one_block_that_says_why() {
    let pages = pages();
    for experiment in EXPERIMENTS {
        let name = experiment.name;
        let mark = format!("<!-- experiment {name} -->");
        let found: usize = pages.iter().map(|(_, text)| text.matches(&mark).count()).sum();
        assert_eq!(found, 1, "{mark}");
        let why = why(experiment.chapter, name);
        let why = why.unwrap_or_else(|| panic!("{name}: not in chapter {}", experiment.chapter));
        let text = why.join(" ");
        let sentences = text.matches(['.', '?']).count();
        assert!((3..=8).contains(&sentences), "{name}: {sentences} sentences");
        assert!(!text.contains("](") && !text.contains("<"), "{name}: a terminal shows no links");
    }
    let marks = pages.iter().flat_map(|(path, text)| {
        text.split("<!-- experiment ").skip(1).map(move |rest| (path, rest))
    });
    for (path, rest) in marks {
        let (name, block) = rest.split_once(" -->\n").expect("the end of a comment");
        assert!(find(name).is_some(), "{path}: no experiment is called {name}");
        let summary = format!(
            "<details>\n<summary>Try it: <code>stage-runner experiment {name}</code></summary>\n\n"
        );
        assert!(block.starts_with(&summary), "{path}: {name} does not begin with {summary}");
    }
}

#[test]
fn what_the_book_names_exists() {
    let pages = pages();
    let names_some = |(path, text): &(String, String)| {
        path.ends_with("students-ask.md") && !named(text).is_empty()
    };
    assert!(pages.iter().any(names_some), "the pages for teachers are among them");
    for (path, text) in pages {
        for name in named(&text) {
            assert!(find(&name).is_some(), "{path}: no experiment is called {name}");
        }
    }
    for experiment in EXPERIMENTS {
        for name in named(experiment.next) {
            assert!(find(&name).is_some(), "after {}: {name}", experiment.name);
        }
        for rest in experiment.next.split("stage-runner take ").skip(1) {
            let exercise = rest.split(';').next().expect("a split has a first part");
            let is_it = |name: &str| name.starts_with(&format!("{exercise}-"));
            let folders = fs::read_dir(root().join("exercises")).unwrap();
            let mut names = folders.map(|entry| entry.unwrap().file_name());
            assert!(names.any(|name| is_it(&name.to_string_lossy())), "{}", experiment.next);
        }
    }
}

#[test]
fn the_page_on_experiments_lists_all() {
    let page = read(&root().join("docs/experiments.md"));
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let rows: Vec<&str> = rows.into_iter().filter(|row| row.contains(".md) |")).collect();
    let expected: Vec<String> = EXPERIMENTS
        .iter()
        .map(|experiment| {
            let chapter = experiment.chapter;
            let (path, _) = why::page(chapter).expect("the page of a chapter");
            let file = path.trim_start_matches("docs/");
            format!("| `{}` | [{chapter}]({file}) | {} |", experiment.name, experiment.question)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn where_to_look_there_is_something() {
    for experiment in EXPERIMENTS {
        let (file, word) = experiment.look;
        let text = read(&root().join(file));
        assert!(text.contains(word), "{}: no `{word}` in {file}", experiment.name);
        let (own, _) = experiment.sources[0];
        assert!(own.starts_with("stage-runner/src/experiments/"), "{own}");
        for (path, text) in experiment.sources {
            assert_eq!(*text, read(&root().join(path)), "{path}");
        }
    }
}

#[test]
fn names_and_what_may_have_been_meant() {
    assert_eq!(find("Busy_All").unwrap().name, "busy-all");
    assert!(find("bussy").is_none());
    assert_eq!(nearest("bussy"), ["busy"]);
    assert_eq!(nearest("polled"), ["how-often-polled"]);
    assert_eq!(nearest("xyzzy"), [""; 0]);
    assert_eq!(nearest(""), [""; 0]);
    let busy = find("busy").unwrap();
    assert_eq!((busy.choice(" B "), busy.choice("d"), busy.choice("")), (Some(1), None, None));
    assert_eq!(busy.letters(), "a, b, c");
    assert!(crawling_part("drip:each-call").is_some());
    assert!(crawling_part("drip:no-call").is_none() && crawling_part("epoll").is_none());
}

/// `busy` with such measures: wall, CPU, in vain twice.
fn busy(measures: [Option<f64>; 4], share: f64) -> Finding {
    let measures = measures.map(|number| number.ok_or_else(|| "no number".to_owned()));
    let seen = Seen { measures: measures.into(), ..Seen::default() };
    Finding::judge(find("busy").unwrap(), &[seen], share)
}

#[test]
fn counts_are_judged_always_and_times_when_it_is_quiet() {
    use Verdict::*;
    let healthy = [Some(1.01), Some(880.0), Some(1_247_281.0), Some(0.0)];
    assert_eq!(busy(healthy, 0.97).verdict(), AsExpected);
    let finding = busy(healthy, 0.33);
    assert_eq!(finding.verdicts, [TooBusy, AsExpected, AsExpected, AsExpected]);
    let slow = [Some(1.6), Some(4.0), None, Some(0.0)];
    let finding = busy(slow, 0.33);
    assert_eq!(finding.verdicts, [TooBusy, NotHere, Unknown, AsExpected]);
    assert_eq!(finding.verdict(), NotHere, "what was seen otherwise counts most");
    assert_eq!(busy(slow, 0.7).verdicts[0], NotHere);
}

#[test]
fn of_several_rounds_the_medians_count() {
    let round = |wall: u64, name: &str, measure| Seen {
        columns: vec!["wall", "order"],
        rows: vec![("epoll", vec![Cell::Time(wall), Cell::Text(name.to_owned())])],
        measures: vec![measure],
    };
    let rounds = [round(3, "a", Ok(9.0)), round(1, "b", Ok(7.0)), round(2, "c", Ok(8.0))];
    assert_eq!(Seen::median(&rounds), round(2, "a", Ok(8.0)));
    let why = || Err("one round did not tell".to_owned());
    let two = [round(3, "a", Ok(9.0)), round(1, "b", why())];
    assert_eq!(Seen::median(&two), round(1, "a", why()));
}

#[test]
fn ranges_in_words() {
    let range = |healthy, form| Range { unit: "pages", healthy, form, judged: Judged::Always };
    for (healthy, form, expects) in [
        (10_000.0..=f64::INFINITY, Form::Count, "at least 10,000 pages"),
        (0.0..=0.0, Form::Count, "0 pages"),
        (0.0..=1.1, Form::Ratio, "at most 1.1 pages"),
        (5.0..=15.0, Form::Ratio, "5 to 15 pages"),
    ] {
        assert_eq!(range(healthy, form).expects(), expects);
    }
    let says = |number| range(0.0..=1.0, Form::Ratio).says(number);
    assert_eq!(says(1.006), "1.01 pages");
    assert_eq!(says(9.996), "10.0 pages");
    assert_eq!(says(1234.5), "1,235 pages");
}
