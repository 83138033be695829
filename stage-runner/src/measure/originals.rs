//! The Python originals of this program, written where an interpreter finds them.

use std::process::Command;
use std::{fs, io};

use tempfile::TempDir;

use crate::lineup::Original;
use crate::lineup::originals::ORIGINALS;
use crate::system::python::Python;
use crate::system::signals;

/// All originals in a private folder, which is removed with this, and an interpreter for them.
#[derive(Debug)]
pub struct Originals {
    python: Python,
    folder: TempDir,
}

impl Originals {
    /// Writes them.
    ///
    /// # Errors
    /// What the system said.
    pub fn unpack(python: Python) -> io::Result<Originals> {
        let folder = tempfile::Builder::new().prefix("ways-to-wait-").tempdir()?;
        // Where the process ends early, nobody drops this.
        signals::folder(Some(folder.path().to_owned()));
        let originals = Originals { python, folder };
        for original in ORIGINALS {
            let path = originals.folder.path().join(original.path);
            fs::create_dir_all(path.parent().expect("it is in a folder"))?;
            fs::write(path, original.text)?;
        }
        Ok(originals)
    }

    /// The version of their interpreter.
    pub fn version(&self) -> &str {
        &self.python.version
    }

    /// The command that runs one stage.
    pub fn command(&self, original: &Original, stage: &str) -> Command {
        let mut command = self.python.command(&self.folder.path().join(original.path));
        command.arg(stage);
        command
    }
}
