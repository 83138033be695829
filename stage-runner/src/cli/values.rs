//! Values of options: numbers, times, sizes, programs.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::lineup::Program;

/// Reads a program: `mine=python3 crawl.py`.
pub fn program(text: &str) -> Result<Program, String> {
    let (name, command) = text.split_once('=').ok_or("write NAME=COMMAND: mine=./crawl")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
        return Err("a NAME has 1 to 40 letters, digits, `-`, `_` or `.`".to_owned());
    }
    match words(command) {
        None => Err("a quote in the COMMAND is not closed".to_owned()),
        Some(words) if words.is_empty() => Err("the COMMAND is empty".to_owned()),
        Some(words) => Ok(Program { name: name.to_owned(), words }),
    }
}

/// Splits a command into words as a shell of this system would.
fn words(command: &str) -> Option<Vec<String>> {
    if cfg!(windows) || has_windows_path(command) {
        words_with_backslashes(command)
    } else {
        shlex::split(command)
    }
}

/// Whether a command begins with `C:\` or `\\server`: then backslashes are part of paths.
fn has_windows_path(command: &str) -> bool {
    let program = command.trim_start().trim_start_matches(['"', '\'']);
    let has_drive = program.starts_with(|c: char| c.is_ascii_alphabetic())
        && program.get(1..).is_some_and(|rest| rest.starts_with(r":\"));
    has_drive || program.starts_with(r"\\")
}

/// Splits at spaces outside of quotes, and takes all else as it is. `None` if a quote is not
/// closed.
fn words_with_backslashes(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// Reads a number in digits.
pub fn whole_number(text: &str) -> Result<u64, String> {
    if is_negative(text) {
        return Err("it is less than 0".to_owned());
    }
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if is_number => Ok(number),
        _ if is_number => Err("that is more than anybody counts".to_owned()),
        _ => Err("write a whole number in digits: 1000".to_owned()),
    }
}

/// Reads how many pages a site has. Each takes memory before the first is fetched.
pub fn pages(text: &str) -> Result<usize, String> {
    match whole_number(text)? {
        many if many > 1_000_000 => Err("a site has 1,000,000 pages at most".to_owned()),
        pages => Ok(pages as usize),
    }
}

/// Reads how many may be in flight.
pub fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    let number = usize::try_from(whole_number(text)?).unwrap_or(usize::MAX);
    NonZeroUsize::new(number).ok_or_else(|| "at least 1 fetch must be in flight".to_owned())
}

/// Reads which page, from 1.
pub fn page(text: &str) -> Result<NonZeroUsize, String> {
    let number = usize::try_from(whole_number(text)?).unwrap_or(usize::MAX);
    NonZeroUsize::new(number)
        .ok_or_else(|| "pages are counted from 1: --life 1 is about the first".to_owned())
}

/// Reads how many are in flight in a sweep. The most is more than any system here was seen to have
/// descriptors for, and not yet a danger to it.
pub fn in_flight(text: &str) -> Result<NonZeroUsize, String> {
    match at_least_one(text)? {
        many if many.get() > 100_000 => Err("a sweep ends at 100,000 at most".to_owned()),
        many => Ok(many),
    }
}

/// Reads how many rounds to run.
pub fn rounds(text: &str) -> Result<NonZeroU32, String> {
    let number = u32::try_from(whole_number(text)?).unwrap_or(u32::MAX);
    NonZeroU32::new(number).ok_or_else(|| "at least 1 round must run".to_owned())
}

/// Reads a time that is not 0.
pub fn deadline(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("no fetch can end in no time".to_owned()),
        time => Ok(time),
    }
}

/// Reads the delay of a sweep's pages.
pub fn some_delay(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("the wall time is compared with it: 1s, for instance".to_owned()),
        time => Ok(time),
    }
}

/// Reads a time: `450ms`, `1.5s`, `0`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = number_and_unit(text)?;
    let seconds = match unit {
        "us" | "µs" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" | "min" => number * 60.0,
        "" if number == 0.0 => 0.0,
        "" => return Err(format!("it has no unit: write {text}ms or {text}s")),
        other => return Err(format!("{other:?} is not a unit of time: us, ms, s or min")),
    };
    if seconds > 86_400.0 {
        return Err("that is more than a day".to_owned());
    }
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

/// Reads a size: `4096`, `64KiB`, `10MiB`.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = number_and_unit(text)?;
    let bytes = match unit {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" | "K" => 1024.0,
        "MiB" | "M" => 1_048_576.0,
        "GiB" | "G" => 1_073_741_824.0,
        other => return Err(format!("{other:?} is not a unit of size: KiB, MiB or GiB")),
    };
    let size = number * bytes;
    if size.fract() != 0.0 || size > 1e15 {
        return Err("it is not a number of bytes that a program could hold".to_owned());
    }
    Ok(size as u64)
}

fn is_negative(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn number_and_unit(text: &str) -> Result<(f64, &str), String> {
    if is_negative(text) {
        return Err("it is less than 0".to_owned());
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = number.parse().map_err(|_| "it does not start with a number".to_owned())?;
    Ok((number, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let ms = Duration::from_millis;
        for (text, time) in [
            ("450ms", ms(450)),
            ("2s", ms(2000)),
            ("1.5s", ms(1500)),
            ("0", ms(0)),
            ("0ms", ms(0)),
            ("2 min", ms(120_000)),
        ] {
            assert_eq!(duration(text), Ok(time), "{text}");
        }
        for bad in ["", "450", "-1s", "1h", "s", "1.2.3s", "99999min", "inf", "NaNs", "1e3s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(deadline("0").is_err());
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("4096", 4096), ("64KiB", 65_536), ("1.5KiB", 1536), ("0", 0)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "KiB", "-1", "1TiB", "1.5", "99999999GiB", "1e3"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn programs() {
        let program = |text| super::program(text);
        let mine = program("mine=python3 'my crawl.py' a=b").unwrap();
        assert_eq!((mine.name.as_str(), mine.words.len()), ("mine", 3));
        assert_eq!(mine.words[2], "a=b");
        for (command, words) in [
            (r"m=C:\P\p.exe", &[r"C:\P\p.exe"][..]),
            (r#"m="C:\My P\p.exe" -x "a b""#, &[r"C:\My P\p.exe", "-x", "a b"]),
            (r"m=python3 'C:\a b.py' ''", &["python3", r"C:\a b.py", ""]),
            (r"m=\\server\p.exe", &[r"\\server\p.exe"]),
            ("m=python3 \"my crawl.py\"", &["python3", "my crawl.py"]),
        ] {
            assert_eq!(program(command).unwrap().words, words, "{command}");
        }
        assert!(program(r#"m="C:\P"#).is_err());
        if cfg!(unix) {
            assert_eq!(program(r"m=./my\ crawl").unwrap().words, ["./my crawl"]);
        }
        for bad in ["mine", "=x", "mine=", "mine=  ", "mine='x", "a b=x", "\u{1b}=x"] {
            assert!(program(bad).is_err(), "{bad:?}");
        }
    }
}
