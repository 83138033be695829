//! A crawl leaves nothing behind: descriptors, threads and children are the same before and after.
//!
//! The stages run in this very process, which is then looked at from inside. The process pool
//! starts this program again, so `main` begins with the pool's hook, and the harness comes after
//! it. The site is a process of its own, so that its connections are not counted.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    stage_02_process_pool::become_worker_if_asked();
    stage_10_many_loops::processes::become_worker_if_asked();
    // One after the other, on this thread: what one test holds would be counted by another.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials()).exit_code()
}

/// Only Linux has /proc/self, which tells what a process holds.
#[cfg(not(target_os = "linux"))]
fn trials() -> Vec<Trial> {
    vec![Trial::test("needs /proc/self", || Ok(())).with_ignored_flag(true)]
}

#[cfg(target_os = "linux")]
fn trials() -> Vec<Trial> {
    use std::sync::{Arc, LazyLock};
    // Started by the first test: a listing of the tests needs none.
    let site = Arc::new(LazyLock::new(linux::Site::start));
    let trial = |stage: &'static stage_runner::stages::Stage| {
        let site = Arc::clone(&site);
        Trial::test(stage.name, move || Ok(linux::leaves_nothing_behind(stage, &site)?))
    };
    let stages = stage_runner::stages::STAGES.iter();
    stages.filter(|stage| (stage.available)().is_ok()).map(trial).collect()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::num::NonZeroUsize;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use crawl::{Limits, Target, Url};
    use stage_runner::stages::Stage;

    const URLS: usize = 1000;

    /// The practice site in a process of its own, and what to fetch from it.
    pub(crate) struct Site {
        process: Child,
        targets: Vec<Target>,
    }

    impl Site {
        pub(crate) fn start() -> Site {
            let mut process = Command::new(env!("CARGO_BIN_EXE_stage-runner"))
                .args(["site", "--delay", "0", "--size", "100"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the runner starts");
            let mut front_page = String::new();
            let mut stdout = BufReader::new(process.stdout.take().expect("it was asked for"));
            stdout.read_line(&mut front_page).expect("it says where it is");
            let address = front_page.trim().trim_start_matches("http://").trim_end_matches('/');
            Site { process, targets: half_of_them_bad(address) }
        }
    }

    impl Drop for Site {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    fn half_of_them_bad(address: &str) -> Vec<Target> {
        let bad = [
            "/fault/reset-before-head",
            "/fault/reset-in-body",
            "/fault/garbage",
            "/fault/truncated-length",
            "/fault/empty-reply",
        ];
        let mut paths: Vec<_> = (0..URLS / 2).flat_map(|n| ["/1", bad[n % bad.len()]]).collect();
        // Deadlines take their time: a few are enough.
        paths[1] = "/fault/never-answer";
        paths[URLS / 2 + 1] = "/fault/stall-in-body";
        let target = |path: &&str| {
            let url = Url::parse(&format!("http://{address}{path}")).expect("a URL of the site");
            Target::new(url, address.parse().expect("an address"))
        };
        let mut targets: Vec<_> = paths.iter().map(target).collect();
        for at in (3..URLS).step_by(100) {
            let nobody = Url::parse("http://127.0.0.1:1/").expect("a URL");
            targets[at] = Target::new(nobody, "127.0.0.1:1".parse().expect("an address"));
        }
        targets
    }

    pub(crate) fn leaves_nothing_behind(stage: &Stage, site: &Site) -> Result<(), String> {
        let limits = Limits {
            concurrency: NonZeroUsize::new(20).expect("20 is not zero"),
            deadline: Duration::from_millis(500),
            ..Limits::default()
        };
        let before = Holdings::now();
        let (mut pages, mut failed) = (0, 0);
        (stage.crawl)(&site.targets, &limits, &mut |outcome| {
            *if outcome.result.is_ok() { &mut pages } else { &mut failed } += 1;
        })
        .expect("this system can run the stage");
        assert_eq!((pages, failed), (URLS / 2, URLS / 2));

        // The system may need a moment to clear away a thread that has ended.
        let begun = Instant::now();
        while Holdings::now() != before && begun.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let after = Holdings::now();
        if after == before {
            Ok(())
        } else {
            Err(format!("before: {before:#?}\nafter: {after:#?}"))
        }
    }

    /// What this process holds.
    #[derive(Debug, PartialEq)]
    struct Holdings {
        /// What each descriptor is, the one of the listing left out.
        descriptors: Vec<String>,
        threads: usize,
        /// Zombies included.
        children: Vec<String>,
    }

    impl Holdings {
        fn now() -> Holdings {
            let entries = |folder: &str| fs::read_dir(folder).expect("Linux has /proc").flatten();
            let link = |entry: fs::DirEntry| fs::read_link(entry.path()).ok();
            let descriptors = entries("/proc/self/fd").filter_map(link);
            let descriptors = descriptors.map(|what| what.to_string_lossy().into_owned());
            let children = entries("/proc/self/task").filter_map(|thread| {
                let children = fs::read_to_string(thread.path().join("children")).ok()?;
                Some(children.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            });
            let mut holdings = Holdings {
                descriptors: descriptors.filter(|what| !what.ends_with("/fd")).collect(),
                threads: entries("/proc/self/task").count(),
                children: children.flatten().collect(),
            };
            holdings.descriptors.sort_unstable();
            holdings.children.sort_unstable();
            holdings
        }
    }
}
