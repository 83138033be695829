//! The museum: stages of the house, each with one real bug.

use serde::Deserialize;

use crate::exercise::Wrong;
use crate::folder::MUSEUM;
use crate::{Exercise, Folder};

/// The file that makes a folder a piece.
const FILE: &str = "piece.toml";

/// Where the text of a piece begins to tell what is wrong.
const REVEAL: &str = "<details>";

/// A piece of the museum: an exercise that is a stage of today with a bug. To take the bug out is
/// to solve it.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its runs and rules, and what one sees: its question. Its start is the piece itself.
    pub exercise: Exercise,
    /// The folder of the stage in `crates/`.
    pub stage: String,
    folder: Folder,
}

/// What stands in `piece.toml` beside the exercise.
#[derive(Deserialize)]
struct File {
    museum: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    stage: String,
}

impl Piece {
    /// All pieces, in the order of the chapters.
    ///
    /// # Panics
    /// An embedded piece is wrong, which a test excludes.
    pub fn all() -> Vec<Piece> {
        let pieces = Folder::pieces().into_iter();
        let pieces = pieces.map(|folder| Piece::read(folder).expect("a test reads every piece"));
        let mut pieces: Vec<Piece> = pieces.collect();
        pieces.sort_by_key(|piece| piece.exercise.chapter);
        pieces
    }

    /// The piece of this name, `lost-wakeup` or `museum/lost-wakeup`.
    pub fn find(name: &str) -> Option<Piece> {
        let name = name.strip_prefix(MUSEUM).unwrap_or(name);
        Piece::all().into_iter().find(|piece| piece.name() == name)
    }

    /// Whether this names a piece rather than another exercise.
    pub fn is_meant(name: &str) -> bool {
        name.starts_with(MUSEUM)
    }

    fn read(folder: Folder) -> Result<Piece, Wrong> {
        let text = folder.text(FILE)?;
        let file: File = toml::from_str(text)
            .map_err(|error| Wrong::new(format!("{FILE} of {}: {error}", folder.name)))?;
        let exercise = Exercise::parse(folder.id(), text)?;
        Ok(Piece { exercise, stage: file.museum.stage, folder })
    }

    /// `lost-wakeup`.
    pub fn name(&self) -> &str {
        self.folder.name.strip_prefix(MUSEUM).unwrap_or(&self.folder.name)
    }

    /// Its files.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What makes the bug reachable, if it is not so already: the name and the text of a patch,
    /// which stays when the bug is taken out.
    pub fn scene(&self) -> Option<(&'static str, &str)> {
        self.folder.text("scene.patch").ok().map(|text| ("scene.patch", text))
    }

    /// The bug: the name and the text of a patch.
    pub fn bug(&self) -> (&'static str, &str) {
        ("bug.patch", self.folder.text("bug.patch").unwrap_or_default())
    }

    /// The same bug in Python, if Python shares it, and the program without it.
    pub fn twin(&self) -> Option<[(&'static str, &[u8]); 2]> {
        let file = |name| self.folder.file(name).map(|text| (name, text));
        Some([file("twin.py")?, file("twin_fixed.py")?])
    }

    /// What one sees.
    pub fn symptom(&self) -> String {
        self.text().0
    }

    /// What is wrong, and where it has happened.
    pub fn explanation(&self) -> String {
        self.text().1
    }

    /// The two parts of its `README.md`. On a code host the second one is folded.
    fn text(&self) -> (String, String) {
        let text = self.folder.text("README.md").unwrap_or_default().replace("\r\n", "\n");
        let (symptom, rest) = text.split_once(REVEAL).unwrap_or((&text, ""));
        let folds = ["</details>", "<summary>", "</summary>"];
        let is_text = |line: &&str| !folds.iter().any(|fold| line.contains(fold));
        let explanation: Vec<&str> = rest.lines().filter(is_text).collect();
        (symptom.trim().to_owned() + "\n", explanation.join("\n").trim().to_owned() + "\n")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::LEVELS;

    #[test]
    fn every_piece_is_whole() {
        let folders = Folder::pieces();
        assert_eq!(folders.len(), 14);
        for folder in folders {
            let name = folder.name.clone();
            let piece = Piece::read(folder).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            assert!(piece.symptom().len() > 100, "{name} does not say what one sees");
            assert!(piece.explanation().len() > 300, "{name} does not say what is wrong");
            assert!(piece.explanation().contains("https://"), "{name} says nowhere it happened");
            for level in 1..=LEVELS {
                let hint = piece.exercise.hint(&piece.exercise.start, level);
                assert!(hint.is_some(), "{name} has no hint of level {level}");
            }
            let changed = |sign: &str| {
                let lines = piece.bug().1.lines().filter(|line| line.starts_with(sign));
                lines.filter(|line| !line.starts_with(&sign.repeat(3))).count()
            };
            for changed in [changed("+"), changed("-")] {
                assert!(changed <= 4, "{name}: the bug has {changed} lines");
            }
            assert!(changed("+") + changed("-") > 0, "{name} has no bug");
        }
    }

    /// Where its bug belongs in the book, and in the list of all pieces.
    #[test]
    fn the_book_names_every_piece() {
        let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
        let list = fs::read_to_string(docs.join("museum.md")).unwrap();
        for piece in Piece::all() {
            let (name, stage) = (piece.name(), &piece.stage);
            let chapter = fs::read_to_string(docs.join(format!("{stage}.md"))).unwrap();
            assert!(chapter.contains(&format!("`{name}`")), "docs/{stage}.md does not name {name}");
            let Exercise { chapter, question, .. } = &piece.exercise;
            let row = format!("| `{name}` | [{chapter}]({stage}.md) | {question} |");
            assert!(list.contains(&row), "docs/museum.md does not have the line:\n{row}");
        }
    }

    #[test]
    fn a_piece_is_found_by_its_name() {
        let piece = Piece::find("museum/lost-wakeup").unwrap();
        assert_eq!(
            (piece.name(), piece.exercise.id.as_str()),
            ("lost-wakeup", "museum/lost-wakeup")
        );
        assert_eq!(piece.stage, "08-async-await");
        assert!(Piece::find("lost-wakeup").is_some() && Piece::find("3a").is_none());
        assert!(Piece::is_meant("museum/no-such-piece") && !Piece::is_meant("3a"));
    }

    #[test]
    fn three_have_a_twin_in_python() {
        let twins: Vec<_> =
            Piece::all().into_iter().filter(|piece| piece.twin().is_some()).collect();
        let mut names: Vec<&str> = twins.iter().map(Piece::name).collect();
        names.sort();
        assert_eq!(names, ["forgotten-task", "result-before-callback", "swallowed-cancel"]);
    }
}
