//! The Python originals: the same stages in Python, as part of this program.

use super::Stage;

/// A file of Python, and what it runs.
#[derive(Debug)]
pub struct Original {
    /// Where it is, in `crates` as in the folder that it runs from: an original finds the module
    /// that all share, and an earlier chapter, by this.
    pub path: &'static str,
    /// The stages that it has, which are its argument.
    pub stages: &'static [&'static str],
    /// The file.
    pub text: &'static str,
}

/// All files of Python: an original is in here, or it does not exist for the runner.
pub const ORIGINALS: &[Original] = &[
    original("crawl/crawl.py", &[], include_str!("../../../crates/crawl/crawl.py")),
    original(
        "01-blocking/original.py",
        &["blocking"],
        include_str!("../../../crates/01-blocking/original.py"),
    ),
    original(
        "02-process-pool/original.py",
        &["process-pool"],
        include_str!("../../../crates/02-process-pool/original.py"),
    ),
    original(
        "03-thread-pool/original.py",
        &["thread-pool"],
        include_str!("../../../crates/03-thread-pool/original.py"),
    ),
    original(
        "04-busy-wait/original.py",
        &["busy-wait", "busy-wait-all"],
        include_str!("../../../crates/04-busy-wait/original.py"),
    ),
    original(
        "05-callbacks/original.py",
        &["select", "poll", "epoll", "polling"],
        include_str!("../../../crates/05-callbacks/original.py"),
    ),
    original(
        "06-generator-task/original.py",
        &["generator-task"],
        include_str!("../../../crates/06-generator-task/original.py"),
    ),
    original(
        "07-yield-from/original.py",
        &["yield-from"],
        include_str!("../../../crates/07-yield-from/original.py"),
    ),
    original(
        "08-async-await/original.py",
        &["async-await"],
        include_str!("../../../crates/08-async-await/original.py"),
    ),
    original(
        "09-asyncio/original.py",
        &["asyncio", "asyncio-socket"],
        include_str!("../../../crates/09-asyncio/original.py"),
    ),
    original(
        "10-many-loops/original.py",
        &["many-processes"],
        include_str!("../../../crates/10-many-loops/original.py"),
    ),
];

const fn original(
    path: &'static str,
    stages: &'static [&'static str],
    text: &'static str,
) -> Original {
    Original { path, stages, text }
}

/// How a stage waits in Python, where the words about the Rust stage would not be true.
const IN_PYTHON: &[(&str, &str)] = &[
    ("process-pool", "each process, started by spawn, sleeps in its own call"),
    ("epoll", "callbacks, epoll says which socket is ready"),
    ("polling", "callbacks, selectors.DefaultSelector asks the system"),
    ("async-await", "async functions, a Task resumes each when its Future is done"),
    ("asyncio", "the library itself: streams"),
    ("many-processes", "a process with asyncio's loop on each core"),
    ("asyncio-socket", "the library itself, one level below: sockets"),
];

impl Original {
    /// The original of a stage.
    pub fn of(name: &str) -> Option<&'static Original> {
        ORIGINALS.iter().find(|original| original.stages.contains(&name))
    }
}

/// How a stage waits in Python, after "1 thread, ".
pub fn summary(stage: &Stage) -> &'static str {
    let other = IN_PYTHON.iter().find(|(name, _)| *name == stage.name);
    other.map_or(stage.summary, |(_, summary)| summary)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::lineup::stages;

    #[test]
    fn every_original_in_the_tree_is_in_the_table() {
        let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates"));
        for folder in fs::read_dir(crates).unwrap() {
            let folder = folder.unwrap().file_name().into_string().unwrap();
            let path = format!("{folder}/original.py");
            let is_there = crates.join(&path).exists();
            let is_known = ORIGINALS.iter().any(|original| original.path == path);
            assert!(is_there == is_known, "crates/{path}: ORIGINALS needs a line for it");
        }
    }

    #[test]
    fn each_stage_of_an_original_is_a_stage_of_its_chapter() {
        for original in ORIGINALS {
            for name in original.stages {
                let [stage] = stages::find(name).unwrap()[..] else { panic!("{name}") };
                let (folder, _) = original.path.split_once('/').unwrap();
                assert_eq!(stage.source, format!("crates/{folder}/src"));
                assert!(!stage.hidden, "{name} is in no list, so nobody can ask for it in Python");
            }
        }
    }
}
