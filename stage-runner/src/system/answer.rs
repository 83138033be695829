//! What a short program prints, if it ends well and soon.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::{processes, signals};

/// Who still holds the output of a program this long after its exit is not waited for.
const OUTPUT_AFTER_EXIT: Duration = Duration::from_secs(1);

/// How often a program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A short answer has at most a few hundred bytes.
const MOST_OUTPUT_BYTES: u64 = 16 << 10;

/// What went wrong, in words that follow the program's name: `was not found`.
#[derive(Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// The words.
    pub why: String,
    /// The exit status that it ended with, if it came to one.
    pub exit: Option<i32>,
    /// The last line that it printed to stderr.
    pub last_note: Option<String>,
}

impl From<String> for NoAnswer {
    fn from(why: String) -> NoAnswer {
        NoAnswer { why, exit: None, last_note: None }
    }
}

/// What a command prints to stdout. It runs in a process group of its own, and is ended when its
/// time is over, or when somebody asks to stop.
///
/// # Errors
/// It did not end well, or not in time.
pub fn answer(mut command: Command, patience: Duration) -> Result<String, NoAnswer> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    processes::apart(&mut command);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "was not found".to_owned(),
        _ => format!("does not start ({error})"),
    })?;
    signals::child(child.id());
    let heard = (hear(child.stdout.take()), hear(child.stderr.take()));
    let ended = end_of(&mut child, patience);
    if ended.is_none() {
        processes::kill(&mut child);
        let _ = child.wait();
    }
    signals::child(0);
    let said = |pipe: Receiver<String>| pipe.recv_timeout(OUTPUT_AFTER_EXIT).unwrap_or_default();
    match ended {
        None if signals::asked() => Err("was interrupted".to_owned().into()),
        None => Err(format!("did not answer within {} s", patience.as_secs()).into()),
        Some(status) if status.success() => Ok(said(heard.0)),
        Some(status) => {
            let notes = said(heard.1);
            let last_note = notes.lines().map(str::trim).rfind(|line| !line.is_empty());
            let note = last_note.map(|note| format!(" ({note})")).unwrap_or_default();
            Err(NoAnswer {
                why: format!("ended with {status}{note}"),
                exit: status.code(),
                last_note: last_note.map(str::to_owned),
            })
        }
    }
}

/// How a child ends, if it does so before the time is over, and nobody asks to stop.
fn end_of(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < patience && !signals::asked() {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(LOOK_EVERY);
    }
    None
}

/// Reads a pipe on a thread of its own: whoever else holds the pipe must not hold this one up.
fn hear(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (say, said) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MOST_OUTPUT_BYTES).read_to_end(&mut bytes);
        }
        let _ = say.send(String::from_utf8_lossy(&bytes).into_owned());
    };
    // Without a thread nothing is heard, which is told as an answer that is not one.
    let _ = thread::Builder::new().spawn(read);
    said
}
