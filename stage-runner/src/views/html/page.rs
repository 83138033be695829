//! The template, its style and its script as one file.
//!
//! Text from outside can only be text: askama escapes all of it; the data of the script has no `<`;
//! and the browser is told to run and to apply nothing but the script and the style with these
//! hashes, and to load nothing at all.

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::model::Page;
use crate::results::Report;

#[derive(Template)]
#[template(path = "report.html")]
struct Document {
    page: Page,
    policy: String,
    style: String,
    script: String,
    data: String,
}

/// The whole page.
pub fn page(report: &Report) -> String {
    let page = Page::new(report);
    let (style, script) = (source(include_str!("report.css")), source(include_str!("report.js")));
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&style),
        hash(&script)
    );
    let data = serde_json::to_string(&page.replay).expect("numbers and texts are JSON");
    let data = inside_of_script(&data);
    let document = Document { page, policy, style, script, data };
    document.render().expect("it is written into memory")
}

/// A browser ends lines by a line feed before it hashes them, wherever the text was checked out.
fn source(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// JSON in which nothing can end the element around it, or a line of JavaScript.
fn inside_of_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use crawl::ErrorKind;
    use roxmltree::{Document, Node, ParsingOptions};

    use super::*;
    use crate::results::{Activity, Did, Fault, Place, Run, State, Step, Tenths};
    use crate::views::sample::{self, fail, leave};

    const HOSTILE: &str = "</script><script>x()</script><img src=x onerror='y()'>\u{2028}\u{202e}\"`${z}]]>--></title>\0\u{1b}[31m";

    /// The page as a tree, its script and its style left out.
    fn tree<T>(page: &str, look: impl FnOnce(&Document<'_>) -> T) -> T {
        let mut left = String::new();
        let mut rest = page;
        for (from, to) in
            [("<style>", "</style>"), ("id=\"data\">", "</script>"), ("<script>", "</script>")]
        {
            let (before, after) = rest.split_once(from).expect(from);
            let (_, after) = after.split_once(to).expect(to);
            let _ = write!(left, "{before}{from}{to}");
            rest = after;
        }
        left += rest;
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let document = Document::parse_with_options(&left, options);
        look(&document.unwrap_or_else(|error| panic!("{error}: {left}")))
    }

    fn all<'a>(document: &'a Document<'_>, name: &'a str) -> Vec<Node<'a, 'a>> {
        document.descendants().filter(|node| node.has_tag_name(name)).collect()
    }

    fn text(node: Node<'_, '_>) -> String {
        let texts = node.descendants().filter_map(|node| node.text().filter(|_| node.is_text()));
        texts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// So many steps of each page of a run, as an event loop would take them.
    fn record(run: &mut Run, place: &str) {
        let mut activity = Activity {
            workers: vec![crawl::Worker::Main],
            places: vec![Place::from(place)],
            ..Activity::default()
        };
        let words = [
            (Did::Begun, State::Running),
            (Did::Sent, State::Running),
            (Did::Parked, State::Running),
            (Did::Slept, State::Selecting),
            (Did::Woken, State::Running),
            (Did::Resumed, State::Receiving),
            (Did::Received, State::Running),
            (Did::Finished, State::Running),
        ];
        let mut from = 0;
        for (did, state) in words {
            for target in 0..run.outcomes.len() {
                let is_loop = matches!(did, Did::Slept | Did::Woken);
                activity.steps.push(Step {
                    from: Tenths(from),
                    length: Tenths(7 + target as u64 % 5),
                    worker: 0,
                    did: Some(did.clone()),
                    state,
                    target: Some(target).filter(|_| !is_loop),
                    place: Some(0),
                    number: None,
                    asleep: did == Did::Slept,
                });
                from += 20 + target as u64 % 5;
            }
        }
        run.activity = Some(activity);
    }

    fn recorded(stages: &str, pages: usize) -> Report {
        let mut report = sample::report(stages, &[]).with_pages(pages).run();
        let runs = std::mem::take(&mut report.runs);
        for mut run in runs {
            record(&mut run, "crates/05-callbacks/src/lib.rs:60");
            report.add(run);
        }
        report
    }

    #[test]
    fn every_report_is_a_page() {
        let mut failed = sample::report("blocking,epoll,mine", &["mine=./crawl"]).run();
        fail(&mut failed.runs[0], 3, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        fail(&mut failed.runs[1], 3, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        leave(&mut failed.runs[2], 1, Fault::Hung { silent_us: 9 });
        let mut skipped = sample::report("epoll", &[]).run();
        skipped.runs[0] = Run::skipped(0, 0, "this system has no such thing".to_owned());
        let nothing = sample::report("epoll", &[]).with_urls(&[]).run();
        let reports = [
            sample::report("", &[]).run(),
            sample::report("epoll", &[]).run(),
            sample::report("epoll", &[]),
            sample::report("", &[]).with_rounds(3).run(),
            recorded("blocking,epoll", 10),
            failed,
            skipped,
            nothing,
        ];
        for report in reports {
            let rows = tree(&page(&report), |document| {
                let stages = all(document, "table")[0];
                stages.descendants().filter(|node| node.attribute("scope") == Some("row")).count()
            });
            assert_eq!(rows, report.rows().len());
        }
    }

    #[test]
    fn the_page_says_what_the_run_showed() {
        let mut report = sample::report("blocking,epoll,async-await", &[]).run();
        let headline =
            |report: &Report| tree(&page(report), |document| text(all(document, "h2")[0]));
        assert_eq!(
            headline(&report),
            "Two kinds of time: the sum of all waits (4.5 s) or the longest wait (0.45 s)."
        );
        for run in &mut report.runs {
            fail(run, 3, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        }
        fail(&mut report.runs[1], 4, ErrorKind::Truncated, "too short", 450_000);
        assert_eq!(headline(&report), "No stage fetched every page.");
        let failures = tree(&page(&report), |document| {
            let list =
                document.descendants().find(|node| node.attribute("class") == Some("failures"));
            list.unwrap().children().filter(Node::is_element).map(text).collect::<Vec<_>>()
        });
        assert_eq!(
            failures,
            [
                "✕ /4 timeout: no answer within 10 s at every stage",
                "✕ /5 truncated: too short epoll",
            ]
        );
        let one_by_one = sample::report("blocking,busy-wait", &[]).run();
        assert!(headline(&one_by_one).starts_with("One page after the other"));
    }

    #[test]
    fn hostile_words_are_text() {
        let mut report = recorded("blocking,epoll", 10);
        report.setting.urls =
            (0..10).map(|page| format!("http://a.test/{page}{HOSTILE}")).collect();
        report.setting.site = None;
        report.setting.build.version = HOSTILE.to_owned();
        report.setting.machine.os = HOSTILE.to_owned();
        report.entrants[0].name += HOSTILE;
        report.entrants[1].stage = None;
        fail(&mut report.runs[0], 3, ErrorKind::Io, HOSTILE, 10);
        report.runs[1].fault = Some(Fault::NotStarted {
            program: HOSTILE.into(),
            why: HOSTILE.into(),
            is_shortage: false,
        });
        if let Some(activity) = &mut report.runs[0].activity {
            activity.places[0] = Place::from(HOSTILE);
            activity.steps[0].did = Some(Did::Other(HOSTILE.to_owned()));
        }
        let page = page(&report);
        assert_eq!(page.matches("</script>").count(), 2, "of the data and of the script");
        assert!(!page.contains(['\u{2028}', '\u{202e}', '\0', '\u{1b}']));
        tree(&page, |document| {
            assert!(all(document, "img").is_empty());
            assert_eq!(all(document, "script").len(), 2);
            let said = text(document.root_element());
            assert!(
                said.contains(
                    r#"/3</script><script>x()</script><img src=x onerror='y()'>\u{2028}\u{202e}"#
                ),
                "{said}"
            );
            let attributes = document.descendants().flat_map(|node| node.attributes());
            let wrong = attributes.filter(|it| it.name() == "style" || it.name().starts_with("on"));
            assert_eq!(wrong.count(), 0, "the policy allows neither");
        });
        let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert!(data["stages"][0]["fetches"][3]["path"].as_str().unwrap().contains("<img src=x"));
    }

    #[test]
    fn the_policy_allows_this_script_and_this_style_alone() {
        let page = page(&sample::report("epoll", &[]).run());
        let between = |from: &str, to: &str| {
            page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned()
        };
        let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
        let policy = policy.replace("&#39;", "'");
        let style = hash(&between("<style>", "</style>"));
        let script = hash(&between("<script>", "</script>"));
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(
            policy.contains(&format!("style-src '{style}'; script-src '{script}';")),
            "{policy}"
        );
    }

    #[test]
    fn a_thousand_pages_at_ten_stages_are_less_than_a_megabyte() {
        let stages = "thread-pool,select,poll,epoll,polling,generator-task,yield-from,async-await,asyncio,tokio";
        let page = page(&recorded(stages, 1000));
        assert!(page.len() < 1_000_000, "{} bytes", page.len());
        assert!(page.contains("24 of 1,000 pages are shown"));
        assert!(page.contains("980 pages more are in the JSON"));
    }

    #[test]
    fn code_is_shown_where_it_is_the_same_code() {
        let mut report = recorded("epoll", 3);
        let is_shown = |report: &Report| page(report).contains("\"parts\":[{\"from\":");
        assert!(is_shown(&report));
        report.sources.values_mut().for_each(|hash| *hash = "sha256:0".to_owned());
        assert!(!is_shown(&report));
        assert!(
            page(&report)
                .contains("Its code is not shown: crates/05-callbacks/src/lib.rs was different")
        );
        if let Some(activity) = &mut report.runs[0].activity {
            activity.places[0] = Place::from("/etc/passwd:1");
        }
        assert!(page(&report).contains("The code of a program is not shown"));
    }
}
