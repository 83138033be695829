//! CPython is the judge: what the scenarios and the random programs print
//! here is what they print there.
//!
//! The traces of Python lie beside the programs, so that the Rust half
//! runs without Python. Where there is a CPython 3.13, its half runs too,
//! and CI on Linux fails without one.
//! `scripts/oracle --bless` writes the traces again: from Python, never
//! from Rust.

mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use python::Python;

/// A program in both languages, and what it prints.
struct Twin {
    name: String,
    /// The example, and what it is called with.
    example: (&'static str, String),
    /// The Python file, and what it is called with.
    script: (PathBuf, Option<PathBuf>),
    expected: PathBuf,
}

fn twins() -> Vec<Twin> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut twins = Vec::new();
    let scripts = fs::read_dir(here.join("scenarios")).unwrap();
    let scripts = scripts.map(|entry| entry.unwrap().path());
    for script in scripts.filter(|path| path.with_extension("rs").exists())
    {
        let name = script.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_script = script.extension().is_some_and(|it| it == "py");
        if is_script && name != "tracing" {
            twins.push(Twin {
                example: ("scenarios", name.clone()),
                expected: script.with_extension("txt"),
                script: (script, None),
                name,
            });
        }
    }
    let oracle = here.join("oracle");
    let programs = oracle.join("programs.txt");
    twins.push(Twin {
        name: "200 random programs".to_owned(),
        example: ("oracle", programs.display().to_string()),
        script: (oracle.join("interpret.py"), Some(programs)),
        expected: oracle.join("traces.txt"),
    });
    twins.sort_by(|one, other| one.name.cmp(&other.name));
    twins
}

fn main() -> ExitCode {
    let python = python::find_or_leave_out("the twins in Python");
    let bless = std::env::args().any(|argument| argument == "--bless");
    match &python {
        Some(python) => println!("the judge is {}", python.version()),
        None if bless => {
            println!("only Python can say what is right");
            return ExitCode::FAILURE;
        }
        None => {}
    }
    let twins = twins();
    let are_same = twins.iter().filter(|twin| {
        if let (Some(python), true) = (&python, bless) {
            let (script, file) = &twin.script;
            let printed = python.run(script, file.as_deref());
            fs::write(&twin.expected, printed).unwrap();
        }
        is_same(twin, python.as_ref())
    });
    let (same, all) = (are_same.count(), twins.len());
    println!("{same} of {all} twins print the same");
    if same == all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_same(twin: &Twin, python: Option<&Python>) -> bool {
    // A checkout on Windows may have other line ends.
    let expected = fs::read_to_string(&twin.expected).unwrap_or_default();
    let expected = expected.replace("\r\n", "\n");
    let (example, argument) = &twin.example;
    let printed = example_check::run_with(example, &[argument]);
    let mut is_same = compare(&twin.name, "Rust", &expected, &printed);
    if let Some(python) = python {
        let (script, file) = &twin.script;
        let printed = python.run(script, file.as_deref());
        is_same &= compare(&twin.name, "Python", &expected, &printed);
    }
    is_same
}

fn compare(
    name: &str,
    language: &str,
    expected: &str,
    printed: &str,
) -> bool {
    if expected == printed {
        return true;
    }
    let mut lines = expected.lines().zip(printed.lines());
    let first = lines.position(|(one, other)| one != other);
    let first = first.unwrap_or(expected.lines().count());
    let line = |text: &str| {
        text.lines().nth(first).unwrap_or("(the end)").to_owned()
    };
    println!("{name}, line {}, in {language}:", first + 1);
    println!("  expected {}", line(expected));
    println!("  printed  {}", line(printed));
    false
}
