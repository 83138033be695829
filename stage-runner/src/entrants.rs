//! Who takes part: stages from the table and programs from the command line.

use crate::cli::Program;
use crate::stages::{self, STAGES, Stage};

/// One row of the comparison.
#[derive(Clone)]
pub struct Entrant {
    /// Its name in the tables.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it was asked for by name: then it is a failure if it cannot run here.
    pub by_name: bool,
}

/// What an entrant is.
#[derive(Clone)]
pub enum Kind {
    /// A stage of the table.
    Stage(&'static Stage),
    /// A program and its arguments.
    Program(Vec<String>),
}

impl Entrant {
    /// The stage of the table, if it is one.
    pub fn stage(&self) -> Option<&'static Stage> {
        match self.kind {
            Kind::Stage(stage) => Some(stage),
            Kind::Program(_) => None,
        }
    }

    /// What it is written in, as far as the runner knows.
    pub fn language(&self) -> &'static str {
        match self.kind {
            Kind::Stage(_) => "rust",
            Kind::Program(_) => "program",
        }
    }
}

/// Finds out who was asked for, in the order of the words, each once.
///
/// # Errors
/// A word that stands for nothing, naming the nearest that does; a program with a name that is taken.
pub fn choose(words: &[String], programs: &[Program]) -> Result<Vec<Entrant>, String> {
    check_names(programs)?;
    let mut entrants: Vec<Entrant> = Vec::new();
    let mut add = |entrant: Entrant| {
        match entrants.iter_mut().find(|known| known.name == entrant.name) {
            Some(known) => known.by_name |= entrant.by_name,
            None => entrants.push(entrant),
        };
    };
    let all_stages = || stages::all().map(|stage| from_stage(stage, false));
    if words.is_empty() && programs.is_empty() {
        all_stages().for_each(&mut add);
    } else if words.is_empty() {
        programs.iter().map(from_program).for_each(&mut add);
    }
    for word in words {
        if word == "all" {
            all_stages().for_each(&mut add);
            programs.iter().map(from_program).for_each(&mut add);
        } else if let Some(program) = programs.iter().find(|program| program.name == *word) {
            add(from_program(program));
        } else {
            let found = stages::find(word).map_err(|_| unknown(word, programs))?;
            found.into_iter().map(|stage| from_stage(stage, true)).for_each(&mut add);
        }
    }
    Ok(entrants)
}

fn from_stage(stage: &'static Stage, by_name: bool) -> Entrant {
    Entrant { name: stage.name.to_owned(), kind: Kind::Stage(stage), by_name }
}

fn from_program(program: &Program) -> Entrant {
    let kind = Kind::Program(program.words.clone());
    Entrant { name: program.name.clone(), kind, by_name: true }
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

/// What is wrong with a URL, and what to write where a stage is meant.
pub fn hint(first_url: &str, error: String) -> String {
    match stages::find(first_url) {
        Ok(_) => format!("{error}; did you mean --stage {first_url}?"),
        Err(_) => error,
    }
}

fn unknown(word: &str, programs: &[Program]) -> String {
    let stages = STAGES.iter().flat_map(|stage| stage.aliases.iter().copied().chain([stage.name]));
    let names = stages.chain(programs.iter().map(|program| program.name.as_str())).chain(["all"]);
    let shown = word.escape_debug();
    if word.is_empty() {
        return "the name of a stage is missing: --list shows them".to_owned();
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
    }

    #[test]
    fn a_skip_is_a_failure_only_where_it_was_asked_for_by_name() {
        let skipped = crate::run::Run::skipped(0, 0, "not here".to_owned());
        let chosen = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            choose(&words, &[]).unwrap().remove(0)
        };
        assert!(skipped.is_fine(&chosen(&[])) && skipped.is_fine(&chosen(&["all"])));
        assert!(
            !skipped.is_fine(&chosen(&["1"])) && !skipped.is_fine(&chosen(&["all", "blocking"]))
        );
    }

    #[test]
    fn wrong_words_are_told() {
        assert!(names(&["epol"], &[]).unwrap_err().contains("did you mean epoll?"));
        assert!(names(&["min"], &["mine"]).unwrap_err().contains("did you mean mine?"));
        assert!(names(&["\u{1b}[2J"], &[]).unwrap_err().contains("--list"));
        assert!(names(&[], &["epoll"]).unwrap_err().contains("taken"));
        assert!(names(&[], &["1"]).unwrap_err().contains("taken"));
        assert!(names(&[], &["a", "a"]).unwrap_err().contains("twice"));
    }
}
