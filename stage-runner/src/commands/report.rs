//! `stage-runner report` and `picture`: a result that was saved, as a page or as a picture.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use super::saved;
use crate::cli::wrong_in;
use crate::lineup::urls::name_of;
use crate::results::{Report, Row};
use crate::terminal::look::{Charset, Color, Look};
use crate::terminal::{file, progress};
use crate::views::svg::Drawn;
use crate::views::{html, json, svg};
use crate::words;

/// How a result is made that can be read.
const HOW: &str = "`stage-runner --format json > FILE` makes one";

/// Makes a page of a saved result.
pub fn run(result: &Path, output: &Path) -> ExitCode {
    progress::set_up(false, Look::new(Color::Never, Charset::Auto).ascii);
    let report = read(result).unwrap_or_else(wrong);
    file::check(output).unwrap_or_else(wrong);
    saved("report", output, &html::page(&report))
}

/// Readers of other languages need not know what something is called in Rust: `expected struct
/// RunLine` becomes `expected an object`.
fn without_types(message: &str) -> String {
    let Some((before, after)) = message.split_once("struct ") else { return message.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    format!("{before}an object{rest}")
}

/// Draws recorded stages of a saved result.
pub fn picture(result: &Path, stages: &[String], output: &Path) -> ExitCode {
    progress::set_up(false, Look::new(Color::Never, Charset::Auto).ascii);
    let report = read(result).unwrap_or_else(wrong_picture);
    let drawn = drawn(&report, stages).unwrap_or_else(wrong_picture);
    file::check(output).unwrap_or_else(wrong_picture);
    saved("picture", output, &svg::replay(&report, &drawn))
}

fn wrong<T>(message: String) -> T {
    wrong_in("report", message)
}

fn wrong_picture<T>(message: String) -> T {
    wrong_in("picture", message)
}

/// The stages of a report that were named, in the order of their names; without names all.
fn drawn<'a>(report: &'a Report, names: &[String]) -> Result<Vec<Drawn<'a>>, String> {
    let rows = report.rows();
    let find = |name: &String| {
        let row = rows.iter().find(|row| row.name() == name);
        row.ok_or_else(|| {
            let known: Vec<&str> = rows.iter().map(Row::name).collect();
            format!("no stage of the result is called \"{name}\"; it has {}", words::list(&known))
        })
    };
    if names.is_empty() {
        return rows.iter().map(Drawn::new).collect();
    }
    names.iter().map(|name| Drawn::new(find(name)?)).collect()
}

/// Reads a saved result; `-` is stdin.
///
/// # Errors
/// What is wrong with it, and what would work.
pub fn read(result: &Path) -> Result<Report, String> {
    let name = name_of(result);
    let text = match result.to_str() {
        Some("-") => {
            let mut text = Vec::new();
            io::stdin().read_to_end(&mut text).map(|_| text)
        }
        _ => fs::read(result),
    };
    let text = text.map_err(|error| format!("cannot read {name}: {error}"))?;
    json::read_report(&text).map_err(|error| match serde_json::from_slice::<Value>(&text) {
        Err(error) if text.trim_ascii().is_empty() || error.is_eof() => {
            format!("{name} ends too early to be JSON; {HOW}")
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            format!("{name} is not JSON (line {line}, column {column}); {HOW}")
        }
        Ok(value) if value.get("runs").is_none() || value.get("entrants").is_none() => {
            format!("{name} is JSON, but not a result of stages; {HOW}")
        }
        Ok(_) => {
            let why = without_types(&error.to_string());
            format!("{name} is not a result that can be read: {why}")
        }
    })
}
