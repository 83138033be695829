//! Signals: what is finished is shown, no child stays, and it never takes long.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::processes;

#[cfg(unix)]
pub use on_this_system::interrupt_is_ignored;
pub use on_this_system::{at_start, watch};

/// When whatever the runner is in has not noticed by then (a name that takes its time to resolve),
/// it just ends.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The signal that asked to stop, once there is one.
static ASKED: Mutex<Option<u8>> = Mutex::new(None);
static IS_ASKED: Condvar = Condvar::new();
/// The child of each thread that has one.
static CHILDREN: Mutex<Vec<(ThreadId, u32)>> = Mutex::new(Vec::new());
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Whether somebody asked to stop.
pub fn asked() -> bool {
    first().is_some()
}

/// The exit status of an interrupted run, as shells have it: 130 after Ctrl-C.
pub fn exit_status() -> u8 {
    128 + first().unwrap_or_default()
}

/// Sleeps until somebody asks to stop.
pub fn wait() {
    let asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    drop(IS_ASKED.wait_while(asked, |asked| asked.is_none()));
}

/// Sleeps until somebody asks to stop, but no longer than this. Whether somebody has asked.
pub fn wait_at_most(time: Duration) -> bool {
    let asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = IS_ASKED.wait_timeout_while(asked, time, |asked| asked.is_none());
    waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
}

/// The child of this thread that must not stay, or 0: a thread has one at a time.
pub fn child(pid: u32) {
    let this = thread::current().id();
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    children.retain(|(thread, _)| *thread != this);
    if pid != 0 {
        children.push((this, pid));
    }
}

/// The folder that must not stay.
pub fn folder(path: Option<PathBuf>) {
    *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = path;
}

fn first() -> Option<u8> {
    *ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the signal that asks to stop, on the thread that watches for it, and ends the process
/// where nobody else does.
fn stop(signal: u8) -> ! {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(signal);
    IS_ASKED.notify_all();
    thread::sleep(PATIENCE);
    for (_, pid) in CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        processes::kill_group(pid);
    }
    if let Some(folder) = FOLDER.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = fs::remove_dir_all(folder);
    }
    process::exit(exit_status().into())
}

#[cfg(unix)]
mod on_this_system {
    use std::mem::MaybeUninit;
    use std::ptr;

    use nix::libc;
    use nix::sys::signal::{SigHandler, Signal, signal};
    use signal_hook::iterator::Signals;

    use super::*;

    /// Every signal that ends a process by default, can be caught, and is not a fault of the
    /// program itself.
    const ENDING: &[Signal] = &[
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGABRT,
        Signal::SIGALRM,
        Signal::SIGVTALRM,
        Signal::SIGPROF,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGSYS,
        Signal::SIGTRAP,
        Signal::SIGXCPU,
        Signal::SIGXFSZ,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Signal::SIGIO,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Signal::SIGPWR,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Signal::SIGSTKFLT,
    ];

    /// Undoes what a parent may have left to this process: where SIGCHLD is ignored, the system
    /// throws away how a child ended, and waiting for it fails.
    #[allow(unsafe_code, reason = "nix cannot know that no Rust code is called by this signal")]
    pub fn at_start() {
        // SAFETY: the default action calls no function of this program.
        let _ = unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) };
    }

    /// From now on a signal that would end the process is noticed instead. What was ignored when
    /// the process started stays ignored: that is how `nohup` works, and a shell that puts
    /// something into the background.
    ///
    /// # Errors
    /// There is no thread to watch, or a signal cannot be caught.
    pub fn watch() -> io::Result<()> {
        let caught = ENDING.iter().filter(|signal| !is_ignored(**signal));
        let mut signals = Signals::new(caught.map(|signal| *signal as i32))?;
        let watching = move || {
            if let Some(signal) = signals.forever().next() {
                stop(signal as u8);
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(watching).map(drop)
    }

    /// Whether Ctrl-C is ignored here, and so in every program that is started from here: a shell
    /// without job control does that to what it puts into the background.
    pub fn interrupt_is_ignored() -> bool {
        is_ignored(Signal::SIGINT)
    }

    #[allow(unsafe_code, reason = "no crate asks for a signal's action without changing it")]
    fn is_ignored(signal: Signal) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action nothing changes; the old one is written into `action`, which
        // is large enough.
        let asked = unsafe { libc::sigaction(signal as i32, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: all zeros are a valid `sigaction` too.
        asked == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(not(unix))]
mod on_this_system {
    use super::*;

    /// What Ctrl-C is called where there are signals.
    const SIGINT: u8 = 2;

    /// This system leaves nothing from the parent.
    pub fn at_start() {}

    /// From now on Ctrl-C is noticed instead of ending the process.
    ///
    /// # Errors
    /// It cannot be caught.
    pub fn watch() -> io::Result<()> {
        ctrlc::set_handler(|| stop(SIGINT)).map_err(io::Error::other)
    }
}
