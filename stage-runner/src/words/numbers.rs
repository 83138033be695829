//! Numbers, and the words beside them.

use std::time::Duration;

/// A time in three digits or so, at most six columns wide: `452 ms`.
pub fn duration(micros: u64) -> String {
    let us = micros as f64;
    let seconds = us / 1e6;
    match micros {
        0..100 => format!("{micros} µs"),
        100..9_950 => format!("{:.1} ms", us / 1e3),
        9_950..999_500 => format!("{:.0} ms", us / 1e3),
        999_500..9_995_000 => format!("{seconds:.2} s"),
        9_995_000..99_950_000 => format!("{seconds:.1} s"),
        99_950_000..999_500_000 => format!("{seconds:.0} s"),
        999_500_000..60_000_000_000 => format!("{:.0} min", seconds / 60.0),
        60_000_000_000..3_600_000_000_000 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} y", seconds / 31_557_600.0),
    }
}

/// CPU time, which is never nothing: what the system did not count was too short for it.
pub fn cpu(micros: u64) -> String {
    if micros == 0 { "<0.1 ms".to_owned() } else { duration(micros) }
}

/// A time to four digits, for one fetch among others: `450.9 ms`, `4.506 s`. None is nothing: what
/// would be `0.0 ms` was too short for these digits.
pub fn exact(micros: u64) -> String {
    match micros {
        ..50 => "<0.1 ms".to_owned(),
        50..999_950 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.3} s", micros as f64 / 1e6),
    }
}

/// A time for somebody who waits: `7 s`, `3 min`.
pub fn roughly(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 99.5 => format!("{:.0} s", seconds.ceil()),
        seconds if seconds < 5_970.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// A time as the command line takes it, without loss: `450ms`, `1.5s`.
pub fn plain(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match time.as_millis() {
        1000.. => format!("{seconds} s"),
        _ => format!("{} ms", seconds * 1e3),
    }
}

/// A size, at most six columns wide: `2.1 MB`.
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    for unit in ["kB", "MB", "GB"] {
        value /= 1000.0;
        if value < 9.95 {
            return format!("{value:.1} {unit}");
        }
        if value < 999.5 {
            return format!("{value:.0} {unit}");
        }
    }
    format!("{:.0} TB", value / 1000.0)
}

/// A number with its thousands set apart: `18,068,644`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 page`, `10 pages`.
pub fn plural(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix("ss").or(noun.strip_suffix("tch"))) {
        (1, _) => format!("1 {noun}"),
        (_, Some(_)) => format!("{} {noun}es", count(number)),
        (_, None) => format!("{} {noun}s", count(number)),
    }
}

/// A number at the start of a sentence: a word up to twelve.
pub fn word(number: u64) -> String {
    const WORDS: [&str; 13] = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
        "Eleven", "Twelve",
    ];
    WORDS.get(number as usize).map_or_else(|| count(number), |word| (*word).to_owned())
}

/// How long a time is where each instruction takes one second, on a processor of 2.6 GHz: 450 ms
/// are 37 years.
pub fn one_a_second(micros: u64) -> String {
    const DAY: f64 = 86_400.0;
    const YEAR: f64 = 365.25 * DAY;
    let seconds = micros as f64 / 1e6 * 2.6e9;
    let (value, unit) = match seconds {
        s if s >= 2.0 * YEAR => (s / YEAR, "years"),
        s if s >= 2.0 * DAY => (s / DAY, "days"),
        s if s >= 7200.0 => (s / 3600.0, "hours"),
        s => (s / 60.0, "minutes"),
    };
    format!("{} {unit}", count(value.round() as u64))
}

/// Names as a sentence lists them: `a`, `a and b`, `a, b and c`.
pub fn list(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_fit_six_columns() {
        let mut us = 1;
        while us < 10_u64.pow(13) {
            for us in [us - 1, us, us + us / 2, us * 9995 / 1000, us * 9949 / 1000] {
                assert!(duration(us).chars().count() <= 7, "{us}: {}", duration(us));
                assert!(us > 900_000_000 || duration(us).chars().count() <= 6, "{}", duration(us));
                assert!(bytes(us).chars().count() <= 6, "{us}: {}", bytes(us));
            }
            us *= 10;
        }
        for (us, text) in [
            (0, "0 µs"),
            (630, "0.6 ms"),
            (9_960, "10 ms"),
            (452_300, "452 ms"),
            (999_700, "1.00 s"),
            (4_512_000, "4.51 s"),
            (450_000_000, "450 s"),
            (4_500_000_000, "75 min"),
        ] {
            assert_eq!(duration(us), text);
        }
        assert_eq!((exact(0), exact(50)), ("<0.1 ms".into(), "0.1 ms".into()));
        assert_eq!((cpu(0), cpu(64)), ("<0.1 ms".into(), "64 µs".into()));
        assert_eq!((bytes(2_130_000), bytes(23_400_000)), ("2.1 MB".into(), "23 MB".into()));
    }

    #[test]
    fn words_for_numbers() {
        assert_eq!(count(18_068_644), "18,068,644");
        assert_eq!(count(999), "999");
        assert_eq!(plural(1, "page"), "1 page");
        assert_eq!(plural(1000, "process"), "1,000 processes");
        assert_eq!((word(10), word(13)), ("Ten".to_owned(), "13".to_owned()));
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(one_a_second(4_512_000), "372 years");
        assert_eq!(one_a_second(600), "18 days");
        assert_eq!(plain(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(plain(Duration::from_micros(500)), "0.5 ms");
    }
}
