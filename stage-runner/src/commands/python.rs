//! What stages in Python need, before anything runs.

use std::process::ExitCode;

use crate::lineup::{Entrant, Language, Languages};
use crate::measure::Originals;
use crate::system::python::Python;
use crate::system::signals;
use crate::terminal::progress;
use crate::words;

/// What there is for stages in Python.
pub struct ForPython {
    /// The originals, with their interpreter, where any entrant needs them.
    pub originals: Option<Originals>,
    /// Whether an original was asked for by name, and there is no Python for it.
    pub is_missed: bool,
}

/// Finds a Python, if any of the entrants needs one. Where there is none, those do not take part.
///
/// # Errors
/// The exit status, where nobody is left.
pub fn for_those_who_need_it(
    entrants: &mut Vec<Entrant>,
    languages: Languages,
) -> Result<ForPython, ExitCode> {
    let is_python = |entrant: &Entrant| entrant.language == Language::Python;
    if languages == Languages::Both {
        tell_of_missing_originals(entrants);
    }
    if !entrants.iter().any(is_python) {
        return Ok(ForPython { originals: None, is_missed: false });
    }
    let unpack = |python| {
        let unpacked = Originals::unpack(python);
        unpacked.map_err(|error| format!("no temporary folder for the originals: {error}"))
    };
    let why = match Python::find().and_then(unpack) {
        Ok(originals) => {
            return Ok(ForPython { originals: Some(originals), is_missed: false });
        }
        Err(_) if signals::asked() => return Err(ExitCode::from(signals::exit_status())),
        Err(why) => words::escaped(&why),
    };
    if entrants.iter().all(is_python) {
        progress::warn(&format!("error: {why}."));
        return Err(ExitCode::FAILURE);
    }
    progress::warn(&format!("warning: {why}. Nothing runs in Python."));
    let is_missed = entrants.iter().any(|entrant| is_python(entrant) && entrant.by_name);
    entrants.retain(|entrant| !is_python(entrant));
    Ok(ForPython { originals: None, is_missed })
}

/// Who asked for a stage by name, and for both languages, is told where there is only one.
fn tell_of_missing_originals(entrants: &[Entrant]) {
    let in_language = |entrant: &&Entrant, language| entrant.language == language;
    let is_alone = |entrant: &&Entrant| {
        let mut others = entrants.iter().filter(|other| in_language(other, Language::Python));
        others.all(|other| other.name != entrant.name)
    };
    let named = entrants.iter().filter(|entrant| entrant.by_name);
    let alone = named.filter(|entrant| in_language(entrant, Language::Rust)).filter(is_alone);
    let names: Vec<&str> = alone.map(|entrant| entrant.name.as_str()).collect();
    match names[..] {
        [] => {}
        [name] => progress::note(&format!("{name} has no original in Python: Rust alone runs.")),
        _ => progress::note(&format!(
            "{} have no original in Python: Rust alone runs.",
            words::list(&names)
        )),
    }
}
