//! The Python that runs the originals.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, io};

use super::{processes, signals};

/// The oldest version that the originals run on.
const OLDEST: (u32, u32) = (3, 8);

/// What is called `python3` may be a script that looks for a Python, or one that waits for
/// somebody: no Python takes this long to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who still holds the output of an interpreter this long after its exit is not waited for.
const OUTPUT_AFTER_EXIT: Duration = Duration::from_secs(1);

/// How often a start is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// An interpreter tells this much about itself in a few hundred bytes.
const MOST_OUTPUT_BYTES: u64 = 16 << 10;

/// Every version since 2.6 can run this.
const ABOUT: &str = "\
import sys
name = getattr(getattr(sys, 'implementation', None), 'name', 'cpython')
about = tuple(sys.version_info[:3]) + (name, sys.executable)
sys.stdout.write('python %d.%d.%d %s\\n%s\\n' % about)
";

/// An interpreter that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The program, and what stands before its arguments.
    command: Vec<OsString>,
    /// `3.11.7`; another implementation than CPython is named: `3.10.14 (pypy)`.
    pub version: String,
}

impl Python {
    /// Looks for one: `PYTHON` if it is set, else what this system calls it.
    ///
    /// # Errors
    /// What was tried, and why each was refused, as one line.
    pub fn find() -> Result<Python, String> {
        let mut refused = Vec::new();
        for (name, command) in candidates(env::var_os("PYTHON")) {
            match judge(command) {
                Ok(python) => return Ok(python),
                Err(why) => refused.push(format!("{name} {why}")),
            }
        }
        let (major, minor) = OLDEST;
        Err(format!(
            "no Python {major}.{minor} or newer: {}. Set PYTHON to the path of one",
            refused.join("; ")
        ))
    }

    /// A command that runs a script with it.
    pub fn command(&self, script: &Path) -> Command {
        let mut command = command(&self.command);
        command.arg(script);
        command
    }
}

/// What to try, in this order, and what each is called.
fn candidates(chosen: Option<OsString>) -> Vec<(String, Vec<OsString>)> {
    if let Some(chosen) = chosen.filter(|chosen| !chosen.is_empty()) {
        let name = format!("PYTHON ({})", chosen.display());
        return vec![(name, vec![chosen])];
    }
    let usual: &[&str] = if cfg!(windows) { &["py -3", "python"] } else { &["python3"] };
    let words = |name: &&str| name.split(' ').map(OsString::from).collect();
    usual.iter().map(|name| ((*name).to_owned(), words(name))).collect()
}

/// A command of an interpreter, which finds the module of the originals beside them, may keep what
/// it has compiled, and ends when its script does.
fn command(words: &[OsString]) -> Command {
    const OTHERWISE: [&str; 6] = [
        "PYTHONSAFEPATH",
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPYCACHEPREFIX",
        "PYTHONINSPECT",
        "PYTHONSTARTUP",
    ];
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for name in OTHERWISE {
        command.env_remove(name);
    }
    command
}

/// Asks a command whether it is a Python that will do.
///
/// # Errors
/// Why not, after its name.
fn judge(words: Vec<OsString>) -> Result<Python, String> {
    let mut asking = command(&words);
    asking.args(["-c", ABOUT]);
    let said = answer(asking)?;
    let mut lines = said.lines();
    let about = lines.next().and_then(|line| line.strip_prefix("python "));
    let (version, implementation) =
        about.and_then(|about| about.split_once(' ')).ok_or("did not answer as a Python does")?;
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    let found = numbers.next().zip(numbers.next()).ok_or("did not tell its version")?;
    if found < OLDEST {
        return Err(format!("is Python {version}, which is too old"));
    }
    let version = match implementation {
        "cpython" => version.to_owned(),
        other => format!("{version} ({other})"),
    };
    // A script that looks for the interpreter would do so at each start: what it found is started.
    let itself = lines.next().map(Path::new).filter(|path| path.is_absolute() && path.is_file());
    let command = itself.map_or(words, |path| vec![path.into()]);
    Ok(Python { command, version })
}

/// What a command prints, if it ends well and soon.
///
/// # Errors
/// How it ended otherwise, after its name.
fn answer(mut command: Command) -> Result<String, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    processes::apart(&mut command);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "was not found".to_owned(),
        _ => format!("does not start ({error})"),
    })?;
    signals::child(child.id());
    let heard = (hear(child.stdout.take()), hear(child.stderr.take()));
    let ended = end_of(&mut child);
    if ended.is_none() {
        processes::kill(&mut child);
        let _ = child.wait();
    }
    signals::child(0);
    let said = |pipe: Receiver<String>| pipe.recv_timeout(OUTPUT_AFTER_EXIT).unwrap_or_default();
    match ended {
        None if signals::asked() => Err("was interrupted".to_owned()),
        None => Err(format!("did not answer within {} s", PATIENCE.as_secs())),
        Some(status) if status.success() => Ok(said(heard.0)),
        Some(status) => {
            let note = said(heard.1);
            let note = note.lines().map(str::trim).rfind(|line| !line.is_empty());
            let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
            Err(format!("ended with {status}{note}"))
        }
    }
}

/// How a child ends, if it does so before the time is over, and nobody asks to stop.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE && !signals::asked() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried() {
        let names = |chosen: Option<&str>| -> Vec<String> {
            let found = candidates(chosen.map(OsString::from));
            found.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(Some("/opt/my python")), ["PYTHON (/opt/my python)"]);
        assert_eq!(names(None), names(Some("")));
        if cfg!(windows) {
            assert_eq!(names(None), ["py -3", "python"]);
            assert_eq!(candidates(None)[0].1, ["py", "-3"]);
        } else {
            assert_eq!(names(None), ["python3"]);
        }
    }

    #[cfg(unix)]
    mod on_unix {
        use super::*;

        /// A shell script as an interpreter.
        fn judged(script: &str) -> Result<Python, String> {
            let words = ["sh", "-c", script, "sh"].map(OsString::from).to_vec();
            judge(words)
        }

        #[test]
        fn a_version_is_read() {
            let found = judged("echo 'python 3.8.0 cpython'").unwrap();
            assert_eq!((found.version.as_str(), found.command.len()), ("3.8.0", 4));
            let found = judged("echo 'python 3.14.0 cpython'; echo /bin/sh").unwrap();
            assert_eq!((found.version.as_str(), found.command), ("3.14.0", vec!["/bin/sh".into()]));
            assert_eq!(judged("echo 'python 3.10.14 pypy'").unwrap().version, "3.10.14 (pypy)");
        }

        #[test]
        fn what_will_not_do_is_refused_with_the_reason() {
            for (script, why) in [
                ("echo 'python 3.7.16 cpython'", "is Python 3.7.16, which is too old"),
                ("echo 'python 2.7.18 cpython'", "is Python 2.7.18, which is too old"),
                ("echo hello", "did not answer as a Python does"),
                ("true", "did not answer as a Python does"),
                ("echo 'python three cpython'", "did not tell its version"),
                (
                    "echo 'no version is set' >&2; exit 127",
                    "ended with exit status: 127 (no version is set)",
                ),
            ] {
                assert_eq!(judged(script).unwrap_err(), why, "{script}");
            }
            let missing = judge(vec!["/no/such/python".into()]).unwrap_err();
            assert_eq!(missing, "was not found");
        }

        /// It goes on after its exit, and holds the pipe.
        #[test]
        fn a_helper_that_stays_holds_nobody_up() {
            let began = Instant::now();
            let script = "echo 'python 3.9.1 cpython'; sleep 30 &";
            assert_eq!(judged(script).unwrap_err(), "did not answer as a Python does");
            assert!(began.elapsed() < Duration::from_secs(15));
        }
    }
}
