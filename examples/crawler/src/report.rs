use std::collections::BTreeSet;
use std::fmt;

use url::Url;

use crate::Frontier;
use crate::frontier::State;

/// What a crawl has found. It does not depend on the order in which the pages came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    pages: usize,
    redirects: usize,
    retries: u32,
    broken: BTreeSet<String>,
    forbidden: BTreeSet<String>,
    outside: BTreeSet<String>,
    too_deep: BTreeSet<String>,
}

impl Report {
    pub(crate) fn new(frontier: &Frontier, most_redirects: u32) -> Report {
        let mut report = Report { retries: frontier.retries, ..Report::default() };
        for (url, found) in &frontier.found {
            match &found.state {
                State::Page(links) => {
                    report.pages += 1;
                    for link in links {
                        if let Some(why) = broken(frontier, link, most_redirects) {
                            report.broken.insert(format!("{link} ({why}), linked on {url}"));
                        }
                    }
                }
                State::Redirect(_) => report.redirects += 1,
                State::Forbidden => drop(report.forbidden.insert(url.to_string())),
                State::Outside => drop(report.outside.insert(url.to_string())),
                State::TooDeep => drop(report.too_deep.insert(url.to_string())),
                State::Open | State::Broken(_) => {}
            }
        }
        for start in frontier.starts() {
            if let Some(why) = broken(frontier, start, most_redirects) {
                report.broken.insert(format!("{start} ({why}), a start"));
            }
        }
        report
    }
}

/// Why a link is broken, if it is: it is followed through its redirects.
fn broken(frontier: &Frontier, link: &Url, most_redirects: u32) -> Option<String> {
    let mut url = link;
    for _ in 0..=most_redirects {
        match &frontier.found.get(url)?.state {
            State::Redirect(to) => url = to,
            State::Broken(why) => return Some(why.clone()),
            _ => return None,
        }
    }
    Some(format!("more than {most_redirects} redirects"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { pages, redirects, retries, .. } = self;
        writeln!(f, "fetched: {pages} pages, {redirects} redirects, {retries} retries")?;
        let groups = [
            ("broken", &self.broken),
            ("forbidden", &self.forbidden),
            ("outside", &self.outside),
            ("too deep", &self.too_deep),
        ];
        for (name, lines) in groups {
            for line in lines {
                writeln!(f, "{name}: {line}")?;
            }
        }
        Ok(())
    }
}
