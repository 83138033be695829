//! The first Ctrl-C lets end what is in flight, and the second ends the program at once: for each
//! of the three crawlers.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use practice_site::{Config, Site};

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends both while a fetch is in flight that takes longer than this test has patience.
///
/// # Panics
/// If it does anything else.
#[track_caller]
pub fn ends_at_once(crawler: &mut Command) {
    let (asked, to_us) = channel();
    let site = Site::start_reporting(Config::default(), move |arrival| {
        let _ = asked.send(arrival.request.unwrap_or_default().to_owned());
    })
    .expect("loopback has a free port");
    let child = crawler
        .args([&site.url("/1?delay=120s"), "--deadline", "300"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program is there");
    let mut child = Ended(child);
    let is_asked = |line: String| line.starts_with("GET /1?");
    while !is_asked(to_us.recv_timeout(PATIENCE).expect("the crawler asks for the page")) {}

    let interrupt = |child: u32| {
        let kill = Command::new("kill").args(["-INT", &child.to_string()]).status();
        assert!(kill.expect("kill is there").success());
    };
    interrupt(child.0.id());
    thread::sleep(Duration::from_millis(500));
    let status = child.0.try_wait().unwrap();
    assert!(status.is_none(), "after the first one it waits for its fetch: {status:?}");
    interrupt(child.0.id());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < PATIENCE, "the second one does not end it");
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
}

/// A program that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it has mostly ended
        let _ = self.0.wait();
    }
}
