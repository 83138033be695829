//! A small site of linked pages for a crawler, below `/linked/SEED/`, and what a crawl of it finds.
//!
//! Everything follows from the seed, so the right answer is known before a crawler has run. There
//! are 40 pages in a tree, with links back and across, and every kind of link that a crawler must
//! be careful with: redirects, circles, pages that are gone, pages that fail for a while, pages
//! that robots.txt forbids, and a trap that grows without end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::Mutex;

use crate::seeded::splitmix64;

/// How many pages there are, the trap apart.
const PAGES: u64 = 40;
/// How many links may lead from the first page to the last one that is fetched.
const DEPTH: u32 = 8;
/// How many redirects may follow one another.
const REDIRECTS: u32 = 5;
/// How often a page fails before it answers, and how often one that always fails is tried again.
const FAILURES: u32 = 2;

/// What robots.txt says: paths that begin so are not for crawlers.
pub(crate) const ROBOTS: &str = "User-agent: *\nDisallow: /linked/private/\n";

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Page(Vec<Link>),
    Redirect(String),
    /// An answer of this status, and then the same again.
    Status(u16),
    /// Status 503 twice, and then a page.
    Flaky,
    /// The connection is closed without an answer. (A fault that others serve.)
    Fault(&'static str),
    Private,
    Outside,
}

/// A link as the page writes it, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    written: String,
    to: String,
}

/// How often each flaky page was asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<BTreeMap<String, u32>>);

/// An answer: its status, its type, a `Location` if it is a redirect, and its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// The report that a crawler must come to, if it starts at `http://HOST/linked/SEED/page/0`,
/// follows at most 8 links and 5 redirects, and tries each page at most three times.
///
/// The same text is served at `/linked/SEED/answer`.
///
/// ```
/// let answer = practice_site::linked_answer(2016, "127.0.0.1:8000");
/// assert!(answer.starts_with("fetched: "));
/// assert!(answer.contains("\noutside: http://outside.invalid/\n"));
/// ```
pub fn linked_answer(seed: u64, host: &str) -> String {
    let site = |path: &str| match path.strip_prefix("//") {
        Some(outside) => format!("http://{outside}"),
        None => format!("http://{host}{path}"),
    };
    let (mut far, mut found) = (BTreeSet::new(), BTreeMap::new());
    let mut waiting = VecDeque::from([(path(seed, "page", 0), 0, 0)]);
    // Breadth first. A path that is met again with fewer redirects before it leads further then.
    while let Some((path, steps, redirects)) = waiting.pop_front() {
        let known = found.get(&path).copied();
        if known.is_some_and(|(s, r)| s <= steps && r <= redirects) {
            continue;
        }
        if steps > DEPTH {
            far.insert(path);
            continue;
        }
        let (s, r) = known.unwrap_or((steps, redirects));
        let (steps, redirects) = (steps.min(s), redirects.min(r));
        found.insert(path.clone(), (steps, redirects));
        match place(seed, &path) {
            Place::Page(links) => {
                waiting.extend(links.into_iter().map(|link| (link.to, steps + 1, 0)));
            }
            Place::Redirect(to) if redirects < REDIRECTS => {
                waiting.push_back((to, steps, redirects + 1));
            }
            _ => {}
        }
    }
    far.retain(|path| !found.contains_key(path));

    let (mut pages, mut redirects, mut retries) = (0, 0, 0);
    let mut lines = [const { BTreeSet::new() }; 4];
    for path in found.keys() {
        match place(seed, path) {
            Place::Page(_) => pages += 1,
            Place::Redirect(_) => redirects += 1,
            Place::Flaky => (pages, retries) = (pages + 1, retries + FAILURES),
            Place::Status(503) | Place::Fault(_) => retries += FAILURES,
            Place::Status(_) => {}
            Place::Private => drop(lines[1].insert(format!("forbidden: {}", site(path)))),
            Place::Outside => drop(lines[2].insert(format!("outside: {}", site(path)))),
        }
        let Place::Page(links) = place(seed, path) else { continue };
        for link in links {
            if let Some(why) = broken(seed, &link.to) {
                let (to, on) = (site(&link.to), site(path));
                lines[0].insert(format!("broken: {to} ({why}), linked on {on}"));
            }
        }
    }
    lines[3].extend(far.iter().map(|path| format!("too deep: {}", site(path))));
    let mut answer = format!("fetched: {pages} pages, {redirects} redirects, {retries} retries\n");
    for line in lines.iter().flatten() {
        let _ = writeln!(answer, "{line}");
    }
    answer
}

/// Why a link is broken, if it is.
fn broken(seed: u64, to: &str) -> Option<String> {
    let mut to = to.to_owned();
    for _ in 0..=REDIRECTS {
        match place(seed, &to) {
            Place::Redirect(next) => to = next,
            Place::Status(status) => return Some(format!("status {status}")),
            Place::Fault(name) => return Some(name.to_owned()),
            _ => return None,
        }
    }
    Some(format!("more than {REDIRECTS} redirects"))
}

fn path(seed: u64, kind: &str, number: u64) -> String {
    format!("/linked/{seed}/{kind}/{number}")
}

/// What is at a path that some page links to.
fn place(seed: u64, path_: &str) -> Place {
    if path_.starts_with("//") {
        return Place::Outside;
    }
    if path_.starts_with("/linked/private/") {
        return Place::Private;
    }
    if path_ == "/fault/empty-reply" {
        return Place::Fault("empty-reply");
    }
    let words: Vec<&str> = path_.split('/').skip(3).collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    match words[..] {
        ["page", n] if number(n) < PAGES => Place::Page(links(seed, number(n))),
        ["leaf?a=1&b=2"] => Place::Page(Vec::new()),
        ["trap", n] if number(n) < u64::MAX => {
            let to = path(seed, "trap", number(n) + 1);
            Place::Page(vec![Link { written: to.clone(), to }])
        }
        // So many redirects, and then a page.
        ["redirect", "0", n] => Place::Redirect(path(seed, "page", number(n))),
        ["redirect", more, n] if (1..100).contains(&number(more)) => {
            Place::Redirect(format!("/linked/{seed}/redirect/{}/{n}", number(more) - 1))
        }
        ["moved-and-gone", n] => Place::Redirect(path(seed, "gone", number(n))),
        ["circle", n] if number(n) < 3 => {
            Place::Redirect(path(seed, "circle", (number(n) + 1) % 3))
        }
        ["flaky", n] if number(n) < PAGES => Place::Flaky,
        ["down", n] if number(n) < PAGES => Place::Status(503),
        _ => Place::Status(404),
    }
}

/// The links of a page: two children, one somewhere, and one of the kinds that need care.
fn links(seed: u64, n: u64) -> Vec<Link> {
    let random = splitmix64(seed, n);
    let link = |written: String, to: String| Link { written, to };
    let full = |kind: &str, number: u64| link(path(seed, kind, number), path(seed, kind, number));
    let mut links = Vec::new();
    for child in (2 * n + 1..=2 * n + 2).filter(|child| *child < PAGES) {
        links.push(link(child.to_string(), path(seed, "page", child)));
    }
    let across = random % PAGES;
    links.push(link(format!("../page/./{across}#part"), path(seed, "page", across)));
    // Each kind is there, because the first pages take them in turn; the seed chooses the others.
    let kind = if n < 12 { n } else { (random >> 8) % 12 };
    let number = (random >> 16) % PAGES;
    let slash = |text: String| link(text.clone(), text);
    links.push(match kind {
        0 => full("trap", 1),
        1 => full("gone", number),
        2 => slash(format!("/linked/{seed}/redirect/{}/{number}", number % REDIRECTS as u64)),
        3 => slash(format!("/linked/{seed}/redirect/{}/{number}", REDIRECTS as u64 + 2)),
        4 => full("circle", number % 3),
        5 => full("flaky", number),
        6 => full("down", number),
        7 => slash(format!("/linked/private/{seed}/{number}")),
        8 => link("http://outside.invalid/#top".into(), "//outside.invalid/".into()),
        9 => full("moved-and-gone", number),
        10 => link("../leaf?a=1&amp;b=2".into(), format!("/linked/{seed}/leaf?a=1&b=2")),
        _ => slash("/fault/empty-reply".into()),
    });
    links
}

/// The answer to a request for this path and query; `None` if nothing is there.
pub(crate) fn serve(target: &str, host: &str, asked: &Asked) -> Option<Served> {
    let text = |status, body: String| {
        Some(Served { status, content_type: "text/plain", location: None, body })
    };
    if let Some(rest) = target.strip_prefix("/linked/private/") {
        return text(200, format!("A crawler that reads robots.txt does not come to {rest}.\n"));
    }
    let (seed, rest) = target.strip_prefix("/linked/")?.split_once('/')?;
    let seed: u64 = seed.parse().ok()?;
    if rest == "answer" {
        return text(200, linked_answer(seed, host));
    }
    match place(seed, target) {
        Place::Page(links) => Some(html(target, &links)),
        Place::Redirect(to) => {
            let body = format!("See {to}.\n");
            Some(Served { status: 302, content_type: "text/plain", location: Some(to), body })
        }
        Place::Flaky => {
            let mut asked = asked.0.lock().expect("nobody panics with the lock");
            let times = asked.entry(target.to_owned()).or_default();
            *times = (*times + 1) % (FAILURES + 1);
            match *times {
                0 => Some(html(target, &[])),
                _ => text(503, "This page answers at the third request.\n".into()),
            }
        }
        Place::Status(status) => text(status, format!("Status {status}, as always.\n")),
        Place::Fault(_) | Place::Private | Place::Outside => None,
    }
}

/// A page, with what is not a link as well: in a comment, in a text, and of other schemes.
fn html(title: &str, links: &[Link]) -> Served {
    let mut body = format!(
        "<!DOCTYPE html>\n<title>{title}</title>\n<!-- <a href=\"/comment\">no link</a> -->\n\
         <p>&lt;a href=\"/text\"&gt; is how a link is written.\n\
         <p><a href=\"mailto:nobody@outside.invalid\">mail</a> <a name=\"part\">part</a>\n"
    );
    for (place, Link { written, .. }) in links.iter().enumerate() {
        let _ = match place % 2 {
            0 => writeln!(body, "<p><a class=x href=\"{written}\">link</a>"),
            _ => writeln!(body, "<p><A HREF='{written}' >link</A>"),
        };
    }
    Served { status: 200, content_type: "text/html", location: None, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_every_kind_of_line_at_every_seed() {
        for seed in [0, 1, 2016, u64::MAX] {
            let answer = linked_answer(seed, "localhost");
            for line in [
                "fetched: ",
                "\nbroken: ",
                "(status 404), ",
                "(status 503), ",
                "(more than 5 redirects), ",
                "(empty-reply), ",
                "\nforbidden: http://localhost/linked/private/",
                "\noutside: http://outside.invalid/\n",
                "\ntoo deep: http://localhost/linked/",
            ] {
                assert!(answer.contains(line), "seed {seed} has no {line:?}: {answer}");
            }
        }
    }

    #[test]
    fn a_flaky_page_answers_at_the_third_request() {
        let asked = Asked::default();
        let get = || serve("/linked/7/flaky/1", "localhost", &asked).unwrap().status;
        assert_eq!([get(), get(), get(), get()], [503, 503, 200, 503]);
    }

    #[test]
    fn every_link_leads_where_it_says() {
        for n in 0..PAGES {
            for link in links(3, n) {
                let is_gone = link.to.contains("/gone/");
                assert_eq!(place(3, &link.to) == Place::Status(404), is_gone, "{link:?}");
            }
        }
    }
}
