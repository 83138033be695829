//! Ten to ten thousand sockets, all idle but one: what does it cost to ask which one is ready?
//!
//! The classic curve. `select` and `poll` carry the whole list to the kernel at every call, and the
//! kernel looks at every socket in it: ten times the sockets, ten times the time. `epoll` keeps the list in the
//! kernel, where a socket that becomes ready reports itself: the size of the list does not matter.
//!
//! One iteration is what an event loop does for one event: ask for a socket once, and wait. (With
//! `epoll` each of the two is a system call. With the others asking costs none, and waiting pays for it.)
//! The sockets are UDP, which need nobody at the other end.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use benches::room_for;
use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration};
use selectors::{Interest, Kind, Selector, Watched};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const KINDS: [(&str, Kind); 3] =
    [("select", Kind::Select), ("poll", Kind::Poll), ("epoll", Kind::Best)];

fn main() {
    benches::run(selectors);
}

fn selectors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("selectors");
    group.sample_size(20);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for (name, kind) in KINDS {
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
    group.finish();
}

/// So many sockets, each waited for. Only in the last there is something to receive, and nobody will.
fn watch(kind: Kind, size: usize) -> io::Result<(Selector, Vec<Watched>)> {
    let selector = Selector::new(kind)?;
    let mut sockets = Vec::new();
    for key in 0..size {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        if key == size - 1 {
            socket.send_to(b"!", socket.local_addr()?)?;
        }
        let socket = selector.watch(socket.into(), key);
        socket.wait_for(Interest::Readable)?;
        sockets.push(socket);
    }
    Ok((selector, sockets))
}
