use std::num::NonZeroUsize;
use std::time::Duration;

/// What a crawl may use: the same four limits at every stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Workers, or fetches in flight.
    pub concurrency: NonZeroUsize,
    /// Time for one whole fetch, the connect included.
    pub deadline: Duration,
    /// Bytes of one response head, its blank line included.
    pub max_head_bytes: usize,
    /// Bytes of one body.
    pub max_body_bytes: u64,
    /// Not a limit: whether a fetch ends with the digest of its page's
    /// body, computed where the fetch ran.
    pub digest: bool,
}

impl Default for Limits {
    /// 10 at once, 10 s each, heads of 64 KiB, bodies of 10 MiB.
    fn default() -> Limits {
        Limits {
            concurrency: NonZeroUsize::new(10).expect("10 is not zero"),
            deadline: Duration::from_secs(10),
            max_head_bytes: 64 << 10,
            max_body_bytes: 10 << 20,
            digest: false,
        }
    }
}
