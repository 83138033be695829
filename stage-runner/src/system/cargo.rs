//! Builds a crate of a student's with Cargo, offline.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Why there is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotBuilt {
    /// Something that a build needs is not here, in one line.
    Missing(String),
    /// The code does not compile.
    Refused {
        /// The first error, in one line: `error[E0382]: … (src/join.rs:12)`.
        first: String,
        /// All that the compiler says.
        words: String,
    },
}

/// What helps where a crate was never downloaded.
const DOWNLOAD: &str = ". It is built without a network, of crates that were downloaded before: \
                        run `cargo fetch --locked` in the checkout once, while there is a network";

/// Builds the crate in this folder. Returns the path of its program.
///
/// # Errors
/// There is no Cargo, no linker, or a crate that it uses is not here; or it does not compile.
pub fn build(folder: &Path) -> Result<PathBuf, NotBuilt> {
    let cargo = cargo();
    let output = Command::new(&cargo)
        .args(["build", "--offline", "--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .output()
        .map_err(|error| NotBuilt::Missing(no_cargo(&cargo, &error)))?;
    let path = program(&output);
    match path.filter(|_| output.status.success()) {
        Some(path) => Ok(path),
        None => Err(why_not(&String::from_utf8_lossy(&output.stderr))),
    }
}

/// The Cargo that runs this program, if one does, so that both build alike.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or("cargo".into())
}

fn no_cargo(cargo: &OsString, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "is not here".to_owned(),
        _ => format!("does not start: {error}"),
    };
    format!(
        "{} {why}: an exercise in Rust needs Rust (https://rustup.rs) and a C linker; those in \
         Python need neither",
        cargo.display()
    )
}

/// The program of the last line that names one: that of the crate itself.
fn program(output: &Output) -> Option<PathBuf> {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let program = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(line["executable"].as_str()?))
    };
    lines.lines().filter_map(program).next_back()
}

/// Reads the reason from what Cargo printed for people.
fn why_not(words: &str) -> NotBuilt {
    let errors = || words.lines().enumerate().filter(|(_, line)| line.starts_with("error"));
    let Some((number, first)) = errors().next() else {
        return NotBuilt::Missing(format!("Cargo does not build the program: {}", last(words)));
    };
    let without_word = first.trim_start_matches("error: ");
    if first.contains("linker") {
        return NotBuilt::Missing(format!(
            "{without_word}: an exercise in Rust needs a C linker (Linux: gcc; macOS: xcode-select \
             --install; Windows: the build tools of Visual Studio); those in Python need none"
        ));
    }
    let place = words.lines().nth(number + 1).and_then(|line| line.trim().strip_prefix("--> "));
    let Some(place) = place else {
        // An error of Cargo's own: a crate that was never downloaded, a lock file that is old.
        let is_offline = ["offline", "no matching package"].iter().any(|it| words.contains(it));
        let remedy = if is_offline { DOWNLOAD } else { "" };
        return NotBuilt::Missing(format!(
            "Cargo does not build the program: {without_word}{remedy}"
        ));
    };
    let place = place.rsplit_once(':').map_or(place, |(line, _column)| line);
    NotBuilt::Refused { first: format!("{first} ({place})"), words: words.trim_end().to_owned() }
}

fn last(words: &str) -> &str {
    words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(words: &str) -> String {
        match why_not(words) {
            NotBuilt::Missing(line) => line,
            refused @ NotBuilt::Refused { .. } => panic!("{refused:?}"),
        }
    }

    #[test]
    fn what_the_compiler_refuses_is_told_with_its_place() {
        let words = "   Compiling x v0.0.0\n\
                     warning: unused variable: `y`\n --> src/join.rs:3:9\n\n\
                     error[E0382]: use of moved value: `x`\n  --> src/join.rs:12:5\n   |\n\n\
                     error: could not compile `x` (lib) due to 1 previous error\n";
        let first = "error[E0382]: use of moved value: `x` (src/join.rs:12)".to_owned();
        let words = words.trim_end().to_owned();
        assert_eq!(why_not(&words), NotBuilt::Refused { first, words });
    }

    #[test]
    fn what_is_missing_is_told_in_one_line() {
        let no_linker = missing("error: linker `cc` not found\n  |\n  = note: No such file\n");
        assert!(
            no_linker.starts_with("linker `cc` not found: an exercise in Rust needs a C linker")
        );
        let old = missing("error: failed to download `slab v0.4.12`\n\nCaused by:\n  offline\n");
        assert_eq!(
            old,
            format!(
                "Cargo does not build the program: failed to download `slab v0.4.12`{DOWNLOAD}"
            )
        );
        // As Cargo 1.95 says it in a fresh clone.
        let never_fetched = "error: no matching package named `socket2` found\n\
                             location searched: crates.io index\n\
                             required by package `exercise-6a v0.0.0 (work/6a)`\n\
                             As a reminder, you're using offline mode (--offline) which can\n";
        let never_fetched = missing(never_fetched);
        assert!(never_fetched.contains("`socket2` found. "), "{never_fetched}");
        assert!(never_fetched.contains("run `cargo fetch --locked` in the checkout once"));
        let other = missing("error: failed to parse manifest at `work/6a/Cargo.toml`\n");
        assert!(!other.contains("cargo fetch"), "{other}");
        assert_eq!(missing("killed\n\n"), "Cargo does not build the program: killed");
        assert_eq!(missing(""), "Cargo does not build the program: it says nothing");
        let not_here = no_cargo(&"cargo".into(), &io::ErrorKind::NotFound.into());
        assert!(not_here.starts_with("cargo is not here: "), "{not_here}");
    }
}
