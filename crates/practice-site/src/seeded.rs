//! Random delays that are the same everywhere.

use std::time::Duration;

use crate::config::Config;

/// How long page `number` of a site with this configuration takes: the delay plus a random
/// part of the jitter, from nothing to all of it. The same seed gives the same delays on every
/// machine.
///
/// ```
/// use practice_site::{Config, page_delay};
/// use std::time::Duration;
///
/// let config = Config { jitter: Duration::from_millis(100), ..Config::default() };
/// let delay = page_delay(&config, 1);
/// assert!(delay >= Duration::from_millis(450) && delay <= Duration::from_millis(550));
/// assert_eq!(delay, page_delay(&config, 1));
/// ```
pub fn page_delay(config: &Config, number: usize) -> Duration {
    let steps = u64::try_from(config.jitter.as_micros()).unwrap_or(u64::MAX);
    // The high half of the product spreads 64 random bits evenly over 0..=steps, without the
    // division of a remainder, and without its bias towards small values.
    let random = splitmix64(config.seed, number as u64);
    let extra = (u128::from(random) * (u128::from(steps) + 1)) >> 64;
    let extra = u64::try_from(extra).expect("at most `steps`, which is a u64");
    config.delay.saturating_add(Duration::from_micros(extra))
}

/// Number `index` of the sequence that starts at `seed`: SplitMix64, from Steele, Lea and Flood,
/// "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014), with the constants of Vigna's
/// public-domain `splitmix64.c`.
pub(crate) fn splitmix64(seed: u64, index: u64) -> u64 {
    let z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_sequence() {
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for (index, number) in (0..).zip(published) {
            assert_eq!(splitmix64(1_234_567, index), number);
        }
    }

    #[test]
    fn delays_stay_within_the_jitter_and_differ() {
        let config = Config { jitter: Duration::from_millis(100), ..Config::default() };
        let delays: Vec<_> = (1..=100).map(|n| page_delay(&config, n)).collect();
        let longest = config.delay + config.jitter;
        assert!(delays.iter().all(|d| (config.delay..=longest).contains(d)));
        assert!(delays.windows(2).any(|pair| pair[0] > pair[1]));
        assert!(delays.windows(2).any(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_same_seed_gives_the_same_delays_on_every_machine() {
        let config = Config { jitter: Duration::from_secs(1), ..Config::default() };
        let micros: Vec<_> = (1..=3).map(|n| page_delay(&config, n).as_micros()).collect();
        assert_eq!(micros, [1_101_416, 1_411_841, 789_637]);
    }

    #[test]
    fn without_jitter_every_page_takes_exactly_the_delay() {
        assert_eq!(page_delay(&Config::default(), 7), Config::default().delay);
    }
}
