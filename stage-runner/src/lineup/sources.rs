//! The source code of the stages, as this binary was built from it: what a recorded place points
//! to.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// A file of a stage.
pub struct Source {
    /// Its path in the repository, with `/` on every system.
    pub path: &'static str,
    /// What is in it. The ends of lines are those of the checkout: take it by [`str::lines`].
    pub text: &'static str,
}

macro_rules! source {
    ($path:literal) => {
        Source { path: $path, text: include_str!(concat!("../../../", $path)) }
    };
}

/// The files in which a step of a run can be noted. (Chapter 9 has 40 more, in which none is.)
pub const SOURCES: &[Source] = &[
    source!("crates/01-blocking/src/exact_deadlines.rs"),
    source!("crates/01-blocking/src/lib.rs"),
    source!("crates/02-process-pool/src/become_worker.rs"),
    source!("crates/02-process-pool/src/lib.rs"),
    source!("crates/02-process-pool/src/pool.rs"),
    source!("crates/02-process-pool/src/process.rs"),
    source!("crates/02-process-pool/src/wire.rs"),
    source!("crates/02-process-pool/src/worker.rs"),
    source!("crates/03-thread-pool/src/counter.rs"),
    source!("crates/03-thread-pool/src/lib.rs"),
    source!("crates/03-thread-pool/src/pool.rs"),
    source!("crates/03-thread-pool/src/worker.rs"),
    source!("crates/04-busy-wait/src/all.rs"),
    source!("crates/04-busy-wait/src/lib.rs"),
    source!("crates/05-callbacks/src/event_loop.rs"),
    source!("crates/05-callbacks/src/lib.rs"),
    source!("crates/06-generator-task/src/event_loop.rs"),
    source!("crates/06-generator-task/src/future.rs"),
    source!("crates/06-generator-task/src/generator.rs"),
    source!("crates/06-generator-task/src/lib.rs"),
    source!("crates/06-generator-task/src/no_stacks.rs"),
    source!("crates/06-generator-task/src/stackful.rs"),
    source!("crates/06-generator-task/src/task.rs"),
    source!("crates/07-yield-from/src/flat.rs"),
    source!("crates/07-yield-from/src/lib.rs"),
    source!("crates/08-async-await/src/by_hand.rs"),
    source!("crates/08-async-await/src/executor.rs"),
    source!("crates/08-async-await/src/lib.rs"),
    source!("crates/08-async-await/src/queue.rs"),
    source!("crates/08-async-await/src/reactor.rs"),
    source!("crates/09-asyncio/src/crawl.rs"),
    source!("crates/09-asyncio/src/crawl_with_sockets.rs"),
    source!("crates/09-asyncio/src/event_loop.rs"),
    source!("crates/09-asyncio/src/socket.rs"),
    source!("crates/09-asyncio/src/stream_reader.rs"),
    source!("crates/09-asyncio/src/streams.rs"),
    source!("crates/10-many-loops/src/become_worker.rs"),
    source!("crates/10-many-loops/src/lib.rs"),
    source!("crates/10-many-loops/src/list.rs"),
    source!("crates/10-many-loops/src/processes.rs"),
    source!("crates/10-many-loops/src/tests.rs"),
    source!("crates/11-io-uring/src/buffers.rs"),
    source!("crates/11-io-uring/src/completion.rs"),
    source!("crates/11-io-uring/src/elsewhere.rs"),
    source!("crates/11-io-uring/src/lib.rs"),
    source!("crates/11-io-uring/src/ring.rs"),
    source!("crates/reference-tokio/src/lib.rs"),
];

/// The file with this path.
pub fn find(path: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.path == path)
}

/// The hashes of these files, as far as they are in this binary: by path.
pub fn hashes<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    paths.filter_map(find).map(|source| (source.path.to_owned(), source.hash())).collect()
}

impl Source {
    /// `sha256:` and 64 hexadecimal digits; the same on systems that end lines otherwise.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.text.replace("\r\n", "\n"));
        digest.iter().fold("sha256:".to_owned(), |hash, byte| format!("{hash}{byte:02x}"))
    }

    /// A line by its number, from 1.
    pub fn line(&self, number: u32) -> Option<&'static str> {
        self.text.lines().nth((number as usize).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::lineup::stages::STAGES;

    /// A new file of a stage must not be forgotten.
    #[test]
    fn the_files_of_every_stage_are_there() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        for stage in STAGES.iter().filter(|stage| stage.number != Some(9)) {
            for entry in fs::read_dir(root.join(stage.source)).unwrap() {
                let name = entry.unwrap().file_name();
                let path = format!("{}/{}", stage.source, name.to_str().unwrap());
                assert!(find(&path).is_some(), "{path} is not in SOURCES");
            }
        }
        for stage in STAGES {
            assert!(find(&format!("{}/lib.rs", stage.source)).is_some() || stage.number == Some(9));
        }
    }

    #[test]
    fn a_source_has_lines_and_a_hash() {
        let source = find("crates/01-blocking/src/lib.rs").unwrap();
        assert!(source.line(1).unwrap().starts_with("//! Chapter 1"));
        assert!(source.line(0).is_none() && source.line(100_000).is_none());
        let hash = source.hash();
        assert_eq!((hash.len(), hash.starts_with("sha256:")), (71, true), "{hash}");
        let hashes = hashes(["nowhere.py", source.path].into_iter());
        assert_eq!(hashes, BTreeMap::from([(source.path.to_owned(), hash)]));
    }
}
