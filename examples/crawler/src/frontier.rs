use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crawl::{ErrorKind, FetchError, Page};
use url::Url;

use crate::links::{links, resolve};
use crate::robots::Robots;
use crate::{Options, Report};

/// What is known of a site, and what to fetch next. It never waits: whoever runs it asks
/// [`next`](Frontier::next), does what that says, and hands each outcome to
/// [`ended`](Frontier::ended).
#[derive(Debug)]
pub struct Frontier {
    options: Options,
    pub(crate) found: BTreeMap<Url, Found>,
    /// By the host and port of their URLs.
    hosts: BTreeMap<String, Host>,
    in_flight: u32,
    is_stopped: bool,
    pub(crate) retries: u32,
}

/// A page to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// What to ask for.
    pub url: Url,
    host: String,
    attempt: u32,
    /// It is a robots.txt, after so many redirects.
    robots: Option<u32>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Begin this fetch.
    Fetch(Fetch),
    /// Nothing until then, unless a fetch ends before.
    At(Instant),
    /// Nothing until a fetch ends.
    WhenOneEnds,
    /// It is over.
    Finished,
}

/// A URL that some page links to.
#[derive(Debug)]
pub(crate) struct Found {
    /// The fewest links that lead to it from a start.
    steps: u32,
    /// The fewest redirects just before it.
    redirects: u32,
    pub(crate) state: State,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    TooDeep,
    Outside,
    Forbidden,
    /// Waiting, or in flight.
    Open,
    Page(Vec<Url>),
    Redirect(Url),
    /// There is no page, and why.
    Broken(String),
}

#[derive(Debug, Default)]
struct Host {
    robots: Option<Robots>,
    waiting: VecDeque<Fetch>,
    /// What is tried again, and not before when.
    again: Vec<(Instant, Fetch)>,
    in_flight: u32,
    /// The polite delay is over then.
    free_at: Option<Instant>,
}

impl Frontier {
    /// The beginning of a crawl.
    pub fn new(options: Options) -> Frontier {
        let (found, hosts) = (BTreeMap::new(), BTreeMap::new());
        let starts = options.starts.clone();
        let mut frontier =
            Frontier { options, found, hosts, in_flight: 0, is_stopped: false, retries: 0 };
        for start in &starts {
            let url = resolve(start, "/robots.txt").expect("a start was checked");
            let host = authority(start);
            let robots = Fetch { url, host: host.clone(), attempt: 1, robots: Some(0) };
            let host = frontier.hosts.entry(host).or_default();
            if host.waiting.is_empty() {
                host.waiting.push_back(robots);
            }
        }
        for mut start in starts {
            start.set_fragment(None);
            frontier.offer(start, 0, 0);
        }
        frontier
    }

    /// What to do at this moment.
    pub fn next(&mut self, now: Instant) -> Next {
        let may_begin = !self.is_stopped && self.in_flight < self.options.at_once;
        let per_host = self.options.per_host;
        let first = self
            .hosts
            .values_mut()
            .filter(|host| may_begin && host.in_flight < per_host)
            .filter_map(|host| host.first(now).map(|(when, place)| (when, place, host)))
            .min_by_key(|(when, ..)| *when);
        match first {
            Some((when, place, host)) if when <= now => {
                let fetch = host.take(place);
                host.in_flight += 1;
                host.free_at = Some(now + Duration::from_millis(self.options.delay));
                self.in_flight += 1;
                Next::Fetch(fetch)
            }
            Some((when, ..)) => Next::At(when),
            None if self.in_flight > 0 => Next::WhenOneEnds,
            None => Next::Finished,
        }
    }

    /// Takes what came of a fetch that [`next`](Frontier::next) has asked for.
    pub fn ended(&mut self, fetch: Fetch, result: Result<Page, FetchError>, now: Instant) {
        self.in_flight -= 1;
        let host = self.hosts.get_mut(&fetch.host).expect("each fetch has a host");
        host.in_flight -= 1;
        if may_pass(&result) && fetch.attempt < self.options.attempts {
            // With each attempt twice as long: a server with too much to do needs time.
            let pause = self.options.backoff.saturating_mul(1 << (fetch.attempt - 1).min(20));
            let again = Fetch { attempt: fetch.attempt + 1, ..fetch };
            host.again.push((now + Duration::from_millis(pause), again));
            self.retries += 1;
            return;
        }
        let target = |page: &Page| resolve(&fetch.url, page.location.as_deref()?);
        let state = match result {
            Err(error) => State::Broken(error.kind.to_string()),
            Ok(page) if (300..400).contains(&page.status) && page.status != 304 => {
                match target(&page) {
                    Some(to) => State::Redirect(to),
                    None => State::Broken(format!("status {} to nowhere", page.status)),
                }
            }
            Ok(page) if page.status >= 300 => State::Broken(format!("status {}", page.status)),
            Ok(page) if fetch.robots.is_some() => {
                let text = String::from_utf8_lossy(&page.body).into_owned();
                return self.robots_are(&fetch.host, Robots::Rules(text));
            }
            Ok(page) => State::Page(links(&fetch.url, &page.body)),
        };
        match (fetch.robots, state) {
            (None, state) => {
                self.found.get_mut(&fetch.url).expect("it was offered").state = state;
                self.follow(&fetch.url);
            }
            (Some(redirects), State::Redirect(url)) if redirects < self.options.redirects => {
                let robots = Fetch { url, attempt: 1, robots: Some(redirects + 1), ..fetch };
                host.waiting.push_front(robots);
            }
            // No such file, or no page in its place: RFC 9309 allows everything after a 4xx.
            (Some(_), State::Broken(why)) if !why.starts_with("status 4") => {
                self.robots_are(&fetch.host, Robots::Unreachable(why));
            }
            (Some(_), _) => self.robots_are(&fetch.host, Robots::Absent),
        }
    }

    /// Begins nothing more. What is in flight may end.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// What has been found.
    pub fn report(&self) -> Report {
        Report::new(self, self.options.redirects)
    }

    /// One line for somebody who waits.
    pub fn progress(&self) -> String {
        let waiting: usize = self.hosts.values().map(Host::waiting).sum();
        let done = self.found.len().saturating_sub(waiting + self.in_flight as usize);
        format!("{done} links done, {} in flight, {waiting} waiting", self.in_flight)
    }

    pub(crate) fn starts(&self) -> &[Url] {
        &self.options.starts
    }

    /// Whether it was stopped before its end.
    pub fn is_unfinished(&self) -> bool {
        self.is_stopped && self.hosts.values().any(|host| host.waiting() > 0)
    }

    fn robots_are(&mut self, host: &str, robots: Robots) {
        let host = self.hosts.get_mut(host).expect("each fetch has a host");
        host.waiting.retain(|fetch| {
            let refused = robots.refuses(&fetch.url);
            let is_refused = refused.is_some();
            if let Some(state) = refused {
                self.found.get_mut(&fetch.url).expect("it was offered").state = state;
            }
            !is_refused
        });
        host.robots = Some(robots);
    }

    /// A link or a redirect leads to this URL. It is fetched once; but if it was known by a longer
    /// way, then what it leads to is nearer now as well. So the result does not depend on which of
    /// two pages answered first.
    fn offer(&mut self, url: Url, steps: u32, redirects: u32) {
        let host = self.hosts.get_mut(&authority(&url));
        let too_deep = steps > self.options.depth;
        let Some(found) = self.found.get_mut(&url) else {
            let state = match host {
                None => State::Outside,
                Some(_) if too_deep => State::TooDeep,
                Some(host) => host.add(&url),
            };
            self.found.insert(url, Found { steps, redirects, state });
            return;
        };
        if found.steps <= steps && found.redirects <= redirects {
            return;
        }
        found.steps = found.steps.min(steps);
        found.redirects = found.redirects.min(redirects);
        match (&found.state, host) {
            (State::TooDeep, Some(host)) if !too_deep => found.state = host.add(&url),
            _ => self.follow(&url),
        }
    }

    /// Offers what a page links to, or where a redirect leads.
    fn follow(&mut self, url: &Url) {
        let Found { steps, redirects, ref state } = self.found[url];
        match state {
            State::Page(links) => {
                for link in links.clone() {
                    self.offer(link, steps + 1, 0);
                }
            }
            State::Redirect(to) if redirects < self.options.redirects => {
                self.offer(to.clone(), steps, redirects + 1);
            }
            _ => {}
        }
    }
}

impl Host {
    /// What becomes of a new URL of this host.
    fn add(&mut self, url: &Url) -> State {
        if let Some(state) = self.robots.as_ref().and_then(|robots| robots.refuses(url)) {
            return state;
        }
        let fetch = Fetch { url: url.clone(), host: authority(url), attempt: 1, robots: None };
        self.waiting.push_back(fetch);
        State::Open
    }

    fn waiting(&self) -> usize {
        self.waiting.len() + self.again.len()
    }

    /// Which fetch may begin first, and when: its place in `again`, or none for the first that
    /// waits. Nothing begins before robots.txt is known.
    fn first(&self, now: Instant) -> Option<(Instant, Option<usize>)> {
        let is_known = self.robots.is_some();
        let waiting = self.waiting.front().filter(|it| is_known || it.robots.is_some());
        let again = self.again.iter().enumerate().map(|(place, (when, _))| (*when, Some(place)));
        let all = waiting.map(|_| (now, None)).into_iter().chain(again);
        let (when, place) = all.min_by_key(|(when, _)| *when)?;
        Some((self.free_at.map_or(when, |free_at| free_at.max(when)), place))
    }

    fn take(&mut self, place: Option<usize>) -> Fetch {
        match place {
            Some(place) => self.again.swap_remove(place).1,
            None => self.waiting.pop_front().expect("one waits"),
        }
    }
}

fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0))
}

/// Whether another attempt may help.
fn may_pass(result: &Result<Page, FetchError>) -> bool {
    match result {
        Ok(page) => matches!(page.status, 429 | 500 | 502 | 503 | 504),
        Err(error) => !matches!(error.kind, ErrorKind::Malformed | ErrorKind::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn frontier(arguments: &[&str]) -> Frontier {
        Frontier::new(Options::parse_from([&["crawler"], arguments].concat()))
    }

    fn page(status: u16, body: &str, location: Option<&str>) -> Result<Page, FetchError> {
        let (body, location) = (body.as_bytes().to_vec(), location.map(Into::into));
        Ok(Page { status, body, location, content_encoding: None })
    }

    #[track_caller]
    fn begin(frontier: &mut Frontier, now: Instant) -> Fetch {
        match frontier.next(now) {
            Next::Fetch(fetch) => fetch,
            other => panic!("{other:?}"),
        }
    }

    /// Answers robots.txt of the first host, and then the start with links to so many pages.
    fn with_links(frontier: &mut Frontier, now: Instant, links: u32) {
        let robots = begin(frontier, now);
        assert_eq!(robots.url.path(), "/robots.txt");
        frontier.ended(robots, page(404, "", None), now);
        let start = begin(frontier, now);
        let body: String = (0..links).map(|n| format!("<a href=/{n}>")).collect();
        frontier.ended(start, page(200, &body, None), now);
    }

    #[test]
    fn so_many_at_a_time_from_one_host_and_in_all() {
        let now = Instant::now();
        let limits = ["--per-host", "3", "--at-once", "4", "--delay", "0"];
        let mut frontier = frontier(&[&["http://a/", "http://b/"][..], &limits[..]].concat());
        with_links(&mut frontier, now, 10);
        let fetches: Vec<_> = (0..4).map(|_| begin(&mut frontier, now)).collect();
        // Three pages of a, and the robots.txt of b.
        assert_eq!(fetches.iter().filter(|fetch| fetch.host == "a:80").count(), 3);
        assert_eq!(frontier.next(now), Next::WhenOneEnds);
    }

    #[test]
    fn a_polite_delay_lies_between_two_requests_to_one_host() {
        let now = Instant::now();
        let mut frontier = frontier(&["http://a/", "--delay", "100"]);
        let robots = begin(&mut frontier, now);
        frontier.ended(robots, page(404, "", None), now);
        let later = now + Duration::from_millis(100);
        assert_eq!(frontier.next(now), Next::At(later));
        begin(&mut frontier, later);
    }

    #[test]
    fn each_attempt_waits_twice_as_long() {
        let mut now = Instant::now();
        let mut frontier = frontier(&["http://a/", "--delay", "0", "--backoff", "10"]);
        with_links(&mut frontier, now, 1);
        for pause in [10, 20] {
            let fetch = begin(&mut frontier, now);
            frontier.ended(fetch, page(503, "", None), now);
            let next = now + Duration::from_millis(pause);
            assert_eq!(frontier.next(now), Next::At(next));
            now = next;
        }
        let fetch = begin(&mut frontier, now);
        frontier.ended(fetch, page(503, "", None), now);
        assert_eq!(frontier.next(now), Next::Finished);
        assert!(frontier.report().to_string().contains("(status 503), linked on http://a/\n"));
    }

    #[test]
    fn a_redirect_of_robots_txt_is_followed() {
        let now = Instant::now();
        let mut frontier = frontier(&["http://a/", "--delay", "0"]);
        let robots = begin(&mut frontier, now);
        frontier.ended(robots, page(301, "", Some("/r")), now);
        let robots = begin(&mut frontier, now);
        assert_eq!(robots.url.as_str(), "http://a/r");
        frontier.ended(robots, page(200, "User-agent: *\nDisallow: /", None), now);
        assert_eq!(frontier.next(now), Next::Finished);
        assert!(frontier.report().to_string().contains("\nforbidden: http://a/\n"));
    }

    #[test]
    fn after_a_stop_nothing_begins() {
        let now = Instant::now();
        let mut frontier = frontier(&["http://a/", "--delay", "0"]);
        with_links(&mut frontier, now, 2);
        let fetch = begin(&mut frontier, now);
        frontier.stop();
        assert_eq!(frontier.next(now), Next::WhenOneEnds);
        frontier.ended(fetch, page(200, "", None), now);
        assert_eq!(frontier.next(now), Next::Finished);
        assert!(frontier.is_unfinished());
    }
}
