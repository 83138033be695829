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
/// adds some milliseconds to the delays of the site, and a row that is drawn to a shorter scale is
/// cut.
pub fn slowest(setting: &Setting, entrants: &[Entrant]) -> Option<Duration> {
    let slowest = entrants.iter().filter_map(|entrant| crawl(setting, entrant)).max()?;
    let in_python = entrants.iter().any(|entrant| entrant.language == Language::Python);
    Some(if in_python { slowest + slowest / 20 } else { slowest })
}
