//! One switch: what does it cost to leave one piece of waiting code and go on with another?
//!
//! In the group `switch` nobody asks the kernel: a program changes from one of its own tasks to
//! another, in nanoseconds. In `switch-through-the-kernel` the one who waits is a thread or a
//! process, asleep until the kernel wakes it: microseconds. Beside the 30 µs and more that one
//! fetch costs, hardly any of this counts; it is memory that does (`bytes_per_waiting`).

use std::env;
use std::future::poll_fn;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::mem;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion};
use stage_06_generator_task::{Generator, Stackful, Step, Yield, Yielder};
use stage_08_async_await::{Executor, Reactor};

/// The environment variable that asks this program to answer each byte with a byte.
const ASKED: &str = "WAYS_TO_WAIT_BENCHMARK_ECHO";

/// Tasks that an executor has at once, so that looking for sockets once a round does not count.
const TASKS: usize = 1_000;

fn main() {
    if env::var_os(ASKED).is_some() {
        return echo();
    }
    benches::run(|criterion| {
        switch(criterion);
        switch_through_the_kernel(criterion);
    });
}

fn switch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("switch");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("callback", callback);
    group.bench_function("callback, boxed anew", callback_boxed_anew);
    group.bench_function("stackful resume", stackful_resume);
    group.bench_function("hand-written generator", hand_written_generator);
    group.bench_function("poll of a boxed future", poll_of_a_boxed_future);
    group.bench_function("wake, chapter 8", wake_in_chapter_8);
    group.bench_function("wake, tokio", |b| tokio_tasks(b, wake_and_suspend));
    group.bench_function("yield_now, tokio", |b| tokio_tasks(b, tokio::task::yield_now));
    group.finish();
}

fn switch_through_the_kernel(criterion: &mut Criterion) {
    // On two cores each wake-up would also wake a core, and that takes as long as it likes.
    if !stay_on_one_core() {
        eprintln!("switch-through-the-kernel: both sides may run on different cores here");
    }
    let mut group = criterion.benchmark_group("switch-through-the-kernel");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("thread over a channel", thread_over_a_channel);
    group.bench_function("process over a pipe", process_over_a_pipe);
    group.finish();
}

/// Called without knowing what it is.
fn callback(bencher: &mut Bencher) {
    let mut sum = 0;
    let mut callback: Box<dyn FnMut(u64)> = Box::new(move |number| sum = black_box(sum + number));
    bencher.iter(|| black_box(&mut callback)(1));
}

/// As in chapter 5: called once, it registers the next one. What it knows travels in a new box.
fn callback_boxed_anew(bencher: &mut Bencher) {
    type Callback = Box<dyn FnOnce(&mut Loop)>;
    struct Loop {
        next: Option<Callback>,
        sum: u64,
    }

    fn piece(event_loop: &mut Loop, number: u64) {
        event_loop.sum += number;
        event_loop.next = Some(Box::new(move |event_loop| piece(event_loop, number ^ 1)));
    }

    let mut event_loop = Loop { next: None, sum: 0 };
    piece(&mut event_loop, 0);
    bencher.iter(|| {
        let callback = event_loop.next.take().expect("there is always a next one");
        callback(&mut event_loop);
    });
    black_box(event_loop.sum);
}

/// As in chapter 6: there and back, from stack to stack.
fn stackful_resume(bencher: &mut Bencher) {
    let body = |yielder: &Yielder<u64, u64>, mut sent: u64| {
        loop {
            sent = yielder.suspend(sent + 1);
        }
    };
    let mut generator = Stackful::<u64, u64, ()>::new(body).expect("memory for one stack");
    bencher.iter(|| generator.resume(black_box(1)));
}

/// As in chapter 7: it looks up its place, and goes on from there.
fn hand_written_generator(bencher: &mut Bencher) {
    enum Place {
        Here,
        There,
    }
    struct Adding {
        place: Place,
        sum: u64,
    }
    impl Generator<u64> for Adding {
        type Yielded = u64;
        type Returned = ();

        fn resume(&mut self, sent: u64) -> Step<u64, ()> {
            match self.place {
                Place::Here => {
                    self.sum += sent;
                    self.place = Place::There;
                }
                Place::There => {
                    self.sum ^= sent;
                    self.place = Place::Here;
                }
            }
            Err(Yield(self.sum))
        }
    }

    let mut generator = Adding { place: Place::Here, sum: 0 };
    bencher.iter(|| black_box(&mut generator).resume(black_box(1)));
}

/// What an executor does with one task, without the executor.
fn poll_of_a_boxed_future(bencher: &mut Bencher) {
    let body = async {
        loop {
            wake_and_suspend().await;
        }
    };
    let mut future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(body);
    let mut context = Context::from_waker(Waker::noop());
    bencher.iter(|| future.as_mut().poll(&mut context));
}

/// The waker puts the task into the queue, the executor takes it out and polls it.
fn wake_in_chapter_8(bencher: &mut Bencher) {
    bencher.iter_custom(|switches| {
        let reactor = Reactor::new(&benches::limits(TASKS)).expect("a selector");
        let executor = Executor::new(&reactor).expect("a notifier");
        let rounds = rounds(switches);
        let task = || async move {
            for _ in 0..rounds {
                wake_and_suspend().await;
            }
        };
        let started = Instant::now();
        let tasks = (0..TASKS).map(|_| task());
        executor.run(tasks, TASKS, &mut |()| {}).expect("it can wait");
        share(started.elapsed(), switches, rounds * TASKS as u64)
    });
}

/// The same on tokio's executor for one thread.
fn tokio_tasks<F>(bencher: &mut Bencher, suspend: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a selector");
    bencher.iter_custom(|switches| {
        let rounds = rounds(switches);
        let task = || async move {
            for _ in 0..rounds {
                suspend().await;
            }
        };
        let started = Instant::now();
        let tasks: Vec<_> = (0..TASKS).map(|_| runtime.spawn(task())).collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("it does not panic");
            }
        });
        share(started.elapsed(), switches, rounds * TASKS as u64)
    });
}

/// Has its own task polled again, and suspends once.
fn wake_and_suspend() -> impl Future<Output = ()> + Send {
    let mut woken = false;
    poll_fn(move |context| {
        if mem::replace(&mut woken, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// A message and its answer are two switches.
fn thread_over_a_channel(bencher: &mut Bencher) {
    let (there, arriving) = mpsc::channel();
    let (back, answers) = mpsc::channel();
    let echo = thread::spawn(move || {
        for message in arriving {
            let _ = back.send(message);
        }
    });
    there_and_back(bencher, || {
        there.send(()).expect("the thread listens");
        answers.recv().expect("the thread answers");
    });
    drop(there);
    echo.join().expect("the thread does not panic");
}

/// A byte and its answer are two switches.
fn process_over_a_pipe(bencher: &mut Bencher) {
    let program = env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.env(ASKED, "yes").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    let mut there = child.stdin.take().expect("it is piped");
    let mut back = child.stdout.take().expect("it is piped");
    there_and_back(bencher, || {
        there.write_all(b"!").expect("the process listens");
        back.read_exact(&mut [0]).expect("the process answers");
    });
    drop(there); // which ends it
    child.wait().expect("it has ended");
}

fn echo() {
    let (mut there, mut back, mut byte) = (io::stdin(), io::stdout(), [0]);
    while there.read_exact(&mut byte).is_ok() {
        if back.write_all(&byte).and_then(|()| back.flush()).is_err() {
            return;
        }
    }
}

fn there_and_back(bencher: &mut Bencher, mut message_and_answer: impl FnMut()) {
    bencher.iter_custom(|switches| {
        let trips = switches.div_ceil(2);
        let started = Instant::now();
        for _ in 0..trips {
            message_and_answer();
        }
        share(started.elapsed(), switches, 2 * trips)
    });
}

fn rounds(switches: u64) -> u64 {
    switches.div_ceil(TASKS as u64)
}

/// The time of as many as were asked for, where so many were done.
fn share(elapsed: Duration, asked: u64, done: u64) -> Duration {
    elapsed.mul_f64(asked as f64 / done as f64)
}

/// Has this thread, and all that it starts, run on the core where it is. `false` where that cannot
/// be.
#[cfg(target_os = "linux")]
fn stay_on_one_core() -> bool {
    use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

    let mut here = CpuSet::new();
    here.set(sched_getcpu());
    sched_setaffinity(None, &here).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_core() -> bool {
    false
}
