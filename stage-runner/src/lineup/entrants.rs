//! Who takes part: stages from the table and programs from the command line.

use std::borrow::Cow;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::originals::{self, Original};
use super::stages::{self, STAGES, Stage, Told};

/// One row of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrant {
    /// Its name in the tables.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// What the course says about it, if it is a stage of the course.
    pub stage: Option<StageFacts>,
    /// The program that it is, and its arguments; empty where the runner has the stage itself, in
    /// whichever language.
    pub command: Vec<String>,
    /// Whether it was asked for by name: then it is a failure if it cannot run here.
    pub by_name: bool,
}

/// What an entrant is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust, with the measuring of `stage_program` inside.
    Rust,
    /// Python: the original of a stage.
    Python,
    /// Whatever a program is written in: the runner cannot tell.
    Program,
}

/// The languages in which stages are to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Languages {
    Rust,
    Python,
    Both,
}

impl Languages {
    fn have_rust(self) -> bool {
        self != Languages::Python
    }

    fn have_python(self) -> bool {
        self != Languages::Rust
    }
}

/// A row of the table of stages, as far as it is words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageFacts {
    /// The chapter that it belongs to; the yardstick belongs to none.
    pub chapter: Option<u8>,
    /// How it waits, after "1 thread, ".
    pub summary: String,
    /// Where its source is.
    pub source: String,
    /// Whether it waits for one page after the other, however many it may have in flight.
    pub one_at_a_time: bool,
}

/// A program that is to run beside the stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name in the tables.
    pub name: String,
    /// The program and its arguments.
    pub words: Vec<String>,
}

impl Entrant {
    /// A stage of the table, in Rust.
    pub fn from_stage(stage: &Stage, by_name: bool) -> Entrant {
        Entrant {
            name: stage.name.to_owned(),
            language: Language::Rust,
            stage: Some(StageFacts {
                chapter: stage.number,
                summary: stage.summary.to_owned(),
                source: stage.source.to_owned(),
                one_at_a_time: stage.one_at_a_time,
            }),
            command: Vec::new(),
            by_name,
        }
    }

    /// The original of a stage of the table, in Python.
    pub fn from_original(original: &Original, stage: &Stage, by_name: bool) -> Entrant {
        Entrant {
            name: stage.name.to_owned(),
            language: Language::Python,
            stage: Some(StageFacts {
                chapter: stage.number,
                summary: originals::summary(stage).to_owned(),
                source: format!("crates/{}", original.path),
                one_at_a_time: stage.one_at_a_time,
            }),
            command: Vec::new(),
            by_name,
        }
    }

    /// A program of the command line, which is always there by name.
    pub fn from_program(program: &Program) -> Entrant {
        Entrant {
            name: program.name.clone(),
            language: Language::Program,
            stage: None,
            command: program.words.clone(),
            by_name: true,
        }
    }

    /// Whether it can run on this system.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn available(&self) -> Result<(), String> {
        // What an original needs, only its Python can tell: it says so, and ends.
        let is_it = |stage: &&Stage| self.language == Language::Rust && stage.name == self.name;
        STAGES.iter().find(is_it).map_or(Ok(()), |stage| (stage.available)())
    }

    /// Its name where both languages may be: `epoll in Python`.
    pub fn title(&self) -> Cow<'_, str> {
        match self.language {
            Language::Python => Cow::Owned(format!("{} in Python", self.name)),
            Language::Rust | Language::Program => Cow::Borrowed(&self.name),
        }
    }

    /// Whether it is a stage of the house, which measures itself as the runner would: what another
    /// program says is doubted.
    pub fn measures_itself(&self) -> bool {
        self.language != Language::Program
    }

    /// Whether it is looked at from outside as well, for what it does not tell itself.
    pub fn is_watched(&self) -> bool {
        self.language != Language::Rust
    }

    /// What the system tells it when it waits for many sockets at once. Of a program nobody knows.
    pub fn told(&self) -> Option<Told> {
        self.stage.as_ref()?;
        STAGES.iter().find(|stage| stage.name == self.name)?.told
    }

    /// Whether it is known to wait for one page after the other.
    pub fn is_one_at_a_time(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.one_at_a_time)
    }
}

/// Finds out who was asked for, in the order of the words, each once; the languages of a stage one
/// after the other.
///
/// # Errors
/// A word that stands for nothing, naming the nearest that does; a program with a name that is
/// taken; a stage that Python has no original of, where nothing but Python was asked for.
pub fn choose(
    words: &[String],
    programs: &[Program],
    languages: Languages,
) -> Result<Vec<Entrant>, String> {
    check_names(programs)?;
    let mut entrants: Vec<Entrant> = Vec::new();
    let mut add = |entrant: Entrant| {
        let is_it =
            |known: &&mut Entrant| known.name == entrant.name && known.language == entrant.language;
        match entrants.iter_mut().find(is_it) {
            Some(known) => known.by_name |= entrant.by_name,
            None => entrants.push(entrant),
        };
    };
    let all = || stages::all().flat_map(|stage| in_languages(stage, languages, false));
    if words.is_empty() && programs.is_empty() {
        all().for_each(&mut add);
    } else if words.is_empty() {
        if languages != Languages::Rust {
            let why = "without --stage only the programs run, whose language is their own";
            return Err(format!("{why}: write --stage all to compare them with the stages"));
        }
        programs.iter().map(Entrant::from_program).for_each(&mut add);
    }
    for word in words {
        if word == "all" {
            all().for_each(&mut add);
            programs.iter().map(Entrant::from_program).for_each(&mut add);
        } else if let Some(program) = programs.iter().find(|program| program.name == *word) {
            add(Entrant::from_program(program));
        } else {
            let found = stages::find(word).map_err(|_| unknown(word, programs))?;
            let found = found.into_iter().flat_map(|stage| in_languages(stage, languages, true));
            let found: Vec<Entrant> = found.collect();
            if found.is_empty() {
                let stage = word.escape_debug();
                return Err(format!(
                    "{stage} has no original in Python: --list shows the stages that have one"
                ));
            }
            found.into_iter().for_each(&mut add);
        }
    }
    let is_left_out =
        |program: &&Program| entrants.iter().all(|entrant| entrant.name != program.name);
    if let Some(Program { name, .. }) = programs.iter().find(is_left_out) {
        let words = words.join(",");
        return Err(format!(
            "--program {name}=… would not run, because --stage does not name it: write --stage {words},{name}"
        ));
    }
    Ok(entrants)
}

/// A stage in each of these languages that it has.
fn in_languages(stage: &Stage, languages: Languages, by_name: bool) -> Vec<Entrant> {
    let rust = languages.have_rust().then(|| Entrant::from_stage(stage, by_name));
    let original = Original::of(stage.name).filter(|_| languages.have_python());
    let python = original.map(|original| Entrant::from_original(original, stage, by_name));
    rust.into_iter().chain(python).collect()
}

fn check_names(programs: &[Program]) -> Result<(), String> {
    for (at, Program { name, .. }) in programs.iter().enumerate() {
        if name == "all" || stages::find(name).is_ok() {
            return Err(format!("--program {name}=…: the name {name} is taken by a stage"));
        }
        if programs[..at].iter().any(|other| other.name == *name) {
            return Err(format!("--program {name}=…: the name {name} is given twice"));
        }
    }
    Ok(())
}

fn unknown(word: &str, programs: &[Program]) -> String {
    let stages = STAGES.iter().flat_map(|stage| stage.aliases.iter().copied().chain([stage.name]));
    let names = stages.chain(programs.iter().map(|program| program.name.as_str())).chain(["all"]);
    let shown = word.escape_debug();
    if word.is_empty() {
        return "the name of a stage is missing: --list shows them".to_owned();
    }
    if let Some(turned) = stages::turned_around(word) {
        return format!("no stage is called \"{shown}\": chapters are counted up, write {turned}");
    }
    if stages::is_like_chapters(word) {
        let last = stages::STAGES.iter().filter_map(|stage| stage.number).max().unwrap_or(1);
        return format!("no stage is called \"{shown}\": the chapters are 1 to {last}");
    }
    match stages::nearest(word, names) {
        Some(name) => format!("no stage is called \"{shown}\": did you mean {name}?"),
        None => format!("no stage is called \"{shown}\": --list shows them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str], programs: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let program = |name: &&str| Program { name: (*name).to_owned(), words: vec!["x".into()] };
        let programs: Vec<_> = programs.iter().map(program).collect();
        let chosen = choose(&words, &programs, Languages::Rust)?;
        Ok(chosen.into_iter().map(|entrant| entrant.name).collect())
    }

    /// `epoll in Python` and so on.
    fn titles(words: &[&str], languages: Languages) -> Result<Vec<String>, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let chosen = choose(&words, &[], languages)?;
        Ok(chosen.iter().map(|entrant| entrant.title().into_owned()).collect())
    }

    #[test]
    fn the_languages_of_a_stage_stand_together() {
        assert_eq!(
            titles(&["epoll", "tokio", "1", "blocking"], Languages::Both).unwrap(),
            ["epoll", "epoll in Python", "tokio", "blocking", "blocking in Python"]
        );
        assert_eq!(
            titles(&["7-8"], Languages::Python).unwrap(),
            ["yield-from in Python", "async-await in Python"]
        );
        let all = titles(&[], Languages::Python).unwrap();
        assert!(all.len() >= 11 && all.iter().all(|title| title.ends_with(" in Python")));
        for word in ["tokio", "yield-from-flat"] {
            let error = titles(&["epoll", word], Languages::Python).unwrap_err();
            assert!(error.starts_with(&format!("{word} has no original in Python")), "{error}");
        }
    }

    #[test]
    fn words_choose() {
        let all: Vec<_> = stages::all().map(|stage| stage.name).collect();
        assert_eq!(names(&[], &[]).unwrap(), all);
        assert_eq!(names(&["all"], &["mine"]).unwrap().len(), all.len() + 1);
        assert_eq!(names(&[], &["mine"]).unwrap(), ["mine"]);
        assert_eq!(
            names(&["epoll", "mine", "1"], &["mine"]).unwrap(),
            ["epoll", "mine", "blocking"]
        );
        assert_eq!(names(&["epoll", "callbacks"], &[]).unwrap(), ["epoll"]);
        let range = names(&["7-8", "6"], &[]).unwrap();
        assert_eq!(range, ["yield-from", "async-await", "generator-task"]);
    }

    #[test]
    fn only_a_word_of_its_own_asks_for_a_stage_by_name() {
        for (words, by_name) in
            [(&[][..], false), (&["all"], false), (&["1"], true), (&["all", "blocking"], true)]
        {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(
                choose(&words, &[], Languages::Rust).unwrap()[0].by_name,
                by_name,
                "{words:?}"
            );
        }
    }

    #[test]
    fn wrong_words_are_told() {
        assert!(names(&["epol"], &[]).unwrap_err().contains("did you mean epoll?"));
        assert!(names(&["min"], &["mine"]).unwrap_err().contains("did you mean mine?"));
        for word in ["0", "99", "5-12", "1-"] {
            let told = names(&[word], &[]).unwrap_err();
            assert_eq!(told, format!("no stage is called \"{word}\": the chapters are 1 to 11"));
        }
        assert!(names(&["8-5"], &[]).unwrap_err().contains("write 5-8"));
        assert!(names(&["\u{1b}[2J"], &[]).unwrap_err().contains("--list"));
        assert!(names(&[], &["epoll"]).unwrap_err().contains("taken"));
        assert!(names(&["epoll"], &["mine"]).unwrap_err().contains("write --stage epoll,mine"));
        assert!(names(&[], &["1"]).unwrap_err().contains("taken"));
        assert!(names(&[], &["a", "a"]).unwrap_err().contains("twice"));
    }
}
