use robotstxt::DefaultMatcher;
use url::Url;

use crate::frontier::State;

/// The name by which robots.txt may speak to this crawler.
const NAME: &str = "ways-to-wait";

/// What a host's robots.txt allows (RFC 9309).
#[derive(Clone, Debug)]
pub(crate) enum Robots {
    /// There is no such file: everything is allowed.
    Absent,
    /// It could not be had, and why: nothing is allowed.
    Unreachable(String),
    Rules(String),
}

impl Robots {
    /// What to say of a page that must not be fetched; `None` if it may be.
    pub(crate) fn refuses(&self, url: &Url) -> Option<State> {
        match self {
            Robots::Absent => None,
            Robots::Unreachable(why) => Some(State::Broken(format!("robots.txt: {why}"))),
            Robots::Rules(text) => {
                let mut matcher = DefaultMatcher::default();
                let allows = matcher.one_agent_allowed_by_robots(text, NAME, url.as_str());
                (!allows).then_some(State::Forbidden)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_for_this_crawler_decides() {
        let text = "User-agent: *\nDisallow: /a/\nAllow: /a/b/\n";
        let robots = Robots::Rules(text.into());
        let allows =
            |path| robots.refuses(&Url::parse("http://x/").unwrap().join(path).unwrap()).is_none();
        assert!(allows("/"));
        assert!(!allows("/a/1"));
        assert!(allows("/a/b/1"));
    }
}
