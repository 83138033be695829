//! Makes a small crate of a stage: what a student changes, builds and has checked.
//!
//! The crate holds the sources of the stage as they are today, after patches, and a `main` of one
//! line that runs them as a program of the protocol (`docs/protocol.md`). It is a workspace of its
//! own, outside of the house's, with paths to the crates of the checkout and a copy of its lock
//! file: so it builds offline, with what the checkout has.
//!
//! ```no_run
//! use std::path::Path;
//! use student_crate::{Checkout, Patch, Recipe};
//!
//! let checkout = Checkout::around(Path::new("."))?;
//! let bug = Patch { file: "bug.patch", text: "--- a/src/lib.rs\n+++ b/src/lib.rs\n…" };
//! let recipe = Recipe { name: "lost-wakeup", stage: "08-async-await", patches: &[bug] };
//! recipe.make(&checkout)?.write(Path::new("work/museum/lost-wakeup"))?;
//! # Ok::<(), student_crate::Wrong>(())
//! ```
//!
//! # Layout
//!
//! - `checkout`: where the sources of the house are
//! - `patch`: applies a patch, and says where one does not fit any more
//! - `manifest`: the `Cargo.toml`, with what the stage takes from the workspace filled in
//! - this file: puts them together

mod checkout;

mod manifest;
mod patch;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

pub use checkout::Checkout;
pub use patch::{Patch, apply, backwards};

/// What a crate is made of.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<'a> {
    /// The name of the crate and of its program.
    pub name: &'a str,
    /// The folder of the stage in `crates/`.
    pub stage: &'a str,
    /// What is changed in the stage, in this order.
    pub patches: &'a [Patch<'a>],
}

/// The files of a crate, by their path in it, with `/` on every system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudentCrate {
    /// What is in each file.
    pub files: BTreeMap<String, String>,
}

impl Recipe<'_> {
    /// Makes the crate. Nothing is written yet.
    ///
    /// # Errors
    /// A file of the checkout that cannot be read; a patch that does not fit the stage.
    pub fn make(&self, checkout: &Checkout) -> Result<StudentCrate, Wrong> {
        let mut files = checkout.sources(self.stage)?;
        for patch in self.patches {
            apply(patch, &mut files).map_err(|why| self.does_not_fit(patch, &why))?;
        }
        let about = manifest::Package { name: self.name, stage: self.stage };
        files.insert("Cargo.toml".to_owned(), manifest::of(&about, checkout)?);
        files.insert("Cargo.lock".to_owned(), checkout.read("Cargo.lock")?);
        files.insert("src/main.rs".to_owned(), main(self.name));
        Ok(StudentCrate { files })
    }

    fn does_not_fit(&self, patch: &Patch<'_>, why: &str) -> Wrong {
        let Recipe { name, stage, .. } = self;
        Wrong(format!("{name}: {} does not fit {stage} any more: {why}", patch.file))
    }
}

impl StudentCrate {
    /// Writes the files into a folder, which is made if there is none.
    ///
    /// # Errors
    /// The file that could not be written, and why.
    pub fn write(&self, folder: &Path) -> Result<(), Wrong> {
        for (path, text) in &self.files {
            let file = folder.join(path);
            let parent = file.parent().expect("a file is in a folder");
            let written = fs::create_dir_all(parent).and_then(|()| fs::write(&file, text));
            written.map_err(|error| Wrong::file("write", &file, &error))?;
        }
        Ok(())
    }
}

/// Lets all crates below a folder share one target folder, so that what they have in common is
/// built once. A `.cargo/config.toml` that is there already stays as it is.
///
/// It is not that of the checkout: to Cargo, crates of the same name are the same one there, in
/// whatever student's folder they are.
///
/// # Errors
/// The file that could not be written, and why.
pub fn share_target(folder: &Path) -> Result<(), Wrong> {
    let file = folder.join(".cargo/config.toml");
    if file.exists() {
        return Ok(());
    }
    let text = "# All crates below share one target folder.\n[build]\ntarget-dir = \"target\"\n";
    let files = BTreeMap::from([(".cargo/config.toml".to_owned(), text.to_owned())]);
    StudentCrate { files }.write(folder)
}

/// The whole program: a job on stdin, outcomes on stdout.
fn main(name: &str) -> String {
    let library = name.replace('-', "_");
    format!(
        "//! The stage as a program: a job comes on stdin, outcomes go to stdout.\n\
         \n\
         use std::process::ExitCode;\n\
         \n\
         fn main() -> ExitCode {{\n    stage_program::run({library}::crawl)\n}}\n"
    )
}

/// Why there is no crate, in words for whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(pub String);

impl Wrong {
    fn file(verb: &str, file: &Path, error: &io::Error) -> Wrong {
        Wrong(format!("cannot {verb} {}: {error}", file.display()))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}
