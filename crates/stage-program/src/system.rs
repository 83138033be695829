//! What the system tells a process about itself and its parent, as far as each system can.
//!
//! A figure that it does not tell is `None`, never 0.

use std::io;
use std::iter::Sum;
use std::ops::Sub;

pub use on_this_system::*;

/// CPU time and context switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// In the program's own code.
    pub user_us: u64,
    /// In the kernel on its behalf.
    pub system_us: u64,
    /// Voluntary and involuntary context switches.
    pub switches: Option<(u64, u64)>,
}

impl Cpu {
    /// Both kinds: they are split by sampling, so their sum is what can be trusted.
    pub fn total_us(&self) -> u64 {
        self.user_us + self.system_us
    }
}

impl Sub for Cpu {
    type Output = Cpu;

    fn sub(self, earlier: Cpu) -> Cpu {
        let total = self.total_us().saturating_sub(earlier.total_us());
        let user = self.user_us.saturating_sub(earlier.user_us).min(total);
        let switches = self
            .switches
            .zip(earlier.switches)
            .map(|(now, then)| (now.0.saturating_sub(then.0), now.1.saturating_sub(then.1)));
        Cpu { user_us: user, system_us: total - user, switches }
    }
}

impl Sum for Cpu {
    fn sum<I: Iterator<Item = Cpu>>(parts: I) -> Cpu {
        let nothing = Cpu { switches: Some((0, 0)), ..Cpu::default() };
        parts.fold(nothing, |a, b| Cpu {
            user_us: a.user_us + b.user_us,
            system_us: a.system_us + b.system_us,
            switches: a.switches.zip(b.switches).map(|(a, b)| (a.0 + b.0, a.1 + b.1)),
        })
    }
}

/// What the system said when it gave no thread, process or descriptor, and which limit to raise.
pub fn with_what_helps(error: &io::Error) -> String {
    let cause = error.get_ref().and_then(|wrapping| wrapping.source()?.downcast_ref::<io::Error>());
    match cause.unwrap_or(error).raw_os_error().and_then(what_helps) {
        Some(what) => format!("{error}; {what}"),
        None => error.to_string(),
    }
}

/// Whether the system refused a process, a thread, a descriptor or memory because there are too
/// many already: then nothing is wrong with what was to be started.
pub fn is_shortage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory || error.raw_os_error().is_some_and(is_refusal)
}

#[cfg(unix)]
fn is_refusal(number: i32) -> bool {
    use nix::errno::Errno;
    matches!(Errno::from_raw(number), Errno::EAGAIN | Errno::EMFILE | Errno::ENFILE)
}

#[cfg(not(unix))]
fn is_refusal(_number: i32) -> bool {
    false
}

#[cfg(unix)]
fn what_helps(number: i32) -> Option<&'static str> {
    use nix::errno::Errno;
    match Errno::from_raw(number) {
        Errno::EAGAIN => Some("a larger limit on processes and threads helps (ulimit -u)"),
        Errno::EMFILE => Some("a larger limit on descriptors helps (ulimit -n)"),
        Errno::ENFILE => Some("the system has no descriptors left: end other programs"),
        Errno::ENOMEM => Some("the system has no memory left: end other programs"),
        _ => None,
    }
}

#[cfg(not(unix))]
fn what_helps(_number: i32) -> Option<&'static str> {
    None
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::AsFd;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::resource::{Usage, UsageWho, getrusage};

    use super::Cpu;

    /// This process, and the children that it waited for.
    pub fn process() -> Option<Cpu> {
        Some([cpu_of(UsageWho::RUSAGE_SELF)?, children()?].into_iter().sum())
    }

    /// The children that this process waited for.
    pub fn children() -> Option<Cpu> {
        cpu_of(UsageWho::RUSAGE_CHILDREN)
    }

    pub(super) fn cpu_of(who: UsageWho) -> Option<Cpu> {
        getrusage(who).ok().map(|usage| Cpu {
            user_us: micros(usage.user_time()),
            system_us: micros(usage.system_time()),
            switches: switches(&usage),
        })
    }

    fn micros(time: nix::sys::time::TimeVal) -> u64 {
        time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64
    }

    fn switches(usage: &Usage) -> Option<(u64, u64)> {
        let voluntary = u64::try_from(usage.voluntary_context_switches()).ok()?;
        Some((voluntary, u64::try_from(usage.involuntary_context_switches()).ok()?))
    }

    /// In a child: whoever kills the parent, even without a chance to tell, ends this process too.
    /// Only Linux can; elsewhere [`stdout_is_closed`] tells a little later.
    pub fn die_with_parent() {
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    }

    /// Whether nobody reads this process's stdout any more.
    pub fn stdout_is_closed() -> bool {
        let stdout = io::stdout();
        let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
        let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
        poll(&mut fds, PollTimeout::ZERO).is_ok()
            && fds[0].revents().is_some_and(|events| events.intersects(gone))
    }

    /// Has the table of descriptors made large enough for so many more, before it matters. Linux
    /// lets it grow by doubling, and each time a process of several threads waits until all
    /// processors have seen it: a tenth of a second on the way to 10,000 sockets, in which neither
    /// a stage nor a site could do anything.
    pub fn make_room_for_descriptors(count: usize) {
        let highest = i32::try_from(count + 100).unwrap_or(i32::MAX);
        // An error means that the limit is below: then there will not be so many.
        drop(rustix::io::fcntl_dupfd_cloexec(io::stdin(), highest));
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod on_this_system {
    use std::fs;

    use nix::sys::resource::UsageWho;

    use super::Cpu;

    pub use super::unix::{
        children, die_with_parent, make_room_for_descriptors, process, stdout_is_closed,
    };

    /// This thread.
    pub fn this_thread() -> Option<Cpu> {
        super::unix::cpu_of(UsageWho::RUSAGE_THREAD)
    }

    /// How long this thread could run and had no processor, in all its life.
    pub fn this_thread_runnable_us() -> Option<u64> {
        // CPU time, time in the queue of a processor, turns: the times in nanoseconds.
        let figures = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let waited: u64 = figures.split_whitespace().nth(1)?.parse().ok()?;
        Some(waited / 1000)
    }

    /// Makes the memory of this moment the peak, so that what came before does not count.
    pub fn reset_peak() -> bool {
        fs::write("/proc/self/clear_refs", "5").is_ok()
    }

    /// Resident memory now.
    pub fn resident() -> Option<u64> {
        field("VmRSS:").map(|kib| kib * 1024)
    }

    /// The most resident memory since the start, or since [`reset_peak`].
    pub fn peak_resident() -> Option<u64> {
        field("VmHWM:").map(|kib| kib * 1024)
    }

    /// Threads of this process now.
    pub fn threads() -> Option<u64> {
        field("Threads:")
    }

    fn field(name: &str) -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod on_this_system {
    use nix::time::{ClockId, clock_gettime};

    use super::Cpu;

    pub use super::unix::{
        children, die_with_parent, make_room_for_descriptors, process, stdout_is_closed,
    };

    /// This thread: its CPU time; its context switches are not told.
    pub fn this_thread() -> Option<Cpu> {
        let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok()?;
        let micros = time.tv_sec() as u64 * 1_000_000 + time.tv_nsec() as u64 / 1000;
        Some(Cpu { user_us: micros, ..Cpu::default() })
    }

    /// Not told here.
    pub fn this_thread_runnable_us() -> Option<u64> {
        None
    }

    /// Not told here: the peak of the whole life would count the reading of the job as the stage's.
    pub fn reset_peak() -> bool {
        false
    }

    /// Not told here.
    pub fn resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn peak_resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn threads() -> Option<u64> {
        None
    }
}

#[cfg(not(unix))]
mod on_this_system {
    use super::Cpu;

    /// Not told here.
    pub fn process() -> Option<Cpu> {
        None
    }

    /// Not told here.
    pub fn children() -> Option<Cpu> {
        None
    }

    /// Not told here.
    pub fn this_thread() -> Option<Cpu> {
        None
    }

    /// Not told here.
    pub fn this_thread_runnable_us() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn reset_peak() -> bool {
        false
    }

    /// Not told here.
    pub fn resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn peak_resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn threads() -> Option<u64> {
        None
    }

    /// This system has no such thing: the first write that fails tells.
    pub fn die_with_parent() {}

    /// Not known before a write fails.
    pub fn stdout_is_closed() -> bool {
        false
    }

    /// This system has no such table.
    pub fn make_room_for_descriptors(_count: usize) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_everything() {
        assert!(process().is_some() && this_thread().is_some() && children().is_some());
        assert!(this_thread_runnable_us().is_some());
        assert!(threads() >= Some(1) && resident() > Some(100_000));
    }

    #[test]
    fn a_refusal_names_the_limit_to_raise() {
        for (number, limit) in [
            (11, "(ulimit -u)"),
            (24, "(ulimit -n)"),
            (23, "no descriptors left: end other programs"),
            (12, "no memory left: end other programs"),
            (2, "(os error 2)"),
        ] {
            let told = with_what_helps(&io::Error::from_raw_os_error(number));
            assert!(told.ends_with(limit), "{told}");
        }
    }

    #[test]
    fn a_shortage_is_told_from_a_program_that_is_missing() {
        for (number, is_shortage) in [(11, true), (24, true), (12, true), (2, false), (13, false)] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(super::is_shortage(&error), is_shortage, "{error}");
        }
    }

    #[test]
    fn the_sum_is_kept_when_the_parts_are_not_exact() {
        let cpu = |user_us, system_us| Cpu { user_us, system_us, switches: Some((0, 0)) };
        assert_eq!((cpu(100, 50) - cpu(120, 10)).total_us(), 20);
        assert_eq!(cpu(0, 0) - cpu(120, 10), cpu(0, 0));
    }
}
