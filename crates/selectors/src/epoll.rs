//! `epoll`: the system keeps the list of sockets, and a call carries only
//! what changes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags};
use rustix::event::{epoll, eventfd, poll};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;

use crate::notifier::Notifier;
use crate::selector::{Backend, Interest};
use crate::time::timespec;

/// One wait brings at most so many events, in 12 KiB, and the next wait
/// brings the others. One wait more for 1,024 sockets costs little beside
/// the 1,024 receives that follow, and after these an event loop can look
/// at its deadlines.
const MOST_EVENTS: usize = 1_024;

/// Instead of a key, which is less than 2^32: somebody has ended the wait.
const NOTICE: u64 = u64::MAX;

/// Invariant: the system's list has each watched socket whose
/// registration is not `Absent`, and events come for a socket only while
/// its registration is `Armed`.
pub(crate) struct Epoll {
    epoll: OwnedFd,
    events: Vec<Event>,
    /// By key.
    registrations: Vec<Registration>,
    /// An eventfd, made when a program first asks for it.
    notifier: Option<Arc<OwnedFd>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Registration {
    /// Not in the system's list, unless `forget` has left an entry there.
    Absent,
    /// In the list, with an interest.
    Armed,
    /// In the list, without interest: `ONESHOT` ended it with the report.
    Disarmed,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Epoll> {
        Ok(Epoll {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(MOST_EVENTS),
            registrations: Vec::new(),
            notifier: None,
        })
    }
}

impl Backend for Epoll {
    fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let flags = match interest {
            Interest::Readable => EventFlags::IN | EventFlags::ONESHOT,
            Interest::Writable => EventFlags::OUT | EventFlags::ONESHOT,
        };
        let data = EventData::new_u64(key as u64);
        if key >= self.registrations.len() {
            self.registrations.resize(key + 1, Registration::Absent);
        }
        let registration = &mut self.registrations[key];
        match registration {
            Registration::Absent => {
                match epoll::add(&self.epoll, socket, data, flags) {
                    // The entry is that of a closed duplicate, which had
                    // the same descriptor.
                    Err(Errno::EXIST) => {
                        epoll::modify(&self.epoll, socket, data, flags)?;
                    }
                    added => added?,
                }
            }
            Registration::Armed | Registration::Disarmed => {
                epoll::modify(&self.epoll, socket, data, flags)?;
            }
        }
        *registration = Registration::Armed;
        Ok(())
    }

    fn stop_waiting(&mut self, socket: BorrowedFd<'static>, key: usize) {
        // Not `modify` without interest: errors and hang-ups would still be
        // reported.
        if self.registrations.get(key) == Some(&Registration::Armed) {
            self.registrations[key] = Registration::Absent;
            // It cannot fail: the socket is open, and in the list.
            let _ = epoll::delete(&self.epoll, socket);
        }
    }

    fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        match self.wait_for_events(timeout) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        }
        for event in self.events.drain(..) {
            let key = event.data.u64();
            if key != NOTICE {
                let key = key as usize;
                self.registrations[key] = Registration::Disarmed;
                ready.push(key);
            }
        }
        Ok(())
    }

    fn forget(&mut self, socket: BorrowedFd<'static>, key: usize) {
        // The close that follows takes the socket out of the list, unless a
        // duplicate of its descriptor stays open; then only an armed socket
        // would still be reported, so only that one is deleted. The entry
        // of a disarmed one is left, and costs no system call.
        self.stop_waiting(socket, key);
        if let Some(registration) = self.registrations.get_mut(key) {
            *registration = Registration::Absent;
        }
    }

    fn notifier(&mut self) -> io::Result<Notifier> {
        if let Some(notifier) = &self.notifier {
            return Ok(Notifier::eventfd(Arc::clone(notifier)));
        }
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let notifier = Arc::new(eventfd(0, flags)?);
        // Edge-triggered, so that each notice is an event, and nobody needs
        // to read the notices that came before.
        let flags = EventFlags::IN | EventFlags::ET;
        let data = EventData::new_u64(NOTICE);
        epoll::add(&self.epoll, &notifier, data, flags)?;
        self.notifier = Some(Arc::clone(&notifier));
        Ok(Notifier::eventfd(notifier))
    }
}

impl Epoll {
    /// Waits until there are events or the time is over.
    ///
    /// `epoll_wait` counts whole milliseconds. The rest of the time is
    /// waited for with `ppoll`, which counts nanoseconds: an epoll
    /// descriptor is itself readable when there are events. (`epoll_pwait2`
    /// counts nanoseconds too, but Linux has it only since 5.11.)
    fn wait_for_events(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<(), Errno> {
        let rest =
            timeout.map_or(0, |timeout| timeout.subsec_nanos() % 1_000_000);
        let rest = Duration::from_nanos(rest.into());
        self.epoll_wait(timeout.map(|timeout| timeout - rest))?;
        if self.events.is_empty() && !rest.is_zero() {
            let mut epoll = [PollFd::new(&self.epoll, PollFlags::IN)];
            poll(&mut epoll, timespec(Some(rest)).as_ref())?;
            self.epoll_wait(Some(Duration::ZERO))?;
        }
        Ok(())
    }

    fn epoll_wait(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<(), Errno> {
        let room = spare_capacity(&mut self.events);
        epoll::wait(&self.epoll, room, timespec(timeout).as_ref())?;
        Ok(())
    }
}
