//! Parent and child: what only the system can do about processes, as far as each system can.

use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::{env, io};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::SystemTime,
};

pub use stage_program::system::{is_shortage, stdout_is_closed, with_what_helps};
pub use system::*;

/// This very program, to be started again, also after its file was replaced while it runs (by a new
/// build, for example).
///
/// # Errors
/// Its file is not there any more, or is another one, and this system cannot start what is running.
pub fn this_program() -> io::Result<Command> {
    // Here Linux keeps the file of a running program, under whichever name it was started.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("/proc/self/exe");
        command.arg0(env::args_os().next().unwrap_or_else(|| "stage-runner".into()));
        Ok(command)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let own = OWN_FILE.get_or_init(OwnFile::now).as_ref();
        let own =
            own.map_err(|error| io::Error::other(format!("its own file was not found: {error}")))?;
        if OwnFile::at(&own.path).ok().as_ref() != Some(own) {
            return Err(io::Error::other(
                "its file was replaced while it runs (by a new build?); start it again",
            ));
        }
        Ok(Command::new(&own.path))
    }
}

/// Starts a child. One at a time: not every system can make a pipe that the child of another thread
/// does not inherit, and whoever holds a pipe keeps it from ending.
///
/// # Errors
/// What the system said.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// In a process that [`this_program`] started: has it listed under the name of its program, and not
/// as `exe`.
pub fn keep_name() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = nix::sys::prctl::set_name(c"stage-runner");
}

/// The file of this program as it was at the start.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
static OWN_FILE: OnceLock<io::Result<OwnFile>> = OnceLock::new();

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[derive(Debug, PartialEq)]
struct OwnFile {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl OwnFile {
    fn now() -> io::Result<OwnFile> {
        OwnFile::at(&env::current_exe()?)
    }

    fn at(path: &Path) -> io::Result<OwnFile> {
        let file = fs::metadata(path)?;
        Ok(OwnFile { path: path.to_owned(), bytes: file.len(), modified: file.modified().ok() })
    }
}

/// Notes which file this program is, where the system does not keep it.
pub fn note_own_file() {
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    OWN_FILE.get_or_init(OwnFile::now);
}

#[cfg(unix)]
mod system {
    use std::process::ExitStatus;

    use super::*;
    use std::os::unix::process::{CommandExt, ExitStatusExt};

    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    /// More than any run here needs, and little enough for programs that walk through all of
    /// theirs; and what macOS allows where it says that there is no limit.
    const DESCRIPTORS: [u64; 2] = [1 << 17, 10_240];

    /// A process group of its own: Ctrl-C in the terminal then reaches the runner alone, and the
    /// child can be ended with everything it started.
    pub fn apart(command: &mut Command) {
        command.process_group(0);
    }

    /// Ends a child and all that it started. It must not have been waited for yet, or still have
    /// descendants.
    pub fn kill(child: &mut Child) {
        let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
        let _ = child.kill();
    }

    /// Ends the process group of a child by its number.
    pub fn kill_group(pid: u32) {
        let _ = killpg(Pid::from_raw(pid as i32), Signal::SIGKILL);
    }

    /// Ends one process by its number, and nothing that it started.
    pub fn kill_one(pid: u32) {
        let _ = nix::sys::signal::kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
    }

    /// Sends Ctrl-C to the process group of a child, as its terminal would.
    pub fn interrupt_group(pid: u32) {
        let _ = killpg(Pid::from_raw(pid as i32), Signal::SIGINT);
    }

    /// Whether a process of the group of a child runs that was waited for. A process that has ended
    /// does not run, even if nobody waits for it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn group_runs(pid: u32) -> bool {
        let Ok(all) = std::fs::read_dir("/proc") else { return false };
        all.flatten().any(|process| {
            let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            // After the name in parentheses, which may hold anything: state, parent, group.
            let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
            let mut fields = fields.split_whitespace();
            let state = fields.next();
            let group = fields.nth(1).and_then(|group| group.parse().ok());
            group == Some(pid) && !matches!(state, Some("Z" | "X"))
        })
    }

    /// Whether a process of the group of a child runs that was waited for.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub fn group_runs(pid: u32) -> bool {
        killpg(Pid::from_raw(pid as i32), None).is_ok()
    }

    /// Takes as many descriptors as the system lets this process have: thousands of fetches in
    /// flight need thousands of sockets, in the practice site here and in the stage, which inherits
    /// the limit.
    pub fn raise_descriptor_limit() {
        let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
        let wanted = DESCRIPTORS.map(|most| hard.min(most)).into_iter();
        let mut more = wanted.filter(|wanted| *wanted > soft);
        more.any(|wanted| setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok());
        stage_program::system::make_room_for_descriptors(10_000);
    }

    /// How many descriptors a process may have, now.
    pub fn descriptor_limit() -> Option<usize> {
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        usize::try_from(soft).ok()
    }

    /// The name of the signal that ended a program: `SIGSEGV`.
    pub fn signal(status: ExitStatus) -> Option<String> {
        let number = status.signal()?;
        Some(Signal::try_from(number).map_or(format!("signal {number}"), |s| s.to_string()))
    }
}

#[cfg(not(unix))]
mod system {
    use std::process::ExitStatus;

    use super::*;

    /// A process group of its own: Ctrl-C in the console then reaches the runner alone.
    pub fn apart(command: &mut Command) {
        #[cfg(windows)]
        {
            const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
            std::os::windows::process::CommandExt::creation_flags(
                command,
                CREATE_NEW_PROCESS_GROUP,
            );
        }
        #[cfg(not(windows))]
        let _ = command;
    }

    /// Ends a child.
    pub fn kill(child: &mut Child) {
        let _ = child.kill();
    }

    /// There are no groups to end here.
    pub fn kill_group(_pid: u32) {}

    /// Which process to end is not told here.
    pub fn kill_one(_pid: u32) {}

    /// There are no groups here.
    pub fn group_runs(_pid: u32) -> bool {
        false
    }

    /// This system sets no such limit.
    pub fn raise_descriptor_limit() {}

    /// This system sets no such limit.
    pub fn descriptor_limit() -> Option<usize> {
        None
    }

    /// This system has no signals.
    pub fn signal(_status: ExitStatus) -> Option<String> {
        None
    }
}
