//! What is to be checked: which exercises, and which program for each.

use std::ffi::OsString;
use std::path::PathBuf;

use classroom::{EXERCISES, Exercise, Piece, Progress};

use super::wrong;
use crate::cli::exercises::{CheckOptions, WhichOptions};
use crate::commands::workplace::{self, Workplace, find};

/// An exercise, and the program that is checked for it.
pub struct Task {
    pub exercise: Exercise,
    /// What stands for the exercise on a command line.
    pub which: WhichOptions,
    pub subject: Subject,
}

/// Which program is checked.
pub enum Subject {
    /// None: nothing was taken.
    Nothing,
    /// The one that was taken, in this language.
    Taken { language: Option<String>, is_one_of_several: bool },
    /// Another one, started here or in this folder.
    Command { words: Vec<OsString>, folder: Option<PathBuf> },
}

/// An exercise that was taken from a folder, and cannot be read there any more.
pub struct Unreadable {
    pub id: String,
    pub folder: String,
    pub why: String,
}

impl Task {
    /// The language, where it has to be told.
    pub fn language_of_several(&self) -> Option<&str> {
        match &self.subject {
            Subject::Taken { language, is_one_of_several: true } => language.as_deref(),
            _ => None,
        }
    }

    /// The words of another program than the one that was taken.
    pub fn words(&self) -> Vec<String> {
        match &self.subject {
            Subject::Command { words, .. } => {
                words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is to be checked.
///
/// # Errors
/// The student's progress cannot be read.
pub fn tasks(
    options: &CheckOptions,
    workplace: &Workplace,
) -> Result<Vec<Result<Task, Unreadable>>, String> {
    if options.all {
        return Ok(all_taken(workplace, &workplace.progress()?));
    }
    if options.which.name.is_none() && options.which.exercise.is_none() {
        wrong(
            "what is to be checked? An exercise, as in: stage-runner check 3a; all that you have \
             taken: --all; or a stage of your own: --program NAME=COMMAND"
                .to_owned(),
        )
    }
    let (_, exercise) = workplace::chosen(&options.which, "check").unwrap_or_else(wrong);
    workplace.progress()?;
    let subject = if options.command.is_empty() {
        let taken = workplace.languages(&exercise);
        let only = || match taken[..] {
            [only] => Some(only.to_owned()),
            _ => None,
        };
        let language = options.language.clone().or_else(only);
        Subject::Taken { language, is_one_of_several: taken.len() > 1 }
    } else {
        Subject::Command { words: options.command.clone(), folder: None }
    };
    Ok(vec![Ok(Task { exercise, which: options.which.clone(), subject })])
}

/// All exercises of the house and of the student's teacher, and all pieces of the museum: as they
/// were checked last, or else in each language in which they were taken.
fn all_taken(workplace: &Workplace, done: &Progress) -> Vec<Result<Task, Unreadable>> {
    let mut ids: Vec<String> = EXERCISES.all().iter().map(|one| one.id().to_owned()).collect();
    ids.extend(Piece::all().into_iter().map(|piece| piece.exercise.id));
    let of_a_teacher =
        done.all().iter().filter(|(id, one)| one.folder.is_some() && !ids.contains(id));
    let of_a_teacher: Vec<String> = of_a_teacher.map(|(id, _)| id.clone()).collect();
    ids.extend(of_a_teacher);

    let mut tasks = Vec::new();
    for id in ids {
        let entry = done.all().get(&id).cloned().unwrap_or_default();
        let path = entry.folder.as_ref().map(|noted| workplace.found(noted));
        let read = match &path {
            Some(path) => workplace::read(path),
            None => find(&id),
        };
        let exercise = match read {
            Ok((_, exercise)) => exercise,
            Err(why) => {
                let file = workplace.progress_file();
                let why = format!(
                    "{why}: put the folder back, or remove the block of {id} from {}",
                    file.display()
                );
                tasks.push(Err(Unreadable { id, folder: entry.folder.unwrap_or_default(), why }));
                continue;
            }
        };
        let subjects = if entry.command.is_empty() {
            of_the_taken(&workplace.languages(&exercise))
        } else {
            let words = entry.command.iter().map(OsString::from).collect();
            let folder = workplace.found(entry.directory.as_deref().unwrap_or("."));
            vec![Subject::Command { words, folder: Some(folder) }]
        };
        let path = path.map(|path| workplace::from_here(&path));
        let which = WhichOptions { name: None, exercise: path };
        tasks.extend(
            subjects.into_iter().map(|subject| {
                Ok(Task { exercise: exercise.clone(), which: which.clone(), subject })
            }),
        );
    }
    tasks
}

fn of_the_taken(languages: &[&str]) -> Vec<Subject> {
    if languages.is_empty() {
        return vec![Subject::Nothing];
    }
    let is_one_of_several = languages.len() > 1;
    let of = |language: &&str| Subject::Taken {
        language: Some((*language).to_owned()),
        is_one_of_several,
    };
    languages.iter().map(of).collect()
}
