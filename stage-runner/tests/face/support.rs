//! Runs the binary.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// How a run of the binary ended.
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

/// The binary, in an environment that is the same everywhere.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stage-runner"));
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LANG", "LC_ALL", "LC_CTYPE"]
    {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(args: &[&str]) -> Ended {
    ended(command(args))
}

pub fn run_with_stdin(args: &[&str], stdin: &str) -> Ended {
    let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    Ended::of(child.wait_with_output().unwrap())
}

pub fn ended(mut command: Command) -> Ended {
    Ended::of(command.output().unwrap())
}

impl Ended {
    pub fn of(output: Output) -> Ended {
        Ended {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }

    #[track_caller]
    pub fn code(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Ended {
        assert!(self.stdout.contains(text), "no {text:?} in stdout:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub fn notes(self, text: &str) -> Ended {
        assert!(self.stderr.contains(text), "no {text:?} in stderr:\n{}", self.stderr);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
