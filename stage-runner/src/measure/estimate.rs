//! How long a crawl should take, as far as that is known beforehand.

use std::time::Duration;

use crate::lineup::{Entrant, Language};
use crate::results::Setting;

/// How long one crawl should take, as far as the site's delays tell: no fetch takes longer than its
/// deadline.
pub fn crawl(setting: &Setting, entrant: &Entrant) -> Option<Duration> {
    let site = setting.site.as_ref()?;
    let (mut sum, mut longest) = (Duration::ZERO, Duration::ZERO);
    for delay in site.delays().map(|delay| delay.min(setting.limits.deadline)) {
        sum += delay;
        longest = longest.max(delay);
    }
    let at_once = match entrant.is_one_at_a_time() {
        true => 1,
        false => u32::try_from(setting.limits.concurrency.get()).unwrap_or(u32::MAX),
    };
    Some((sum / at_once).max(longest))
}

/// How long the slowest of these should take at most, where that is known of any. An interpreter
/// adds some milliseconds to the delays of the site, and so does each fetch that ends by its
/// deadline, for it ends when that has passed. A row that is drawn to a shorter scale is cut.
pub fn slowest(setting: &Setting, entrants: &[Entrant]) -> Option<Duration> {
    let slowest = entrants.iter().filter_map(|entrant| crawl(setting, entrant)).max()?;
    let in_python = entrants.iter().any(|entrant| entrant.language == Language::Python);
    let deadline = setting.limits.deadline;
    let is_late = setting.site.iter().any(|site| site.delays().any(|delay| delay >= deadline));
    let reasons = u32::from(in_python) + u32::from(is_late);
    Some(slowest + slowest / 20 * reasons)
}

#[cfg(test)]
mod tests {
    use crawl::Limits;
    use practice_site::Config;

    use super::*;
    use crate::lineup::{Languages, entrants};
    use crate::results::{Build, Machine, SiteSetting};

    #[test]
    fn fetches_that_end_by_their_deadline_get_a_little_longer() {
        let slowest = |languages, delay, deadline| {
            let names = ["epoll".to_owned(), "blocking".to_owned()];
            let entrants = entrants::choose(&names, &[], languages).unwrap();
            let ms = Duration::from_millis;
            let config = Config { pages: 4, delay: ms(delay), ..Config::default() };
            let setting = Setting {
                urls: Vec::new(),
                site: Some(SiteSetting::from(&config)),
                limits: Limits { deadline: ms(deadline), ..Limits::default() },
                rounds: 1,
                digest: false,
                build: Build::this(),
                machine: Machine::this(),
                python: None,
            };
            super::slowest(&setting, &entrants).unwrap().as_millis()
        };
        assert_eq!(slowest(Languages::Rust, 400, 500), 1_600);
        assert_eq!(slowest(Languages::Rust, 15_000, 500), 2_100);
        assert_eq!(slowest(Languages::Rust, 500, 500), 2_100, "the deadline is met first");
        assert_eq!(slowest(Languages::Both, 400, 500), 1_680);
        assert_eq!(slowest(Languages::Both, 15_000, 500), 2_200);
    }
}
