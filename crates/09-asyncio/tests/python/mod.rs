//! Finds a CPython that may judge, and runs scripts with it.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Python(PathBuf);

/// A Python that may judge. Where there is none, this says what is left
/// out; but in CI on Linux it fails, because `.ci/run` has installed one.
#[expect(
    clippy::explicit_write,
    reason = "a test that passes does not show what `eprintln!` prints"
)]
pub(crate) fn find_or_leave_out(what: &str) -> Option<Python> {
    let missing = match find() {
        Ok(python) => {
            let version = python.version();
            // Both print the same: see `behaviors.md`.
            let was_compared = [" 3.13.", " 3.14."];
            if !was_compared.iter().any(|it| version.contains(it)) {
                writeln!(
                    io::stderr(),
                    "{version} judges {what}. It was compared with 3.13 \
                     and 3.14: what differs may be new in Python."
                )
                .unwrap();
            }
            return Some(python);
        }
        Err(missing) => missing,
    };
    let is_needed =
        cfg!(target_os = "linux") && env::var_os("CI").is_some();
    assert!(
        !is_needed,
        "CI needs {what}, but {missing}: install python3.13"
    );
    writeln!(io::stderr(), "left out: {what}, because {missing}").unwrap();
    None
}

/// Looks at `$PYTHON`, on the PATH, and among pyenv's versions.
fn find() -> Result<Python, String> {
    let mut candidates: Vec<PathBuf> = Vec::new();
    candidates.extend(env::var_os("PYTHON").map(PathBuf::from));
    candidates.extend(["python3.13", "python3", "python"].map(Into::into));
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = env::home_dir().map(|home| home.join(".pyenv"));
    if let Some(root) = root.or(home) {
        let versions = root.join("versions").read_dir();
        let versions = versions.into_iter().flatten().flatten();
        let mut versions: Vec<_> = versions.map(|it| it.path()).collect();
        versions.sort();
        let python = |version: PathBuf| version.join("bin/python3");
        candidates.extend(versions.into_iter().map(python));
    }
    let found = candidates.into_iter().find_map(|it| judge(&it));
    found.ok_or_else(|| "there is no CPython 3.13 or later".to_owned())
}

/// The interpreter itself, if it is CPython 3.13 or later.
fn judge(python: &Path) -> Option<Python> {
    let says = "import sys; print(sys.implementation.name == 'cpython' \
                and sys.version_info >= (3, 13) and sys.executable)";
    let output = Command::new(python).args(["-c", says]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = path.trim();
    let fits = !path.is_empty() && path != "False";
    fits.then(|| Python(PathBuf::from(path)))
}

impl Python {
    pub(crate) fn version(&self) -> String {
        let output = Command::new(&self.0).arg("--version").output();
        let version = output.expect("it has been run before").stdout;
        String::from_utf8_lossy(&version).trim().to_owned()
    }

    /// What a script prints.
    pub(crate) fn run(&self, script: &Path, file: Option<&Path>) -> String {
        let output = Command::new(&self.0)
            .arg("-B") // leaves nothing in the source folder
            .arg(script)
            .args(file)
            .env("PYTHONUTF8", "1")
            .output()
            .expect("it has been run before");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script:?}: {errors}");
        let printed = String::from_utf8(output.stdout).unwrap();
        printed.replace("\r\n", "\n")
    }
}
