//! What a request means: a page, a text or a fault.

use std::time::Duration;

use crate::arrival::Reply;
use crate::faults;
use crate::front_page;
use crate::linked::{self, Served};
use crate::named::Refused;
use crate::page::{Framing, Page, reason};
use crate::query::{self, Cut};
use crate::request::{Parsed, Request};
use crate::script::Step;
use crate::seeded::page_delay;
use crate::shared::Shared;

/// Kept small: ten thousand of these may wait for their time at once.
#[derive(Debug)]
pub(crate) enum Answer {
    Page(Page),
    /// A status, a delay, and a complete answer: the front page, what is wrong with the request, or
    /// the number of a counter.
    Text(u16, Duration, String),
    Fault(Performance),
}

/// A fault, and how it is performed.
#[derive(Debug)]
pub(crate) struct Performance {
    pub(crate) name: &'static str,
    pub(crate) steps: &'static [Step],
    pub(crate) delay: Duration,
    pub(crate) pause: Duration,
    pub(crate) cut: Option<Cut>,
}

impl Answer {
    /// The answer, in the words of a report.
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Answer::Page(page) => Reply::Answer { status: page.status, delay: page.delay },
            Answer::Text(status, delay, _) => Reply::Answer { status: *status, delay: *delay },
            Answer::Fault(fault) => Reply::Fault(fault.name),
        }
    }
}

/// The answer to what has arrived so far; `None` as long as that is not a whole request.
pub(crate) fn answer(parsed: &Parsed<'_>, site: &Shared) -> Option<Answer> {
    match parsed {
        Parsed::Incomplete => None,
        Parsed::TooLarge => Some(refusal(431, "The head of the request is larger than 16 KiB.")),
        Parsed::Wrong(why) => Some(refusal(400, why)),
        Parsed::Complete(request) => {
            let answer = match request.method {
                "GET" => get(request, site).unwrap_or_else(|answer| answer),
                method => refusal(405, &format!("This site understands GET, not {method}.")),
            };
            Some(match (request.method, answer) {
                ("HEAD", Answer::Text(status, delay, text)) => {
                    Answer::Text(status, delay, without_body(text))
                }
                (_, answer) => answer,
            })
        }
    }
}

fn get(request: &Request<'_>, site: &Shared) -> Result<Answer, Answer> {
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    if path == "/" {
        return Ok(text(200, "text/html", &front_page::html(site, request.host)));
    }
    if let Some(name) = path.strip_prefix("/fault/") {
        return fault(name, query);
    }
    if let Some(name) = path.strip_prefix("/counter/") {
        return counter(name, query, site);
    }
    if let Some(name) = path.strip_prefix("/flaky/") {
        return flaky(name, query, site);
    }
    if path == "/robots.txt" {
        return Ok(text(200, "text/plain", linked::ROBOTS));
    }
    if path.starts_with("/linked/") {
        let host = request.host.map_or_else(|| site.host(), str::to_owned);
        return match linked::serve(request.target, &host, &site.asked) {
            Some(served) => Ok(answer_of(&served)),
            None => Err(refusal(404, "There is no such path. Try /linked/2016/page/0.")),
        };
    }
    match path[1..].parse() {
        Ok(number) if (1..=site.config.pages).contains(&number) => page(number, query, site),
        Ok(_) => Err(refusal(404, &format!("The pages are /1 to /{}.", site.config.pages))),
        Err(_) => Err(refusal(404, NO_SUCH_PATH)),
    }
}

/// Whether the site serves this path and query, on one of its ports.
///
/// # Errors
/// What is wrong with it, and what would work: the site would refuse it.
///
/// ```
/// assert_eq!(practice_site::check_path("/1?delay=50ms"), Ok(()));
/// let wrong = practice_site::check_path("/fault/no-such").unwrap_err();
/// assert_eq!(wrong, "There is no such fault. All faults are listed at `/`.");
/// ```
pub fn check_path(target: &str) -> Result<(), String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameters = if let Some(name) = path.strip_prefix("/fault/") {
        if !faults::FAULTS.iter().any(|fault| fault.name == name) {
            return Err(NO_SUCH_FAULT.to_owned());
        }
        query::FOR_FAULTS
    } else if path.starts_with("/counter/") {
        query::FOR_COUNTERS
    } else if path.starts_with("/flaky/") {
        query::FOR_FLAKY
    } else if path == "/" || path == "/robots.txt" || path.starts_with("/linked/") {
        return Ok(());
    } else if path
        .strip_prefix('/')
        .is_some_and(|page| page.parse().is_ok_and(|page: u64| page > 0))
    {
        query::FOR_PAGES
    } else {
        return Err(NO_SUCH_PATH.to_owned());
    };
    query::parse(query, parameters).map(drop)
}

const NO_SUCH_FAULT: &str = "There is no such fault. All faults are listed at `/`.";
const NO_SUCH_PATH: &str = "There is no such path. All paths are listed at `/`.";

fn page(number: usize, query: &str, site: &Shared) -> Result<Answer, Answer> {
    let query = query::parse(query, query::FOR_PAGES).map_err(|why| refusal(400, &why))?;
    Ok(Answer::Page(Page {
        number,
        status: query.status.unwrap_or(200),
        delay: query.delay.unwrap_or_else(|| page_delay(&site.config, number)),
        size: query.size.unwrap_or(site.config.size),
        framing: match (query.chunked, query.close) {
            (true, _) => Framing::Chunked,
            (_, true) => Framing::Close,
            _ => Framing::Length,
        },
        cut: query.cut,
    }))
}

fn fault(name: &str, query: &str) -> Result<Answer, Answer> {
    let (fault, steps) = faults::find(name).ok_or_else(|| refusal(404, NO_SUCH_FAULT))?;
    let query = query::parse(query, query::FOR_FAULTS).map_err(|why| refusal(400, &why))?;
    Ok(Answer::Fault(Performance {
        name: fault.name,
        steps,
        delay: query.delay.unwrap_or_default(),
        pause: query.pause.unwrap_or(Duration::from_secs(1)),
        cut: query.cut,
    }))
}

/// A number that clients read and set. Each takes the delay of a page, so two clients that both
/// read before one of them has set it lose an update, in whatever language they are written.
fn counter(name: &str, query: &str, site: &Shared) -> Result<Answer, Answer> {
    let query = query::parse(query, query::FOR_COUNTERS).map_err(|why| refusal(400, &why))?;
    let number = site.counters.change(name, |number| query.set.unwrap_or(number));
    let number = number.map_err(|why| not_kept(why, "/counter/"))?;
    let delay = query.delay.unwrap_or(site.config.delay);
    Ok(Answer::Text(200, delay, whole(200, "text/plain", None, &number.to_string())))
}

/// A page whose first requests are reset, for clients that try again.
fn flaky(name: &str, query: &str, site: &Shared) -> Result<Answer, Answer> {
    let query = query::parse(query, query::FOR_FLAKY).map_err(|why| refusal(400, &why))?;
    let asked = site.flaky.change(name, |asked| asked.saturating_add(1));
    let asked = asked.map_err(|why| not_kept(why, "/flaky/"))?;
    let delay = query.delay.unwrap_or(site.config.delay);
    if asked > query.fails.unwrap_or(1) {
        let (size, framing) = (site.config.size, Framing::Length);
        return Ok(Answer::Page(Page { number: 0, status: 200, delay, size, framing, cut: None }));
    }
    let (fault, steps) = faults::find("reset-before-head").expect("it is in the table");
    let (name, pause) = (fault.name, Duration::ZERO);
    Ok(Answer::Fault(Performance { name, steps, delay, pause, cut: None }))
}

fn not_kept(refused: Refused, below: &str) -> Answer {
    let (status, why) = refused.answer(below);
    refusal(status, &why)
}

fn refusal(status: u16, why: &str) -> Answer {
    text(status, "text/plain", &format!("{why}\n"))
}

fn text(status: u16, content_type: &'static str, body: &str) -> Answer {
    answer_of(&Served { status, content_type, location: None, body: body.to_owned() })
}

fn answer_of(served: &Served) -> Answer {
    let Served { status, content_type, location, body } = served;
    let text = whole(*status, content_type, location.as_deref(), body);
    Answer::Text(*status, Duration::ZERO, text)
}

/// The head and the body of an answer that is text.
fn whole(status: u16, content_type: &str, location: Option<&str>, body: &str) -> String {
    let (length, reason) = (body.len(), reason(status));
    let location = location.map(|to| format!("Location: {to}\r\n")).unwrap_or_default();
    let allow = if status == 405 { "Allow: GET\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}; charset=utf-8\r\n\
         Content-Length: {length}\r\n{allow}{location}Connection: close\r\n\r\n{body}"
    )
}

/// An answer to HEAD is only the head.
fn without_body(mut text: String) -> String {
    let end = text.find("\r\n\r\n").map_or(text.len(), |blank| blank + 4);
    text.truncate(end);
    text
}
