//! Who takes part: stages from the table and programs from the command line.

use serde::{Deserialize, Serialize};

use super::stages::{self, STAGES, Stage};

/// One row of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrant {
    /// Its name in the tables.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// What the course says about it, if it is a stage of the course.
    pub stage: Option<StageFacts>,
    /// The program that it is, and its arguments; empty where the runner has the stage itself.
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
        let stage = STAGES.iter().find(|stage| stage.name == self.name && self.command.is_empty());
        stage.map_or(Ok(()), |stage| (stage.available)())
    }

    /// Whether it measures itself as the runner would: else it is watched from outside, and what it
    /// says is doubted.
    pub fn measures_itself(&self) -> bool {
        self.language == Language::Rust
    }

    /// Whether it is known to wait for one page after the other.
    pub fn is_one_at_a_time(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.one_at_a_time)
    }
}

/// Finds out who was asked for, in the order of the words, each once.
///
/// # Errors
/// A word that stands for nothing, naming the nearest that does; a program with a name that is
/// taken.
pub fn choose(words: &[String], programs: &[Program]) -> Result<Vec<Entrant>, String> {
    check_names(programs)?;
    let mut entrants: Vec<Entrant> = Vec::new();
    let mut add = |entrant: Entrant| {
        match entrants.iter_mut().find(|known| known.name == entrant.name) {
            Some(known) => known.by_name |= entrant.by_name,
            None => entrants.push(entrant),
        };
    };
    let all_stages = || stages::all().map(|stage| Entrant::from_stage(stage, false));
    if words.is_empty() && programs.is_empty() {
        all_stages().for_each(&mut add);
    } else if words.is_empty() {
        programs.iter().map(Entrant::from_program).for_each(&mut add);
    }
    for word in words {
        if word == "all" {
            all_stages().for_each(&mut add);
            programs.iter().map(Entrant::from_program).for_each(&mut add);
        } else if let Some(program) = programs.iter().find(|program| program.name == *word) {
            add(Entrant::from_program(program));
        } else {
            let found = stages::find(word).map_err(|_| unknown(word, programs))?;
            found.into_iter().map(|stage| Entrant::from_stage(stage, true)).for_each(&mut add);
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
        Ok(choose(&words, &programs)?.into_iter().map(|entrant| entrant.name).collect())
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
            assert_eq!(choose(&words, &[]).unwrap()[0].by_name, by_name, "{words:?}");
        }
    }

    #[test]
    fn wrong_words_are_told() {
        assert!(names(&["epol"], &[]).unwrap_err().contains("did you mean epoll?"));
        assert!(names(&["min"], &["mine"]).unwrap_err().contains("did you mean mine?"));
        assert!(names(&["\u{1b}[2J"], &[]).unwrap_err().contains("--list"));
        assert!(names(&[], &["epoll"]).unwrap_err().contains("taken"));
        assert!(names(&["epoll"], &["mine"]).unwrap_err().contains("write --stage epoll,mine"));
        assert!(names(&[], &["1"]).unwrap_err().contains("taken"));
        assert!(names(&[], &["a", "a"]).unwrap_err().contains("twice"));
    }
}
