use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Wrong;

/// A checkout of the house: the folder with `crates/`.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
}

/// What every checkout has, and hardly any other folder.
const SIGN: &str = "crates/stage-program/Cargo.toml";

impl Checkout {
    /// The checkout that a folder is in, or that it is.
    ///
    /// # Errors
    /// There is none.
    pub fn around(folder: &Path) -> Result<Checkout, Wrong> {
        let absolute = std::path::absolute(folder)
            .map_err(|error| Wrong::file("look around", folder, &error))?;
        let root = absolute.ancestors().find(|folder| folder.join(SIGN).is_file());
        let root = root.ok_or_else(|| {
            Wrong(format!(
                "no checkout of Ways to Wait around {}: a crate in Rust is made of its sources; \
                 run this inside of one",
                absolute.display()
            ))
        })?;
        Ok(Checkout { root: root.to_owned() })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sources of a stage, as `src/…`.
    pub(crate) fn sources(&self, stage: &str) -> Result<BTreeMap<String, String>, Wrong> {
        let mut files = BTreeMap::new();
        self.read_folder(stage, "src", &mut files)?;
        Ok(files)
    }

    fn read_folder(
        &self,
        stage: &str,
        path: &str,
        files: &mut BTreeMap<String, String>,
    ) -> Result<(), Wrong> {
        let folder = self.root.join("crates").join(stage).join(path);
        let wrong = |error| Wrong::file("read", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let path = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.read_folder(stage, &path, files)?;
            } else if path.ends_with(".rs") {
                let text = self.read(&format!("crates/{stage}/{path}"))?;
                files.insert(path, text);
            }
        }
        Ok(())
    }

    /// A text file of it. The ends of lines are `\n`, also where the checkout has others.
    pub(crate) fn read(&self, path: &str) -> Result<String, Wrong> {
        let file = self.root.join(path);
        let text = fs::read_to_string(&file);
        let text = text.map_err(|error| Wrong::file("read", &file, &error))?;
        Ok(text.replace("\r\n", "\n"))
    }
}
