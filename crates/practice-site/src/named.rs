//! What clients keep on the site by name: counters, and pages that fail at first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many names the site keeps of each kind. A client that makes up names without end cannot fill
/// the memory.
const MOST: usize = 1000;

const LONGEST: usize = 64;

/// A number for each name, 0 at first.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<BTreeMap<String, u64>>);

/// Why there is no number of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    InvalidName,
    TooMany,
}

impl Numbers {
    /// Changes the number of this name, and returns what it is then.
    ///
    /// A name that is only read is not kept, because its number is 0 in any case.
    pub(crate) fn change(
        &self,
        name: &str,
        change: impl FnOnce(u64) -> u64,
    ) -> Result<u64, Refused> {
        if !is_valid(name) {
            return Err(Refused::InvalidName);
        }
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = numbers.get_mut(name) {
            *number = change(*number);
            return Ok(*number);
        }
        let number = change(0);
        if number != 0 {
            if numbers.len() >= MOST {
                return Err(Refused::TooMany);
            }
            numbers.insert(name.to_owned(), number);
        }
        Ok(number)
    }
}

impl Refused {
    /// The status of the answer, and its words.
    pub(crate) fn answer(self, path: &str) -> (u16, String) {
        match self {
            Refused::InvalidName => (
                404,
                format!(
                    "A name has 1 to {LONGEST} letters of a to z or A to Z, digits, `-` and `_`, \
                     as {path}ada has."
                ),
            ),
            Refused::TooMany => (
                503,
                format!(
                    "This site keeps {MOST} names below {path}, and all are taken. Use one that \
                     you have used before, or start the site again."
                ),
            ),
        }
    }
}

fn is_valid(name: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_number_of_its_own() {
        let numbers = Numbers::default();
        assert_eq!(numbers.change("ada", |_| 7), Ok(7));
        assert_eq!(numbers.change("ada", |number| number + 1), Ok(8));
        assert_eq!(numbers.change("alan", |number| number), Ok(0));
    }

    #[test]
    fn names_are_bounded() {
        let numbers = Numbers::default();
        for name in ["", "a/b", "a b", "%20", &"x".repeat(LONGEST + 1)] {
            assert_eq!(numbers.change(name, |_| 1), Err(Refused::InvalidName), "{name}");
        }
        for name in 0..MOST {
            assert_eq!(numbers.change(&name.to_string(), |_| 1), Ok(1));
        }
        assert_eq!(numbers.change("more", |_| 1), Err(Refused::TooMany));
        assert_eq!(numbers.change("more", |number| number), Ok(0), "a read keeps nothing");
        assert_eq!(numbers.change("7", |number| number + 1), Ok(2), "a known name still works");
    }
}
