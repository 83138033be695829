//! Text in columns of a terminal: a Chinese character takes two of them, a combining accent none.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in so many columns, its end cut off where it is longer.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut left = columns.saturating_sub(1);
    for c in text.chars() {
        let taken = c.width().unwrap_or(0);
        if taken > left {
            break;
        }
        left -= taken;
        short.push(c);
    }
    short.push('…');
    short
}

/// The text, followed by spaces up to so many columns. (`{:<10}` counts characters.)
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Breaks a text at its spaces, so that each line fits. A word that is longer than a line stays
/// whole: it may be a path or a URL to copy.
pub fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(Into::into).collect()
}

/// Joins parts into as few lines as fit.
pub fn joined(parts: &[String], between: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + width(between) + width(part) <= columns => {
                line.push_str(between);
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// The same text in ASCII, in as many columns.
pub fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '░' => plain.push('.'),
            '▒' => plain.push(':'),
            '█' => plain.push('#'),
            '–' => plain.push('-'),
            'µ' => plain.push('u'),
            '×' => plain.push('x'),
            '…' => plain.push('~'),
            '✓' => plain.push('+'),
            '✗' => plain.push('x'),
            c if c.is_ascii() => plain.push(c),
            c => plain.push_str(&"?".repeat(c.width().unwrap_or(1))),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns each.
    const WIDE: &str = "等待网页";
    /// An accent of its own, which takes no column.
    const COMBINED: &str = "cafe\u{301}";

    #[test]
    fn columns_are_counted_and_not_characters() {
        for (text, columns) in [("abc", 3), (WIDE, 8), (COMBINED, 4), ("░▒█–µ×…", 7), ("", 0)]
        {
            assert_eq!(width(text), columns, "{text}");
            assert_eq!(ascii(text).len(), columns, "{text}");
            assert_eq!(width(&padded(text, 10)), 10, "{text}");
        }
        assert_eq!(padded("abc", 2), "abc");
    }

    #[test]
    fn what_is_cut_fits() {
        for (text, columns, short) in [
            ("abcdef", 4, "abc…"),
            ("abcd", 4, "abcd"),
            (WIDE, 8, WIDE),
            (WIDE, 7, "等待网…"),
            (WIDE, 6, "等待…"),
            (COMBINED, 4, COMBINED),
            (COMBINED, 3, "ca…"),
            ("abc", 1, "…"),
        ] {
            assert_eq!(cut(text, columns), short);
        }
    }

    #[test]
    fn lines_break_at_spaces_where_they_are_full() {
        for (text, lines) in [
            ("one two three", &["one two", "  three"][..]),
            ("等待 网页 等待", &["等待 网页", "  等待"]),
            ("http://a.test/a-long-path b", &["http://a.test/a-long-path", "  b"]),
            ("well-known", &["well-known"]),
            ("", &[""]),
        ] {
            assert_eq!(wrapped(text, 9, 2), lines, "{text}");
        }
        let parts = ["one", "two", "三三"].map(str::to_owned);
        assert_eq!(joined(&parts, " | ", 9), ["one | two", "三三"]);
    }
}
