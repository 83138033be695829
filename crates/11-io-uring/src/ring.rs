use std::io;
use std::mem;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crawl::Target;
use io_uring::types::{CancelBuilder, DestinationSlot, Fixed};
use io_uring::types::{SubmitArgs, TimeoutFlags, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use recorder::What;
use rustix::time::{ClockId, clock_gettime};
use slab::Slab;

use crate::buffers::{Buffers, GROUP};

/// Requests that one call can hand over.
const REQUESTS: u32 = 1 << 10;

/// Completions that are kept without an effort until they are taken.
const COMPLETIONS: u32 = 1 << 12;

/// The longest chain, and the close of the socket before it.
const LONGEST_CHAIN: usize = 8;

/// So many completions are worth a return before the moment is over: those
/// of some 18 fetches, of seven each, or the receives of 64. More would
/// need more buffers.
const MANY: usize = 128;

/// How long to wait for more completions than the first one.
const MOMENT_US: u32 = 500;

/// How long to sleep until the first completion, in seconds. Without such a
/// limit the kernel returns after each moment, with nothing: 2,000 calls a
/// second.
const LONG_S: u64 = 3_600;

/// Of a call that only has to be repeated: so often, a millisecond apart.
const MOST_REFUSALS: u32 = 1_000;

/// Instead of a key: nobody waits for this completion.
const NOBODY: u64 = u64::MAX;

/// What is asked of the kernel, and the memory that this names.
///
/// Invariant: each request of a fetch has exactly one completion, and until
/// that completion is taken, the fetch is in `fetches`: what the request
/// names is not freed, not moved and not changed.
pub(crate) struct Ring<T> {
    // Dropped first: after it, the kernel knows none of our memory.
    ring: IoUring,
    buffers: Buffers,
    /// By key, which is also the number of the socket: the kernel keeps the
    /// sockets in a table of the ring, and they have no descriptors.
    fetches: Slab<Box<Held<T>>>,
    slots: usize,
    /// Requests of fetches without a completion.
    pending: usize,
    /// The buffer that the last completion has named.
    taken: Option<u16>,
}

/// What the requests of one fetch name. A box, because it must not move.
struct Held<T> {
    fetch: T,
    /// Its request is what is sent.
    target: Target,
    address: Address,
    deadline: Timespec,
    /// Requests without a completion.
    pending: u8,
    has_socket: bool,
}

/// An address as the kernel reads it.
#[repr(C)]
union Address {
    none: (),
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// One request of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Socket,
    Connect,
    Send,
    Receive,
    /// What cuts the request before it short.
    Deadline,
}

const STEPS: [Step; 5] = [
    Step::Socket,
    Step::Connect,
    Step::Send,
    Step::Receive,
    Step::Deadline,
];

/// What came of one request.
pub(crate) struct Completion<'a, T> {
    pub(crate) key: usize,
    pub(crate) fetch: &'a mut T,
    pub(crate) step: Step,
    pub(crate) result: io::Result<usize>,
    /// What was received. It is ours as long as it is borrowed.
    pub(crate) chunk: &'a [u8],
    /// Nothing else of this fetch is with the kernel.
    pub(crate) is_last: bool,
}

impl<T> Ring<T> {
    /// A ring with room for so many sockets, or for as many as the system
    /// allows.
    ///
    /// # Errors
    /// The system has no io_uring, or forbids it, or cannot do all that is
    /// needed.
    pub(crate) fn new(sockets: usize) -> io::Result<Ring<T>> {
        let ring = IoUring::builder()
            .setup_cqsize(COMPLETIONS)
            .setup_single_issuer()
            // What is left to do when a packet arrives is done when we
            // wait, and not whenever it arrives.
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .build(REQUESTS)?;
        let buffers = Buffers::new();
        buffers.register(&ring.submitter())?;
        let slots = register_slots(&ring, sockets)?;
        let fetches = Slab::with_capacity(slots);
        let (pending, taken) = (0, None);
        Ok(Ring { ring, buffers, fetches, slots, pending, taken })
    }

    /// Whether there is a free slot for a socket.
    pub(crate) fn has_slot(&self) -> bool {
        self.fetches.len() < self.slots
    }

    /// Whether no fetch is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.fetches.is_empty()
    }

    /// Whether any chain fits into the queue of requests.
    pub(crate) fn has_room(&mut self) -> bool {
        let queue = self.ring.submission();
        queue.capacity() - queue.len() >= LONGEST_CHAIN
    }

    /// Takes a fetch that begins and has so much time.
    pub(crate) fn insert(
        &mut self,
        fetch: T,
        target: &Target,
        left: Duration,
    ) -> usize {
        self.fetches.insert(Box::new(Held {
            fetch,
            target: target.clone(),
            address: Address { none: () },
            deadline: from_now(left),
            pending: 0,
            has_socket: false,
        }))
    }

    /// A fetch, for what the kernel does not see of it.
    pub(crate) fn fetch(&mut self, key: usize) -> &mut T {
        &mut self.fetches[key].fetch
    }

    /// Gives back a fetch that has nothing with the kernel any more, and
    /// closes its socket.
    ///
    /// # Errors
    /// Those of [`submit`](Ring::submit).
    pub(crate) fn remove(&mut self, key: usize) -> io::Result<T> {
        self.close(key)?;
        Ok(self.fetches.remove(key).fetch)
    }

    /// The chain of a fetch: each request begins when the one before it has
    /// succeeded, and is cut short by the same deadline.
    ///
    /// # Errors
    /// Those of [`submit`](Ring::submit).
    pub(crate) fn connect_send_receive(
        &mut self,
        key: usize,
        address: SocketAddr,
    ) -> io::Result<()> {
        self.close(key)?; // an earlier address has failed
        let held = &mut *self.fetches[key];
        held.address = Address::from(address);
        held.has_socket = true;
        let (domain, bytes) = match address {
            SocketAddr::V4(_) => {
                (libc::AF_INET, size_of::<libc::sockaddr_in>())
            }
            SocketAddr::V6(_) => {
                (libc::AF_INET6, size_of::<libc::sockaddr_in6>())
            }
        };
        let address = (&raw const held.address).cast();
        let send = send(key, held, held.target.request().len(), ALL);
        let chain = [
            opcode::Socket::new(domain, libc::SOCK_STREAM, 0)
                .file_index(Some(slot(key)))
                .build()
                .user_data(user_data(key, Step::Socket)),
            opcode::Connect::new(socket(key), address, bytes as u32)
                .build()
                .user_data(user_data(key, Step::Connect)),
            deadline(key, held),
            send,
            deadline(key, held),
            receive_when_ready(key),
            deadline(key, held),
        ];
        self.push(key, chain)
    }

    /// The rest of a chain that a short send has broken.
    pub(crate) fn send_receive(
        &mut self,
        key: usize,
        unsent: usize,
    ) -> io::Result<()> {
        let held = &*self.fetches[key];
        let chain = [
            send(key, held, unsent, ALL),
            deadline(key, held),
            receive_when_ready(key),
            deadline(key, held),
        ];
        self.push(key, chain)
    }

    /// Receives the next chunk.
    pub(crate) fn receive(&mut self, key: usize) -> io::Result<()> {
        let held = &*self.fetches[key];
        let chain = [receive(key, 0), deadline(key, held)];
        self.push(key, chain)
    }

    /// Receives what is there, and does not wait.
    pub(crate) fn try_to_receive(&mut self, key: usize) -> io::Result<()> {
        self.push(key, [receive(key, libc::MSG_DONTWAIT)])
    }

    /// Sends what there is room for, and does not wait.
    pub(crate) fn try_to_send(
        &mut self,
        key: usize,
        unsent: usize,
    ) -> io::Result<()> {
        let held = &*self.fetches[key];
        let send = send(key, held, unsent, libc::MSG_DONTWAIT);
        self.push(key, [send])
    }

    /// Closes the socket of a fetch, if it has one. Nothing is in use any
    /// more, so nobody waits for this.
    fn close(&mut self, key: usize) -> io::Result<()> {
        let held = &mut self.fetches[key];
        assert_eq!(held.pending, 0, "the kernel still uses the socket");
        if !mem::take(&mut held.has_socket) {
            return Ok(());
        }
        let close = opcode::Close::new(socket(key)).build();
        self.push_for_nobody(close.flags(squeue::Flags::SKIP_SUCCESS))
    }

    /// Puts a chain into the queue of requests.
    #[expect(unsafe_code, reason = "the kernel is given addresses")]
    fn push<const N: usize>(
        &mut self,
        key: usize,
        mut chain: [squeue::Entry; N],
    ) -> io::Result<()> {
        for request in &mut chain[..N - 1] {
            *request = request.clone().flags(squeue::Flags::IO_LINK);
        }
        self.make_room()?;
        self.fetches[key].pending += N as u8;
        self.pending += N;
        // SAFETY: all that these requests name is in the target, the
        // address and the deadline of `fetches[key]`, which is boxed. The
        // address is written only while `pending` is zero, the others never
        // (a target never changes). A fetch leaves `fetches` only while
        // `pending` is zero, so each request is completed by then. When
        // the ring is dropped, `drop` sees to the same.
        let pushed =
            unsafe { self.ring.submission().push_multiple(&chain) };
        pushed.expect("room was made");
        Ok(())
    }

    #[expect(unsafe_code, reason = "as in `push`")]
    fn push_for_nobody(
        &mut self,
        request: squeue::Entry,
    ) -> io::Result<()> {
        self.make_room()?;
        let request = request.user_data(NOBODY);
        // SAFETY: a close and a cancel name no memory.
        let pushed = unsafe { self.ring.submission().push(&request) };
        pushed.expect("room was made");
        Ok(())
    }

    fn make_room(&mut self) -> io::Result<()> {
        for _ in 0..MOST_REFUSALS {
            if self.has_room() {
                return Ok(());
            }
            self.submit()?;
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Hands over all requests, and does not wait.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn submit(&mut self) -> io::Result<()> {
        self.enter(0)
    }

    /// Hands over all requests, lets a moment pass, so that one call brings
    /// many completions, and then sleeps until one of them is done. A
    /// signal may end the wait early.
    ///
    /// # Errors
    /// What the system says.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        // Before Linux 6.12 nobody can wait for a moment.
        let has_moment = self.ring.params().is_feature_min_timeout();
        recorder::note(What::Asleep, None, 0);
        let entered =
            self.enter(if has_moment { self.pending.min(MANY) } else { 1 });
        recorder::note(What::Awake, None, recorder::UNKNOWN);
        entered
    }

    fn enter(&mut self, completions: usize) -> io::Result<()> {
        for _ in 0..MOST_REFUSALS {
            let entered = if completions > 1 {
                let long = Timespec::new().sec(LONG_S);
                let wait = SubmitArgs::new().min_wait_usec(MOMENT_US);
                let wait = wait.timespec(&long);
                let ring = self.ring.submitter();
                ring.submit_with_args(completions, &wait)
            } else {
                self.ring.submit_and_wait(completions)
            };
            let refused = match entered {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            match refused.raw_os_error() {
                // A signal came, or the hour is over.
                Some(libc::EINTR | libc::ETIME) => return Ok(()),
                // No memory for a request now, or too many completions:
                // what is there is taken first.
                Some(libc::EAGAIN | libc::EBUSY) => {
                    if !self.ring.completion().is_empty() {
                        return Ok(());
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                _ => return Err(refused),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Takes the next completion, if there is one and what may follow from
    /// it has room. The chunk of the last one goes back to the kernel.
    pub(crate) fn next(&mut self) -> Option<Completion<'_, T>> {
        self.give_back();
        loop {
            if !self.has_room() {
                return None;
            }
            let entry = self.ring.completion().next()?;
            // One that failed may have taken a buffer, too.
            self.taken = cqueue::buffer_select(entry.flags());
            if entry.user_data() == NOBODY {
                self.give_back();
                continue;
            }
            let key = (entry.user_data() >> 3) as usize;
            let step = STEPS[(entry.user_data() & 7) as usize];
            let result = match entry.result() {
                negative @ ..0 => {
                    Err(io::Error::from_raw_os_error(-negative))
                }
                bytes => Ok(bytes as usize),
            };
            let chunk = match (self.taken, &result) {
                (Some(number), Ok(bytes)) => {
                    self.buffers.chunk(number, *bytes)
                }
                _ => &[],
            };
            let held = &mut *self.fetches[key];
            held.pending -= 1;
            self.pending -= 1;
            return Some(Completion {
                key,
                fetch: &mut held.fetch,
                step,
                result,
                chunk,
                is_last: held.pending == 0,
            });
        }
    }

    fn give_back(&mut self) {
        if let Some(number) = self.taken.take() {
            self.buffers.offer(number);
        }
    }

    /// Cancels every request and waits for all completions. To cancel is a
    /// request as well: it completes, and so does what it cancels. Only
    /// then the memory is ours.
    fn cancel_all(&mut self) -> io::Result<()> {
        while self.pending > 0 {
            let all = CancelBuilder::any().all();
            self.push_for_nobody(opcode::AsyncCancel2::new(all).build())?;
            self.wait()?;
            while self.next().is_some() {}
        }
        Ok(())
    }
}

impl<T> Drop for Ring<T> {
    /// When the crawl ends by an error or a panic, fetches are left.
    fn drop(&mut self) {
        if self.cancel_all().is_err() {
            // The kernel may still use the memory, and nobody will tell
            // when it stops: so the memory stays.
            mem::forget(mem::take(&mut self.fetches));
            self.buffers.leak();
        }
    }
}

/// Has the kernel keep so many sockets in a table, or as many as it allows:
/// not more than the process may have descriptors.
fn register_slots(ring: &IoUring, sockets: usize) -> io::Result<usize> {
    let mut slots = u32::try_from(sockets).unwrap_or(u32::MAX);
    loop {
        match ring.submitter().register_files_sparse(slots) {
            Ok(()) => return Ok(slots as usize),
            Err(error)
                if error.raw_os_error() == Some(libc::EMFILE)
                    && slots > 1 =>
            {
                slots /= 2;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The key of a fetch, and the step.
fn user_data(key: usize, step: Step) -> u64 {
    (key as u64) << 3 | step as u64
}

fn socket(key: usize) -> Fixed {
    Fixed(key as u32)
}

fn slot(key: usize) -> DestinationSlot {
    let slot = DestinationSlot::try_from_slot_target(key as u32);
    slot.expect("fewer sockets than 2^32 - 2")
}

/// Send everything: a send that must stop earlier is short, and breaks the
/// chain.
const ALL: i32 = libc::MSG_WAITALL;

/// Sends so many bytes, the last ones of the request.
fn send<T>(
    key: usize,
    held: &Held<T>,
    unsent: usize,
    flags: i32,
) -> squeue::Entry {
    let request = held.target.request();
    let unsent = &request[request.len() - unsent..];
    opcode::Send::new(socket(key), unsent.as_ptr(), unsent.len() as u32)
        .flags(flags)
        .build()
        .user_data(user_data(key, Step::Send))
}

/// Receives into a buffer that the kernel chooses when there are bytes.
fn receive(key: usize, flags: i32) -> squeue::Entry {
    receive_with(key, flags, 0)
}

/// The same, where nothing can be there yet: the first try would be in
/// vain.
fn receive_when_ready(key: usize) -> squeue::Entry {
    const POLL_FIRST: u16 = 1; // IORING_RECVSEND_POLL_FIRST
    receive_with(key, 0, POLL_FIRST)
}

fn receive_with(key: usize, flags: i32, ioprio: u16) -> squeue::Entry {
    opcode::Recv::new(socket(key), std::ptr::null_mut(), 0)
        .buf_group(GROUP)
        .flags(flags)
        .ioprio(ioprio)
        .build()
        .flags(squeue::Flags::BUFFER_SELECT)
        .user_data(user_data(key, Step::Receive))
}

/// Cuts the request before it in the chain short.
fn deadline<T>(key: usize, held: &Held<T>) -> squeue::Entry {
    opcode::LinkTimeout::new(&raw const held.deadline)
        .flags(TimeoutFlags::ABS)
        .build()
        .user_data(user_data(key, Step::Deadline))
}

/// A moment of the clock that the kernel uses, and `Instant` too.
fn from_now(left: Duration) -> Timespec {
    let now = clock_gettime(ClockId::Monotonic);
    let now = Duration::new(now.tv_sec as u64, now.tv_nsec as u32);
    let then = now.saturating_add(left);
    // The kernel counts seconds in 63 bits.
    let seconds = then.as_secs().min(i64::MAX as u64);
    Timespec::new().sec(seconds).nsec(then.subsec_nanos())
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        match address {
            SocketAddr::V4(address) => Address {
                v4: libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: address.port().to_be(),
                    sin_addr: libc::in_addr {
                        s_addr: u32::from_ne_bytes(address.ip().octets()),
                    },
                    sin_zero: [0; 8],
                },
            },
            SocketAddr::V6(address) => Address {
                v6: libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr {
                        s6_addr: address.ip().octets(),
                    },
                    sin6_scope_id: address.scope_id(),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::available;
    use crawl::Url;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    /// A ring with one fetch that has begun, and the server's side of it.
    /// `None`, with the reason: there is no ring here.
    fn begun(deadline: Duration) -> Option<(Ring<()>, usize, TcpStream)> {
        if let Err(why) = available() {
            println!("skipped: {why}");
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = Url::parse(&format!("http://{address}/")).unwrap();
        let target = Target::new(url, address);
        let mut ring = Ring::new(1).unwrap();
        let key = ring.insert((), &target, deadline);
        ring.connect_send_receive(key, address).unwrap();
        // What follows the first link runs when we ask for completions.
        listener.set_nonblocking(true).unwrap();
        let server = loop {
            ring.submit().unwrap();
            match listener.accept() {
                Ok((server, _)) => break server,
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        };
        server.set_nonblocking(false).unwrap();
        server.set_read_timeout(Some(LONG)).unwrap();
        Some((ring, key, server))
    }

    const LONG: Duration = Duration::from_secs(60);

    /// Takes all completions up to the last one of the chain.
    fn take(ring: &mut Ring<()>) -> Vec<(Step, Result<usize, i32>)> {
        let mut taken = Vec::new();
        loop {
            ring.wait().unwrap();
            while let Some(completion) = ring.next() {
                let Completion { step, result, is_last, .. } = completion;
                let error = |error: io::Error| error.raw_os_error();
                taken.push((step, result.map_err(|e| error(e).unwrap())));
                if is_last {
                    return taken;
                }
            }
        }
    }

    fn result(
        taken: &[(Step, Result<usize, i32>)],
        step: Step,
    ) -> Result<usize, i32> {
        taken.iter().find(|(which, _)| *which == step).unwrap().1
    }

    #[test]
    fn a_chain_has_one_completion_for_each_request() {
        let Some((mut ring, key, mut server)) = begun(LONG) else { return };
        server.write_all(b"hello").unwrap();
        let taken = take(&mut ring);
        assert_eq!(taken.len(), 7, "{taken:?}");
        assert_eq!(result(&taken, Step::Receive), Ok(5));
        let sent = result(&taken, Step::Send).unwrap();
        let mut request = vec![0; sent];
        server.read_exact(&mut request).unwrap();
        assert!(request.ends_with(b"\r\n\r\n"));
        ring.remove(key).unwrap();
        ring.submit().unwrap();
        assert_eq!(server.read(&mut request).unwrap(), 0, "it is closed");
    }

    #[test]
    fn the_rest_of_a_request_can_be_sent() {
        let Some((mut ring, key, mut server)) = begun(LONG) else { return };
        server.write_all(b"hello").unwrap();
        let sent = result(&take(&mut ring), Step::Send).unwrap();
        ring.send_receive(key, 9).unwrap();
        ring.submit().unwrap();
        let mut request = vec![0; sent + 9];
        server.read_exact(&mut request).unwrap();
        assert_eq!(request[sent..], request[sent - 9..sent]);
        server.write_all(b"again").unwrap();
        assert_eq!(result(&take(&mut ring), Step::Receive), Ok(5));
    }

    #[test]
    fn what_is_received_is_there_until_the_next_completion() {
        let Some((mut ring, key, mut server)) = begun(LONG) else { return };
        // More chunks than there are buffers: each is given back.
        for round in 0..3 * crate::buffers::COUNT {
            server.write_all(&[round as u8; 3]).unwrap();
            let mut chunk = Vec::new();
            let mut is_last = false;
            while !is_last {
                ring.wait().unwrap();
                while let Some(completion) = ring.next() {
                    chunk.extend_from_slice(completion.chunk);
                    is_last = completion.is_last;
                }
            }
            assert_eq!(chunk, [round as u8; 3]);
            ring.receive(key).unwrap();
        }
    }

    /// A wait that returns after each moment would be a busy one.
    #[test]
    fn a_wait_for_one_late_answer_sleeps() {
        let Some((mut ring, _, mut server)) = begun(LONG) else { return };
        let answer = thread::spawn(move || {
            server.read_exact(&mut [0; 4]).unwrap();
            thread::sleep(Duration::from_millis(200));
            server.write_all(b"late").unwrap();
            server
        });
        let (mut waits, mut is_over) = (0, false);
        while !is_over {
            ring.wait().unwrap();
            waits += 1;
            while let Some(completion) = ring.next() {
                is_over = completion.is_last;
            }
        }
        assert!(waits <= 20, "{waits} waits, for seven completions");
        answer.join().unwrap();
    }

    #[test]
    fn a_deadline_cuts_a_request_short() {
        let deadline = Duration::from_millis(100);
        let before = Instant::now();
        let Some((mut ring, key, mut server)) = begun(deadline) else {
            return;
        };
        let taken = take(&mut ring);
        assert!(before.elapsed() >= deadline);
        assert_eq!(result(&taken, Step::Receive), Err(libc::ECANCELED));
        ring.try_to_receive(key).unwrap();
        let again = take(&mut ring);
        assert_eq!(again, [(Step::Receive, Err(libc::EAGAIN))]);
        server.write_all(b"late").unwrap();
        ring.try_to_receive(key).unwrap();
        assert_eq!(take(&mut ring), [(Step::Receive, Ok(4))]);
    }

    #[test]
    fn to_cancel_is_to_wait_for_completions() {
        let Some((mut ring, _, mut server)) = begun(LONG) else { return };
        assert!(ring.pending > 0);
        ring.cancel_all().unwrap();
        assert_eq!(ring.pending, 0);
        drop(ring);
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(b"\r\n\r\n"), "it was closed");
    }

    #[test]
    fn addresses_are_those_of_the_system() {
        #[expect(unsafe_code, reason = "a union")]
        fn check(address: SocketAddr) {
            let ours = Address::from(address);
            // SAFETY: all fields are plain numbers, and the family says
            // which of them were written.
            let (family, port) = unsafe {
                match address {
                    SocketAddr::V4(_) => {
                        (ours.v4.sin_family, ours.v4.sin_port)
                    }
                    SocketAddr::V6(_) => {
                        (ours.v6.sin6_family, ours.v6.sin6_port)
                    }
                }
            };
            let expected = match address {
                SocketAddr::V4(_) => libc::AF_INET,
                SocketAddr::V6(_) => libc::AF_INET6,
            };
            assert_eq!(i32::from(family), expected);
            assert_eq!(u16::from_be(port), address.port());
        }
        check("127.0.0.1:80".parse().unwrap());
        check("[::1]:8080".parse().unwrap());
    }
}
