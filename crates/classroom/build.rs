//! Embeds the exercises and the museum, so that the runner needs no checkout: tables of all files
//! that students get. What is in `right/` and `wrong/` stays out: those programs are there for the
//! tests, and the wrong ones name what is wrong.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    embed("exercises")?;
    embed("museum")
}

/// Writes the table of what is in the folders of a folder of the repository.
fn embed(what: &str) -> io::Result<()> {
    // Asked for when it runs: checkouts may share a target folder, and this program in it.
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let all = Path::new(&package).join("../..").join(what);
    println!("cargo::rerun-if-changed={}", all.display());
    let mut table = "&[\n".to_owned();
    for folder in sorted(&all)?.into_iter().filter(|path| path.is_dir()) {
        let name = name(&folder);
        let mut files = String::new();
        for file in files_of(&folder)? {
            let inside = file.strip_prefix(&folder).expect("it is inside").display().to_string();
            let inside = inside.replace('\\', "/");
            writeln!(
                files,
                "        ({inside:?}, include_bytes!({:?})),",
                file.display().to_string()
            )
            .expect("a String takes everything");
        }
        writeln!(table, "    ({name:?}, &[\n{files}    ]),").expect("a String takes everything");
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join(format!("{what}.rs")), table)
}

/// The files of an exercise that are embedded.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in sorted(folder)? {
        if !path.is_dir() {
            files.push(path);
        } else if !["right", "wrong", "__pycache__"].contains(&name(&path).as_str()) {
            files.extend(files_of(&path)?);
        }
    }
    Ok(files)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().expect("it has a name").to_string_lossy().into_owned()
}
