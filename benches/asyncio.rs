//! What one operation of chapter 9's library costs, beside tokio on one thread and CPython.
//!
//! CPython 3.13 is measured where `scripts/find-python` finds one, by `asyncio.py`.
//!
//! On Linux the time is the thread's CPU time: sleeping costs nothing, and what other programs do
//! meanwhile does not count. Elsewhere it is the time on the clock.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use stage_09_asyncio as asyncio;
use tokio::task::{JoinSet, LocalSet, spawn_local, yield_now};

fn main() {
    benches::run(all);
}

fn all(criterion: &mut Criterion) {
    let python = find_python();
    if let Err(missing) = &python {
        eprintln!("CPython is left out: {missing}");
    }
    let python = python.ok();
    create_task(&mut Operation::new(criterion, "create_task", &python));
    gather(&mut Operation::new(criterion, "gather", &python));
    sleep_0(&mut Operation::new(criterion, "sleep_0", &python));
    call_soon(&mut Operation::new(criterion, "call_soon", &python));
    timers(&mut Operation::new(criterion, "timers", &python));
    timeout(&mut Operation::new(criterion, "timeout", &python));
    queue(&mut Operation::new(criterion, "queue", &python));
}

/// Makes a task and awaits it.
fn create_task(operation: &mut Operation<'_>) {
    operation.ours(async |count| {
        for number in 0..count {
            asyncio::create_task(async move { number }).await;
        }
    });
    operation.tokio(async |count| {
        for number in 0..count {
            spawn_local(async move { number }).await.unwrap();
        }
    });
}

/// 1,000 tasks at once.
fn gather(operation: &mut Operation<'_>) {
    operation.ours(async |count| {
        for _ in 0..count {
            let tasks = (0..1000).map(|number| async move { number });
            asyncio::gather(tasks.collect::<Vec<_>>()).await;
        }
    });
    operation.tokio(async |count| {
        for _ in 0..count {
            let mut set = JoinSet::new();
            for number in 0..1000 {
                set.spawn_local(async move { number });
            }
            set.join_all().await;
        }
    });
}

/// Gives way for one turn.
fn sleep_0(operation: &mut Operation<'_>) {
    operation.ours(async |count| {
        for _ in 0..count {
            asyncio::sleep(Duration::ZERO).await;
        }
    });
    operation.tokio(async |count| {
        for _ in 0..count {
            yield_now().await;
        }
    });
}

/// A call that schedules the next one. tokio has no calls.
fn call_soon(operation: &mut Operation<'_>) {
    fn again(left: u64, done: asyncio::Future<()>) {
        let event_loop = asyncio::get_running_loop().unwrap();
        match left {
            0 => done.set_result(()).unwrap(),
            left => drop(event_loop.call_soon(move || again(left - 1, done))),
        }
    }
    operation.ours(async |count| {
        let done = asyncio::Future::new();
        again(count, done.clone());
        done.await;
    });
}

/// 10,000 sleepers at once, of 0 to 20 ms.
fn timers(operation: &mut Operation<'_>) {
    fn delays() -> impl Iterator<Item = Duration> {
        (0..10_000).map(|number| Duration::from_micros(number * 7919 % 20_000))
    }
    operation.ours(async |count| {
        for _ in 0..count {
            asyncio::gather(delays().map(asyncio::sleep).collect::<Vec<_>>()).await;
        }
    });
    operation.tokio(async |count| {
        for _ in 0..count {
            let mut set = JoinSet::new();
            for delay in delays() {
                set.spawn_local(tokio::time::sleep(delay));
            }
            set.join_all().await;
        }
    });
}

/// A timeout that does not pass.
fn timeout(operation: &mut Operation<'_>) {
    const LONG: Duration = Duration::from_secs(10);
    operation.ours(async |count| {
        for _ in 0..count {
            asyncio::timeout(LONG, asyncio::sleep(Duration::ZERO)).await.unwrap();
        }
    });
    operation.tokio(async |count| {
        for _ in 0..count {
            tokio::time::timeout(LONG, yield_now()).await.unwrap();
        }
    });
}

/// An item to another task, and back.
fn queue(operation: &mut Operation<'_>) {
    operation.ours(async |count| {
        let (there, back) = (asyncio::Queue::new(0), asyncio::Queue::new(0));
        let (takes, puts) = (there.clone(), back.clone());
        let echo = asyncio::create_task(async move {
            loop {
                puts.put(takes.get().await).await;
            }
        });
        for number in 0..count {
            there.put(number).await;
            back.get().await;
        }
        echo.cancel();
    });
    operation.tokio(async |count| {
        let (there, mut takes) = tokio::sync::mpsc::unbounded_channel();
        let (puts, mut back) = tokio::sync::mpsc::unbounded_channel();
        spawn_local(async move {
            while let Some(number) = takes.recv().await {
                let _ = puts.send(number);
            }
        });
        for number in 0..count {
            there.send(number).unwrap();
            back.recv().await.unwrap();
        }
    });
}

/// One operation, measured for each library: so many of them inside of one run of a loop.
struct Operation<'a> {
    group: BenchmarkGroup<'a, WallTime>,
}

impl<'a> Operation<'a> {
    fn new(criterion: &'a mut Criterion, name: &str, python: &Option<PathBuf>) -> Operation<'a> {
        let mut group = criterion.benchmark_group(format!("asyncio/{name}"));
        group.sample_size(20).warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_secs(1));
        if let Some(python) = python {
            group.bench_function("CPython", |bencher| {
                bencher.iter_custom(|count| measure_python(python, name, count));
            });
        }
        Operation { group }
    }

    fn ours(&mut self, run: impl AsyncFn(u64)) {
        self.group.bench_function("ours", |bencher| {
            bencher.iter_custom(|count| asyncio::run(timed(&run, count)).unwrap());
        });
    }

    fn tokio(&mut self, run: impl AsyncFn(u64)) {
        self.group.bench_function("tokio", |bencher| {
            bencher.iter_custom(|count| {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_all().build().unwrap();
                LocalSet::new().block_on(&runtime, timed(&run, count))
            });
        });
    }
}

async fn timed(run: &impl AsyncFn(u64), count: u64) -> Duration {
    let start = cpu_time();
    run(count).await;
    cpu_time() - start
}

#[cfg(target_os = "linux")]
fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::from_secs(time.tv_sec as u64) + Duration::from_nanos(time.tv_nsec as u64)
}

#[cfg(not(target_os = "linux"))]
fn cpu_time() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

fn find_python() -> Result<PathBuf, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/find-python");
    let output = Command::new("bash").args([script, "3.13"]).output();
    let output = output.map_err(|error| format!("bash: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().into()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// The time without the start of the interpreter, which measures itself.
///
/// Starting takes long, so Criterion asks each interpreter for very few operations, and those would
/// be the first ones, which are slow. Each does some thousands more, and the time is shared.
fn measure_python(python: &PathBuf, operation: &str, count: u64) -> Duration {
    let times = match operation {
        "gather" => 20,
        "timers" => 2,
        _ => 5_000,
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/asyncio.py");
    let count = (count * u64::from(times)).to_string();
    let output = Command::new(python).args(["-B", script, operation, &count]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let nanoseconds = printed.trim().parse();
    let nanoseconds = nanoseconds.unwrap_or_else(|_| panic!("{output:?}"));
    Duration::from_nanos(nanoseconds) / times
}
