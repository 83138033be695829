use robotstxt::DefaultMatcher;
use url::Url;

/// The name by which robots.txt may speak to this crawler.
const NAME: &str = "ways-to-wait";

/// What a host's robots.txt allows (RFC 9309).
#[derive(Clone, Debug)]
pub(crate) enum Robots {
    /// There is no such file: everything is allowed.
    Absent,
    /// It could not be had: nothing is allowed.
    Unreachable,
    Rules(String),
}

impl Robots {
    pub(crate) fn allows(&self, url: &Url) -> bool {
        match self {
            Robots::Absent => true,
            Robots::Unreachable => false,
            Robots::Rules(text) => {
                DefaultMatcher::default().one_agent_allowed_by_robots(text, NAME, url.as_str())
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
        let allows = |path| robots.allows(&Url::parse("http://x/").unwrap().join(path).unwrap());
        assert!(allows("/"));
        assert!(!allows("/a/1"));
        assert!(allows("/a/b/1"));
        assert!(!Robots::Unreachable.allows(&Url::parse("http://x/").unwrap()));
    }
}
