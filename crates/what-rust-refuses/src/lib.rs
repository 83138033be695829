//! Five mistakes of concurrent programs that Rust does not compile.
//!
//! The programs are in `refused/`, each beside a Python program that makes
//! the same mistake and runs. The page `docs/what-rust-refuses.md` shows
//! both. [`refusals`] asks the compiler that is here for its words, and a
//! test compares them with those on the page.
//!
//! | mistake | error |
//! |---|---|
//! | [a plain counter for ten threads](shared_counter) | E0499 |
//! | [one callback for two sockets](registered_twice) | E0382 |
//! | [a socket read after it was closed](used_after_close) | E0382 |
//! | [a waker on `Rc`](waker_on_rc) | E0277 |
//! | [a future moved while it runs](moved_while_it_runs) | E0507 |

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io;
use std::process::Command;

use serde_json::Value;

/// Ten threads add one to a plain number. Each of them would need the only
/// mutable borrow of it.
///
#[doc = "```compile_fail,E0499"]
#[doc = include_str!("../refused/shared_counter.rs")]
#[doc = "```"]
pub mod shared_counter {}

/// One callback for two sockets. A callback owns its fetch, and a fetch has
/// one owner.
///
#[doc = "```compile_fail,E0382"]
#[doc = include_str!("../refused/registered_twice.rs")]
#[doc = "```"]
pub mod registered_twice {}

/// A socket is read after it was closed. To close a socket is to drop it,
/// and what was dropped has no name any more.
///
#[doc = "```compile_fail,E0382"]
#[doc = include_str!("../refused/used_after_close.rs")]
#[doc = "```"]
pub mod used_after_close {}

/// A waker on `Rc`. A waker may be called from any thread, and `Rc` may not
/// leave its own.
///
#[doc = "```compile_fail,E0277"]
#[doc = include_str!("../refused/waker_on_rc.rs")]
#[doc = "```"]
pub mod waker_on_rc {}

/// A future is moved while it runs. It may hold references to its own
/// variables, so `Pin` does not let go of it.
///
#[doc = "```compile_fail,E0507"]
#[doc = include_str!("../refused/moved_while_it_runs.rs")]
#[doc = "```"]
pub mod moved_while_it_runs {}

/// An error of the compiler, as its first line shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `E0499`.
    pub code: String,
    /// The words behind the code.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error[{}]: {}", self.code, self.message)
    }
}

/// What the compiler says about each program, by name, in its order. What
/// it does not refuse is missing.
///
/// # Errors
/// Where Cargo does not run. Its words, where it does not come to compile
/// the programs.
pub fn refusals() -> io::Result<BTreeMap<String, Vec<Refusal>>> {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let arguments = "check --quiet --offline --package what-rust-refuses --examples \
                     --features refused --keep-going --message-format json";
    let output = Command::new(cargo)
        .args(arguments.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let mut refusals = BTreeMap::<_, Vec<_>>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((program, refusal)) = refusal(line) {
            refusals.entry(program).or_default().push(refusal);
        }
    }
    if refusals.is_empty() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(refusals)
}

/// The error in a line of Cargo's, and the program that has it. (The last
/// error of a program only counts the others, and has no code.)
fn refusal(line: &str) -> Option<(String, Refusal)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let message = &line["message"];
    if line["target"]["kind"][0] != "example" || message["level"] != "error" {
        return None;
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let code = text(&message["code"]["code"])?;
    Some((text(&line["target"]["name"])?, Refusal { code, message: text(&message["message"])? }))
}
