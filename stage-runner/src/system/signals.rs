//! Ctrl-C: what is finished is shown, no child stays, and it never takes long.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use super::processes;

/// When whatever the runner is in has not noticed by then (a name that takes its time to resolve), it just ends.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The exit status of an interrupted run.
pub const EXIT: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);
static CHILD: AtomicU32 = AtomicU32::new(0);

/// From now on Ctrl-C is noticed instead of ending the process.
pub fn watch() {
    let handled = ctrlc::set_handler(|| {
        ASKED.store(true, Relaxed);
        thread::sleep(PATIENCE);
        match CHILD.load(Relaxed) {
            0 => {}
            pid => processes::kill_group(pid),
        }
        process::exit(EXIT.into());
    });
    // Without a handler Ctrl-C still ends the process; children notice that nobody reads them.
    drop(handled);
}

/// Whether somebody asked to stop.
pub fn asked() -> bool {
    ASKED.load(Relaxed)
}

/// The child that must not stay, or 0.
pub fn child(pid: u32) {
    CHILD.store(pid, Relaxed);
}
