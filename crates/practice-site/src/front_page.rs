//! The list of it all.

use std::fmt::{Display, Write};
use std::net::{IpAddr, SocketAddr};

use crate::faults::FAULTS;
use crate::page_delay;
use crate::ports::reachable;
use crate::query::{FOR_FAULTS, FOR_PAGES, Parameter};
use crate::server::Shared;

/// The front page lists so many pages one by one; a class may serve ten thousand.
const LISTED: usize = 100;

/// The front page, with the URLs as they are for whoever asked for it by this host.
pub(crate) fn html(site: &Shared, host: Option<&str>) -> String {
    let host = host
        .filter(|host| is_plain(host))
        .map_or_else(|| reachable(site.address).to_string(), str::to_owned);
    let mut html = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Practice site</title>\n\
         <h1>Practice site</h1>\n<p>A site to practise waiting on: exact delays, and every fault by name.</p>\n",
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
    list(&mut html, "Parameters of a page", FOR_PAGES.iter().map(parameter));
    list(&mut html, "Parameters of a fault", FOR_FAULTS.iter().map(parameter));
    list(&mut html, "Faults", faults(site, &host, false));
    list(&mut html, "Odd, and fine", faults(site, &host, true));
    html.push_str("</html>\n");
    html
}

fn faults(site: &Shared, host: &str, fine: bool) -> impl Iterator<Item = String> {
    let name = without_port(host);
    let ports = site.ports.iter().filter(move |port| port.fine == fine);
    let ports = ports.map(move |port| {
        let url = format!("http://{}/", port_by_name(name, port.address));
        item(&url, &format!("{}: {}", port.name, port.summary))
    });
    let scripted = FAULTS.iter().filter(move |fault| fault.fine == fine);
    let scripted = scripted
        .map(move |fault| item(&format!("http://{host}/fault/{}", fault.name), fault.summary));
    ports.chain(scripted)
}

/// Where a fault with a port of its own is, for one who called the site by this name. Such ports are only on the
/// address that the site was told to listen on, and not on `[::1]` or 127.0.0.2 beside it.
fn port_by_name(name: &str, address: SocketAddr) -> String {
    let called: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    match called {
        Some(ip) if ip != address.ip() && !address.ip().is_unspecified() => address.to_string(),
        _ => format!("{name}:{}", address.port()),
    }
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

/// A host and a port, and nothing that could be more than that in a page.
fn is_plain(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(plain)
}

/// The colons inside the brackets of `[::1]:8000` are part of the address.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
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
    fn a_fault_with_a_port_is_where_it_listens() {
        let at = |name, address: &str| port_by_name(name, address.parse().unwrap());
        assert_eq!(at("127.0.0.1", "127.0.0.1:81"), "127.0.0.1:81");
        assert_eq!(at("127.0.0.2", "127.0.0.1:81"), "127.0.0.1:81");
        assert_eq!(at("[::1]", "127.0.0.1:81"), "127.0.0.1:81");
        assert_eq!(at("[::1]", "[::1]:81"), "[::1]:81");
        assert_eq!(at("localhost", "127.0.0.1:81"), "localhost:81");
        assert_eq!(at("192.0.2.7", "0.0.0.0:81"), "192.0.2.7:81");
    }

    #[test]
    fn hosts() {
        assert_eq!(without_port("[::1]:8000"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("localhost:80"), "localhost");
        assert_eq!(without_port("localhost"), "localhost");
        assert!(is_plain("10.0.0.7:8000"));
        assert!(!is_plain("<script>"));
        assert!(!is_plain(""));
    }
}
