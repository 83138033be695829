//! Ten to ten thousand sockets, all idle but one: what does it cost to ask which one is ready?
//!
//! The classic curve. `select` and `poll` carry the whole list to the kernel at every call, and the
//! kernel looks at every socket in it: ten times the sockets, ten times the time. `epoll` keeps the
//! list in the kernel, where a socket that becomes ready reports itself: the size of the list does
//! not matter.
//!
//! One iteration is what an event loop does for one event: register an interest, and wait. With
//! `select` and `poll` registering costs nothing, and waiting is one system call. With `epoll` each
//! of the two is one system call. The crate `polling`, on the same epoll, makes five for the wait:
//! four of them are for its timer and for its notifier, which ends the wait from another thread.
//! `epoll_wait` is that call alone, for an interest that is not one-shot. The sockets are UDP,
//! which need no peer.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use benches::room_for;
use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration};
#[cfg(target_os = "linux")]
use criterion::{BenchmarkGroup, measurement::WallTime};
use selectors::{Interest, Kind, Selector, Watched};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const KINDS: &[(&str, Kind)] = &[
    ("select", Kind::Select),
    ("poll", Kind::Poll),
    // Elsewhere `polling` is the platform's best.
    #[cfg(target_os = "linux")]
    ("epoll", Kind::Best),
    ("polling", Kind::Polling),
];

fn main() {
    benches::run(selectors);
}

fn selectors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("selectors");
    group.sample_size(20);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for &(name, kind) in KINDS {
        for size in SIZES {
            let room = room_for(size);
            let watching = room.and_then(|()| watch(kind, size).map_err(|e| e.to_string()));
            let (selector, sockets) = match watching {
                Ok(watching) => watching,
                Err(reason) => {
                    eprintln!("{name}: stops before {size} sockets: {reason}");
                    break;
                }
            };
            let last = sockets.last().expect("there are some");
            let mut ready = Vec::new();
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    last.wait_for(Interest::Readable).expect("it can be watched");
                    selector.wait(&mut ready, None).expect("it can wait");
                    assert_eq!(ready, [last.key()]);
                });
            });
        }
    }
    #[cfg(target_os = "linux")]
    epoll_wait(&mut group);
    group.finish();
}

/// The kernel's own cost: one call, and nothing to register again.
#[cfg(target_os = "linux")]
fn epoll_wait(group: &mut BenchmarkGroup<'_, WallTime>) {
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

    for size in SIZES {
        if let Err(reason) = room_for(size) {
            eprintln!("epoll_wait: stops before {size} sockets: {reason}");
            return;
        }
        let sockets = sockets(size).expect("there is room");
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
        for socket in &sockets {
            epoll::add(&epoll, socket, EventData::new_u64(0), EventFlags::IN).expect("memory");
        }
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 16];
        group.bench_function(BenchmarkId::new("epoll_wait", size), |bencher| {
            bencher.iter(|| {
                let ready = epoll::wait(&epoll, &mut events, None).expect("it can wait");
                assert_eq!(ready, 1);
            });
        });
    }
}

/// So many sockets, each waited for.
fn watch(kind: Kind, size: usize) -> io::Result<(Selector, Vec<Watched>)> {
    let selector = Selector::new(kind)?;
    let mut watched = Vec::new();
    for (key, socket) in sockets(size)?.into_iter().enumerate() {
        let socket = selector.watch(socket.into(), key);
        socket.wait_for(Interest::Readable)?;
        watched.push(socket);
    }
    Ok((selector, watched))
}

/// Only in the last there is something to receive, and nobody will.
fn sockets(size: usize) -> io::Result<Vec<UdpSocket>> {
    let sockets =
        (0..size).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<io::Result<Vec<_>>>()?;
    let last = sockets.last().expect("a size is not 0");
    last.send_to(b"!", last.local_addr()?)?;
    Ok(sockets)
}
