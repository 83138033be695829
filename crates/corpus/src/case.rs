use practice_site::Site;

use crate::expected::Expected;

/// A URL of the practice site, and the outcome that a fetch of it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The name of the case. That of a fault is the name of the fault.
    pub name: &'static str,
    /// What is fetched.
    pub source: Source,
    /// The outcome, under [`limits`](crate::limits).
    pub expected: Expected,
    /// Whether the site sends a megabyte or more, or without end: such an answer is not to be cut
    /// into pieces of a few bytes.
    pub is_long: bool,
}

/// What is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The fault of the case's name.
    Fault {
        /// The parameters of the URL, as `pause=50ms`; may be empty.
        query: &'static str,
    },
    /// A page.
    Page {
        /// Its path with its parameters, as `/1?status=404`.
        path: &'static str,
    },
}

impl Case {
    /// The URL to fetch; `None` if this system cannot produce the fault.
    pub fn url(&self, site: &Site) -> Option<String> {
        match self.source {
            Source::Page { path } => Some(site.url(path)),
            Source::Fault { query } => {
                site.fault_url(self.name).map(|url| with_parameters(url, query))
            }
        }
    }

    /// The URL for the same answer with more parameters, as `cut=7`; `None` if this system cannot
    /// produce the fault, or if the fault has a port of its own, where no parameter is read.
    pub fn url_with(&self, site: &Site, parameters: &str) -> Option<String> {
        let url = self.url(site)?;
        let has_path = matches!(self.source, Source::Page { .. }) || url.contains("/fault/");
        has_path.then(|| with_parameters(url, parameters))
    }

    /// Whether the fetch ends by its deadline: see [`slow_limits`](crate::slow_limits).
    pub fn is_slow(&self) -> bool {
        matches!(self.expected, Expected::Error { kind: crawl::ErrorKind::Timeout, .. })
    }

    /// Whether the case is a fault of the site, not a page.
    pub fn is_fault(&self) -> bool {
        matches!(self.source, Source::Fault { .. })
    }
}

fn with_parameters(url: String, parameters: &str) -> String {
    match parameters {
        "" => url,
        _ if url.contains('?') => format!("{url}&{parameters}"),
        _ => format!("{url}?{parameters}"),
    }
}
