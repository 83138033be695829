//! The template, its style and its script as one file.
//!
//! Text from outside can only be text: askama escapes all of it; the data of the script has no `<`;
//! and the browser is told to run and to apply nothing but the script and the style with these
//! hashes, and to load nothing at all.

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::model::Page;
use crate::results::Report;

#[derive(Template)]
#[template(path = "report.html")]
struct Document {
    page: Page,
    policy: String,
    style: String,
    script: String,
    data: String,
}

/// The whole page.
pub fn page(report: &Report) -> String {
    let page = Page::new(report);
    let (style, script) = (source(include_str!("report.css")), source(include_str!("report.js")));
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&style),
        hash(&script)
    );
    let data = serde_json::to_string(&page.replay).expect("numbers and texts are JSON");
    let data = inside_of_script(&data);
    let document = Document { page, policy, style, script, data };
    document.render().expect("it is written into memory")
}

/// A browser ends lines by a line feed before it hashes them, wherever the text was checked out.
fn source(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// JSON in which nothing can end the element around it, or a line of JavaScript.
fn inside_of_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
