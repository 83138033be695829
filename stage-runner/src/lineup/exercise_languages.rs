//! The languages of the exercises' programs.

/// A language that a start may be written in.
#[derive(Debug, PartialEq, Eq)]
pub struct ExerciseLanguage {
    /// As `--language` names it.
    pub name: &'static str,
    /// How its files end.
    pub extension: &'static str,
    /// What runs a file of it. Which Python is found out when one is needed.
    pub program: &'static str,
}

impl ExerciseLanguage {
    /// All of them.
    pub const ALL: [ExerciseLanguage; 3] = [
        ExerciseLanguage { name: "python", extension: "py", program: "python3" },
        ExerciseLanguage { name: "javascript", extension: "js", program: "node" },
        ExerciseLanguage { name: "rust", extension: "rs", program: "cargo" },
    ];

    /// Whether a program of it is a crate, which has to be built.
    pub fn is_rust(&self) -> bool {
        self.extension == "rs"
    }

    /// The language of this name.
    ///
    /// # Errors
    /// There is none, and which there are.
    pub fn find(name: &str) -> Result<&'static ExerciseLanguage, String> {
        let languages = &ExerciseLanguage::ALL;
        languages.iter().find(|language| language.name == name).ok_or_else(|| {
            let names: Vec<&str> = languages.iter().map(|language| language.name).collect();
            let shown = name.escape_debug();
            format!("no exercise is in \"{shown}\": write {}", names.join(" or "))
        })
    }
}
