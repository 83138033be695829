//! The front page: a list of all pages, parameters and faults.

use std::fmt::{Display, Write};

use crate::faults::FAULTS;
use crate::query::{FOR_COUNTERS, FOR_FAULTS, FOR_FLAKY, FOR_PAGES, Parameter};
use crate::seeded::page_delay;
use crate::shared::Shared;

/// How many pages the front page lists one by one: a site may have ten thousand.
const LISTED: usize = 100;

/// The front page, with URLs that work for the client that called the site by this host.
pub(crate) fn html(site: &Shared, host: Option<&str>) -> String {
    let host = host.filter(|host| is_plain(host)).map_or_else(|| site.host(), str::to_owned);
    let mut html = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>Practice site</title>\n<h1>Practice site</h1>\n\
         <p>A site to practice waiting on: exact delays, and every fault by name.</p>\n",
    );
    html.push_str(
        "<p>For a crawler: <a href=\"/linked/2016/page/0\">linked pages</a>,\n\
         and what it must find: <a href=\"/linked/2016/answer\">the answer</a>. Another number makes another site.</p>\n",
    );
    list(
        &mut html,
        "Pages",
        (1..=site.config.pages.min(LISTED)).map(|number| {
            let delay = page_delay(&site.config, number);
            let summary = format!("{} bytes after {delay:?}", site.config.size);
            item(&format!("http://{host}/{number}"), &summary)
        }),
    );
    if site.config.pages > LISTED {
        let _ = writeln!(html, "<p>And so on, up to /{}.</p>", site.config.pages);
    }
    list(
        &mut html,
        "By name",
        [
            item(
                &format!("http://{host}/counter/ada"),
                "a number, 0 at first, that requests read and set: each name has one of its own",
            ),
            item(
                &format!("http://{host}/flaky/ada?fails=2"),
                "resets the first 2 requests of this name, and then sends a page",
            ),
        ]
        .into_iter(),
    );
    list(&mut html, "Parameters of a page", FOR_PAGES.iter().map(parameter));
    list(&mut html, "Parameters of a fault", FOR_FAULTS.iter().map(parameter));
    list(&mut html, "Parameters of a counter", FOR_COUNTERS.iter().map(parameter));
    list(&mut html, "Parameters of a flaky page", FOR_FLAKY.iter().map(parameter));
    list(&mut html, "Faults", faults(site, &host, false));
    list(&mut html, "Unusual, and allowed", faults(site, &host, true));
    html.push_str("</html>\n");
    html
}

fn faults(site: &Shared, host: &str, fine: bool) -> impl Iterator<Item = String> {
    let faults = FAULTS.iter().filter(move |fault| fault.fine == fine);
    faults.filter_map(move |fault| {
        let url = site.fault_url(fault, host)?;
        Some(item(&url, &format!("{}: {}", fault.name, fault.summary)))
    })
}

fn list(html: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: String = items.collect();
    let _ = write!(html, "<h2>{}</h2>\n<ul>\n{items}</ul>\n", Escaped(title));
}

fn item(url: &str, summary: &str) -> String {
    let (url, summary) = (Escaped(url), Escaped(summary));
    format!("<li><a href=\"{url}\">{url}</a> {summary}</li>\n")
}

fn parameter(parameter: &Parameter) -> String {
    let examples = parameter.examples.join(", ");
    let (examples, summary) = (Escaped(&examples), Escaped(parameter.summary));
    format!("<li><code>{examples}</code> {summary}</li>\n")
}

/// Whether this is only a host and a port: nothing in it has a meaning in HTML.
fn is_plain(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(plain)
}

/// Text that may stand in HTML, between tags and in quoted attributes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(Escaped("<a b=\"c\">&'").to_string(), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
    }

    #[test]
    fn hosts() {
        assert!(is_plain("10.0.0.7:8000"));
        assert!(!is_plain("<script>"));
        assert!(!is_plain(""));
    }
}
