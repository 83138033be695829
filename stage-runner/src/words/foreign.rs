//! Text from outside.

/// Text from outside, so that it cannot move the cursor, change colors or turn the line around:
/// control characters and the direction marks of Unicode show as `\u{1b}`.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_direction_mark(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

fn is_direction_mark(c: char) -> bool {
    let is_bidi = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    is_bidi || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        assert_eq!(escaped("\x1b[2J\r\u{9b}\u{202e}ü"), r"\u{1b}[2J\r\u{9b}\u{202e}ü");
    }
}
