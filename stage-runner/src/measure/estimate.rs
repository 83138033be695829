//! How long a crawl should take, as far as that is known beforehand.

use std::time::Duration;

use crate::lineup::Entrant;
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

/// How long the slowest of these should take, where that is known of any.
pub fn slowest(setting: &Setting, entrants: &[Entrant]) -> Option<Duration> {
    entrants.iter().filter_map(|entrant| crawl(setting, entrant)).max()
}
