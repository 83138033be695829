//! The one-shot contract, kept by every kind of selector.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use selectors::{Interest, Kind, Selector, Watched};

const KINDS: [Kind; 4] =
    [Kind::Select, Kind::Poll, Kind::Best, Kind::Polling];
const WITH_NOTIFIER: [Kind; 2] = [Kind::Best, Kind::Polling];
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const LONG: Option<Duration> = Some(Duration::from_secs(20));

/// A connection: our watched end, and the other end.
fn pair(
    selector: &Selector,
    listener: &TcpListener,
    key: usize,
) -> (Watched, TcpStream) {
    let address = listener.local_addr().unwrap();
    let socket = selectors::socket(address).unwrap();
    let _in_progress = socket.connect(&address.into());
    let socket = selector.watch(socket, key);
    (socket, listener.accept().unwrap().0)
}

fn wait(selector: &Selector, timeout: Option<Duration>) -> Vec<usize> {
    let mut ready = vec![usize::MAX];
    selector.wait(&mut ready, timeout).unwrap();
    ready.sort_unstable();
    ready
}

/// Runs a test on each kind of selector.
fn check(test: impl Fn(Selector, TcpListener)) {
    for kind in KINDS {
        eprintln!("{kind:?}");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        test(Selector::new(kind).unwrap(), listener);
    }
}

#[test]
fn readiness_is_reported_once_for_each_registration() {
    check(|selector, listener| {
        let (socket, mut other) = pair(&selector, &listener, 7);
        other.write_all(b"x").unwrap();
        assert_eq!(wait(&selector, AT_ONCE), [], "no interest yet");
        for _ in 0..2 {
            socket.wait_for(Interest::Readable).unwrap();
            assert_eq!(wait(&selector, LONG), [7], "it was ready before");
            assert_eq!(wait(&selector, AT_ONCE), [], "once");
        }
    });
}

#[test]
fn a_new_interest_takes_the_place_of_the_old_one() {
    check(|selector, listener| {
        let (socket, _other) = pair(&selector, &listener, 0);
        socket.wait_for(Interest::Writable).unwrap();
        socket.wait_for(Interest::Readable).unwrap();
        assert_eq!(wait(&selector, AT_ONCE), []);
        socket.wait_for(Interest::Writable).unwrap();
        assert_eq!(wait(&selector, LONG), [0]);
    });
}

#[test]
fn the_ready_ones_of_many_are_reported_together() {
    check(|selector, listener| {
        let mut pairs: Vec<_> =
            (0..50).map(|key| pair(&selector, &listener, key)).collect();
        for (socket, _) in &pairs {
            socket.wait_for(Interest::Readable).unwrap();
        }
        for key in [3, 30, 49] {
            pairs[key].1.write_all(b"x").unwrap();
        }
        let mut ready = wait(&selector, LONG);
        while ready.len() < 3 {
            // They need not arrive at the same time.
            ready.extend(wait(&selector, LONG));
        }
        assert_eq!(ready, [3, 30, 49]);
    });
}

#[test]
fn the_end_of_the_stream_is_readable() {
    check(|selector, listener| {
        let (socket, other) = pair(&selector, &listener, 1);
        socket.wait_for(Interest::Readable).unwrap();
        drop(other);
        assert_eq!(wait(&selector, LONG), [1]);
        assert_eq!((&*socket).read(&mut [0; 8]).unwrap(), 0);
    });
}

#[test]
fn a_refused_connection_is_writable_and_the_socket_knows_why() {
    check(|selector, listener| {
        let address = listener.local_addr().unwrap();
        drop(listener);
        // Some systems refuse before `connect` returns, others a moment
        // later.
        let socket = selectors::socket(address).unwrap();
        // Where the system knows at once, nothing is to be shown.
        match socket.connect(&address.into()) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                return;
            }
            _ => {}
        }
        let socket = selector.watch(socket, 4);
        socket.wait_for(Interest::Writable).unwrap();
        assert_eq!(wait(&selector, LONG), [4]);
        let error = socket.take_error().unwrap().expect("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_socket_that_is_dropped_is_forgotten_and_its_key_is_free() {
    check(|selector, listener| {
        for _ in 0..3 {
            let (socket, mut other) = pair(&selector, &listener, 9);
            socket.wait_for(Interest::Readable).unwrap();
            other.write_all(b"x").unwrap();
            drop(socket);
            assert_eq!(wait(&selector, AT_ONCE), []);
        }
    });
}

#[test]
fn a_wait_ends_when_its_time_is_over() {
    check(|selector, listener| {
        let (socket, _other) = pair(&selector, &listener, 0);
        socket.wait_for(Interest::Readable).unwrap();
        let start = Instant::now();
        assert_eq!(wait(&selector, Some(Duration::from_millis(30))), []);
        assert!(start.elapsed() >= Duration::from_millis(30));
    });
}

#[test]
fn an_interest_can_be_taken_back() {
    check(|selector, listener| {
        let (socket, mut other) = pair(&selector, &listener, 5);
        socket.stop_waiting();
        socket.wait_for(Interest::Readable).unwrap();
        other.write_all(b"x").unwrap();
        socket.stop_waiting();
        assert_eq!(wait(&selector, AT_ONCE), []);
        socket.wait_for(Interest::Readable).unwrap();
        assert_eq!(wait(&selector, LONG), [5]);

        socket.wait_for(Interest::Writable).unwrap();
        socket.stop_waiting();
        socket2::SockRef::from(&other)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(other); // a reset, which systems report without interest
        assert_eq!(wait(&selector, Some(Duration::from_millis(20))), []);
    });
}

#[test]
fn an_interest_can_be_registered_again_after_it_was_taken_back() {
    check(|selector, listener| {
        let (socket, mut other) = pair(&selector, &listener, 5);
        other.write_all(b"x").unwrap();
        for _ in 0..2 {
            socket.wait_for(Interest::Readable).unwrap();
            assert_eq!(wait(&selector, LONG), [5]);
            socket.stop_waiting(); // there is nothing to take back
            socket.stop_waiting();
        }
        socket.wait_for(Interest::Writable).unwrap();
        assert_eq!(wait(&selector, LONG), [5]);
    });
}

/// A duplicate keeps the socket open, and the system may go on watching it.
#[test]
fn a_duplicate_of_a_dropped_socket_is_not_reported() {
    check(|selector, listener| {
        for is_reported_before in [false, true] {
            let (socket, mut other) = pair(&selector, &listener, 3);
            socket.wait_for(Interest::Readable).unwrap();
            if is_reported_before {
                other.write_all(b"x").unwrap();
                assert_eq!(wait(&selector, LONG), [3]);
            }
            let _duplicate = socket.try_clone().unwrap();
            drop(socket);
            other.write_all(b"x").unwrap();
            assert_eq!(wait(&selector, AT_ONCE), []);

            // The next socket with this key is reported as ever.
            let (socket, mut other) = pair(&selector, &listener, 3);
            socket.wait_for(Interest::Readable).unwrap();
            assert_eq!(wait(&selector, AT_ONCE), []);
            other.write_all(b"x").unwrap();
            assert_eq!(wait(&selector, LONG), [3]);
        }
    });
}

/// The next duplicate has the descriptor of the one that was dropped, and
/// the system still has both in its list as the same.
#[test]
fn a_duplicate_is_reported_like_the_dropped_one_before_it() {
    check(|selector, listener| {
        let (socket, _other) = pair(&selector, &listener, 1);
        for _ in 0..10 {
            let duplicate = socket.try_clone().unwrap();
            let duplicate = selector.watch(duplicate, 2);
            duplicate.wait_for(Interest::Writable).unwrap();
            assert_eq!(wait(&selector, LONG), [2]);
            assert_eq!(wait(&selector, AT_ONCE), [], "once");
        }
    });
}

/// The shortest of many waits: on a busy machine some take as long as they
/// like.
#[cfg(target_os = "linux")]
#[test]
fn a_wait_is_not_rounded_to_whole_milliseconds() {
    check(|selector, listener| {
        let (socket, _other) = pair(&selector, &listener, 0);
        socket.wait_for(Interest::Readable).unwrap();
        for timeout in [100, 1_100].map(Duration::from_micros) {
            let waited = |_| {
                let start = Instant::now();
                assert_eq!(wait(&selector, Some(timeout)), []);
                start.elapsed()
            };
            let shortest = (0..200).map(waited).min().unwrap();
            assert!(shortest >= timeout, "{shortest:?}");
            let rounded = timeout + Duration::from_micros(900);
            assert!(shortest < rounded, "{shortest:?}");
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn more_sockets_are_ready_than_one_wait_can_bring() {
    room_for_descriptors();
    for kind in [Kind::Poll, Kind::Best, Kind::Polling] {
        let selector = Selector::new(kind).unwrap();
        let mut sockets = Vec::new();
        for key in 0..1_500 {
            let Ok(socket) = std::net::UdpSocket::bind("127.0.0.1:0")
            else {
                return eprintln!("skipped: this system allows fewer");
            };
            sockets.push(selector.watch(socket.into(), key));
            sockets[key].wait_for(Interest::Writable).unwrap();
        }
        let mut ready = Vec::new();
        while ready.len() < sockets.len() {
            let more = wait(&selector, LONG);
            assert!(!more.is_empty(), "{kind:?}: only {}", ready.len());
            ready.extend(more);
        }
        ready.sort_unstable();
        assert!(ready.into_iter().eq(0..1_500), "{kind:?}: each once");
        assert_eq!(wait(&selector, AT_ONCE), []);
    }
}

#[test]
fn another_thread_can_end_a_wait() {
    for kind in WITH_NOTIFIER {
        let selector = Selector::new(kind).unwrap();
        let notifier = selector.notifier().unwrap();
        thread::spawn(move || notifier.notify().unwrap());
        let start = Instant::now();
        // Before or during the wait: it ends.
        assert_eq!(wait(&selector, LONG), [], "{kind:?}");
        let is_over = start.elapsed() >= LONG.unwrap() / 2;
        assert!(!is_over, "{kind:?}: it ended because its time was over");
    }
}

#[test]
fn every_notice_ends_one_wait_however_many_threads_give_it() {
    for kind in WITH_NOTIFIER {
        let selector = Selector::new(kind).unwrap();
        let notifier = selector.notifier().unwrap();
        for _ in 0..3 {
            thread::scope(|scope| {
                for _ in 0..4 {
                    let (shared, own) = (&notifier, notifier.clone());
                    scope.spawn(move || shared.notify().unwrap());
                    scope.spawn(move || own.notify().unwrap());
                }
            });
            let start = Instant::now();
            assert_eq!(wait(&selector, LONG), []);
            assert!(start.elapsed() < LONG.unwrap() / 2, "{kind:?}");
            // All of them were one notice.
            let start = Instant::now();
            let timeout = Duration::from_millis(20);
            assert_eq!(wait(&selector, Some(timeout)), []);
            assert!(start.elapsed() >= timeout, "{kind:?}");
        }
    }
}

#[test]
fn a_notice_does_not_hide_a_socket() {
    for kind in WITH_NOTIFIER {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let selector = Selector::new(kind).unwrap();
        let (socket, mut other) = pair(&selector, &listener, 2);
        socket.wait_for(Interest::Readable).unwrap();
        other.write_all(b"x").unwrap();
        selector.notifier().unwrap().notify().unwrap();
        let mut ready = wait(&selector, LONG);
        if ready.is_empty() {
            ready = wait(&selector, LONG); // the notice came alone
        }
        assert_eq!(ready, [2], "{kind:?}");
    }
}

#[test]
fn a_notifier_may_outlive_its_selector() {
    for kind in WITH_NOTIFIER {
        let selector = Selector::new(kind).unwrap();
        let first = selector.notifier().unwrap();
        let second = selector.notifier().unwrap();
        drop(selector);
        let _ = (first.notify(), second.notify()); // an error is fine
    }
}

#[test]
fn select_and_poll_have_no_notifier() {
    for kind in [Kind::Select, Kind::Poll] {
        let error = Selector::new(kind).unwrap().notifier().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}

#[test]
#[should_panic = "two sockets with the key 7"]
fn a_key_belongs_to_one_socket_at_a_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let selector = Selector::new(Kind::Best).unwrap();
    let first = pair(&selector, &listener, 7);
    drop(first);
    let _second = pair(&selector, &listener, 7);
    let _third = pair(&selector, &listener, 7);
}

#[test]
fn the_order_of_leaving_does_not_matter() {
    check(|selector, listener| {
        let mut pairs: Vec<_> = (0..20)
            .map(|key| Some(pair(&selector, &listener, key)))
            .collect();
        for (socket, other) in pairs.iter_mut().flatten() {
            socket.wait_for(Interest::Readable).unwrap();
            other.write_all(b"x").unwrap();
        }
        for key in [0, 19, 7, 8, 1] {
            pairs[key] = None;
        }
        let left: Vec<_> =
            (0..20).filter(|key| pairs[*key].is_some()).collect();
        assert_eq!(wait(&selector, LONG), left);
    });
}

#[cfg(unix)]
#[test]
fn select_refuses_descriptors_that_its_set_has_no_place_for() {
    use rustix::io::fcntl_dupfd_cloexec;

    room_for_descriptors();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let selector = Selector::new(Kind::Select).unwrap();
    let (socket, mut other) = pair(&selector, &listener, 1);
    let Ok(high) = fcntl_dupfd_cloexec(&listener, 1024) else {
        return eprintln!(
            "skipped: this system allows fewer than 1,025 descriptors"
        );
    };
    let high = selector.watch(high.into(), 2);

    socket.wait_for(Interest::Readable).unwrap();
    let error = high.wait_for(Interest::Readable).unwrap_err().to_string();
    assert!(error.contains("1024 places"), "{error}");
    other.write_all(b"x").unwrap();
    assert_eq!(
        wait(&selector, LONG),
        [1],
        "the other one is still watched"
    );
}

/// Raises the limit of descriptors as far as this process may.
#[cfg(unix)]
fn room_for_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Some systems have a lower maximum that they do not report.
    let _ = setrlimit(Resource::Nofile, limit);
}
