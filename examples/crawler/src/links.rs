use std::collections::HashSet;

use html5gum::{Token, Tokenizer};
use url::Url;

/// Where the links of a page lead: `http` only, without fragments, in the order of the page.
pub(crate) fn links(page: &Url, html: &[u8]) -> Vec<Url> {
    let (mut base, mut links, mut seen) = (page.clone(), Vec::new(), HashSet::new());
    for Ok(token) in Tokenizer::new(html) {
        let Token::StartTag(tag) = token else { continue };
        let Some(href) = tag.attributes.get(&b"href"[..]) else { continue };
        let Some(url) = resolve(&base, &String::from_utf8_lossy(href)) else { continue };
        match &tag.name[..] {
            b"base" => base = url,
            b"a" | b"area" if seen.insert(url.clone()) => links.push(url),
            _ => {}
        }
    }
    links
}

/// The URL that a reference on a page stands for, if it can be fetched.
pub(crate) fn resolve(base: &Url, reference: &str) -> Option<Url> {
    let mut url = base.join(reference).ok()?;
    url.set_fragment(None);
    (url.scheme() == "http" && crawl::Url::parse(url.as_str()).is_ok()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[&str]) {
        let page = Url::parse("http://a/b/c").unwrap();
        let found = links(&page, html.as_bytes());
        assert_eq!(found.iter().map(Url::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_a_link() {
        check("<a href=d>", &["http://a/b/d"]);
        check("<A HREF='../e#f'>", &["http://a/e"]);
        check("<a href='/?x=1&amp;y=2'>", &["http://a/?x=1&y=2"]);
        check("<a href=//d/e><a href='//d/e#f'>", &["http://d/e"]);
        check("<base href=/x/><a href=y>", &["http://a/x/y"]);
    }

    #[test]
    fn what_is_not() {
        check("<!-- <a href=d> -->", &[]);
        check("<a name=d>", &[]);
        check("<a href='mailto:a@b'><a href='https://a/'><a href='http://'>", &[]);
        check("<a title='<a href=d>'>", &[]);
    }
}
