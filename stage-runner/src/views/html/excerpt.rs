//! The functions of a source file in which something was recorded.
//!
//! A function begins at the line with its `fn` and ends at the brace of the same indent, which
//! rustfmt guarantees. So there is no table of line numbers that could grow old.

use std::collections::BTreeSet;

use serde::Serialize;

/// A place that is in no function is shown with so many lines around it.
const AROUND: usize = 3;

/// Lines of a file that belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Excerpt<'a> {
    /// The number of the first line, from 1.
    pub from: usize,
    /// The lines.
    pub lines: Vec<&'a str>,
}

/// The functions around these lines, which are counted from 1. A line that the file does not have
/// is left out.
pub fn around<'a>(text: &'a str, places: &BTreeSet<usize>) -> Vec<Excerpt<'a>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for place in places.iter().filter(|place| (1..=lines.len()).contains(place)) {
        let at = place - 1;
        if spans.iter().any(|(from, to)| (*from..=*to).contains(&at)) {
            continue;
        }
        spans
            .push(function(&lines, at).unwrap_or_else(|| {
                (at.saturating_sub(AROUND), (at + AROUND).min(lines.len() - 1))
            }));
    }
    let excerpt = |(from, to): &(usize, usize)| Excerpt {
        from: from + 1,
        lines: lines[*from..=*to].to_vec(),
    };
    spans.iter().map(excerpt).collect()
}

/// The first and the last line of the innermost function around this line.
fn function(lines: &[&str], at: usize) -> Option<(usize, usize)> {
    let inside = indent(lines[at]);
    let begins = |line: &&usize| is_fn(lines[**line]) && indent(lines[**line]) < inside.max(1);
    let from = (0..=at).rev().collect::<Vec<_>>().iter().find(begins).copied()?;
    let end = format!("{}}}", " ".repeat(indent(lines[from])));
    let to = (from..lines.len()).find(|line| lines[*line].trim_end() == end)?;
    (to >= at).then_some((from, to))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_fn(line: &str) -> bool {
    let words = line.split_whitespace();
    let is_before = |word: &str| {
        matches!(word, "pub" | "async" | "unsafe" | "const" | "extern") || word.starts_with("pub(")
    };
    words.skip_while(|word| is_before(word)).take(1).any(|word| word == "fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "\
use std::io;

/// A fetch.
impl Fetch {
    pub(crate) async fn fetch(&self) -> io::Result<()> {
        let page = match self.read() {
            Ok(page) => page,
            Err(error) => return Err(error),
        };
        page.done()
    }

    fn other(&self) {}
}

fn crawl() {
    wait(1);
}
const LAST: u32 = 1;
";

    fn spans(places: &[usize]) -> Vec<(usize, usize)> {
        let excerpts = around(CODE, &places.iter().copied().collect());
        excerpts.iter().map(|it| (it.from, it.from + it.lines.len() - 1)).collect()
    }

    #[test]
    fn a_function_is_shown_from_its_name_to_its_brace() {
        assert_eq!(spans(&[6, 8, 10]), [(5, 11)]);
        assert_eq!(spans(&[17]), [(16, 18)]);
        assert_eq!(spans(&[7, 17]), [(5, 11), (16, 18)]);
        assert_eq!(around(CODE, &[17].into())[0].lines, ["fn crawl() {", "    wait(1);", "}"]);
    }

    #[test]
    fn other_lines_have_their_neighbors() {
        assert_eq!(spans(&[19]), [(16, 19)], "the last line, which is in no function");
        assert_eq!(spans(&[0, 20, 4_000_000_000]), []);
        assert_eq!(around("", &[1].into()), []);
    }
}
