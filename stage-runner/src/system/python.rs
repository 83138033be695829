//! The Python that runs the originals.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::answer::answer;

/// The oldest version that the originals run on.
const OLDEST: (u32, u32) = (3, 8);

/// What is called `python3` may be a script that looks for a Python, or one that waits for
/// somebody: no Python takes this long to start.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let said = answer(asking, PATIENCE).map_err(|no_answer| no_answer.why)?;
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
        use std::time::Instant;

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
