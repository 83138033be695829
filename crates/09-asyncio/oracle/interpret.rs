//! `interpret FILE`: runs each program of the file (see `make.py`) on the
//! asyncio of this crate, and prints its trace on one line.
//! `interpret.py` is the same on Python's.

mod world;

use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::*;
use serde_json::Value;
use stage_09_asyncio as asyncio;

use world::{Connection, Finally, World};
use world::{Errors, Numbers, index, list, number, seconds};

async fn task(w: Rc<World>, number: usize) -> usize {
    let operations = w.program[number].clone();
    match run(w.clone(), number.to_string(), operations).await {
        Ok(()) => w.say(format_args!("{number} ends")),
        Err(error) => w.say(format_args!("{number} fails {}", error[0])),
    }
    number
}

type Run = Pin<Box<dyn std::future::Future<Output = Result<(), Errors>>>>;

fn run(w: Rc<World>, me: String, operations: Value) -> Run {
    Box::pin(async move {
        for operation in list(&operations) {
            let kind = operation[0].as_str().expect("a name");
            w.say(format_args!("{me} {kind}"));
            run_one(&w, &me, kind, list(operation)).await?;
            w.say(format_args!("{me} {kind} over"));
        }
        Ok(())
    })
}

fn generate(w: Rc<World>, me: String, parts: Value) -> Numbers {
    async_generator(async move |out| {
        for (number, part) in list(&parts).iter().enumerate() {
            let ran = run(w.clone(), me.clone(), part.clone()).await;
            let failed = ran.is_err();
            out.yield_(ran.map(|()| number)).await;
            if failed {
                return;
            }
        }
    })
}

/// Yields in the middle of two scopes.
fn count(
    w: Rc<World>,
    me: String,
    delay: Duration,
    parts: Value,
) -> Numbers {
    async_generator(async move |out| {
        let says = format!("{me} numbers finally");
        let finally = Finally(w.clone(), says);
        let many = list(&parts).len();
        let mut some = generate(w.clone(), me.clone(), parts);
        let body = timeout(delay, async {
            while let Some(number) = some.next().await {
                out.yield_(Ok(number?)).await;
            }
            Ok(())
        });
        let last = match catch_cancelled(body).await {
            Ok(Ok(ran)) => ran,
            Ok(Err(_)) => {
                w.say(format_args!("{me} numbers timed out"));
                Ok(())
            }
            Err(_) => {
                w.say(format_args!("{me} numbers caught"));
                Ok(())
            }
        };
        drop(finally);
        let failed = last.is_err();
        out.yield_(last.map(|()| many)).await;
        assert!(!failed, "nobody asks after a failure");
    })
}

/// Of several tasks, each asks for the next number.
async fn ask(
    w: &Rc<World>,
    me: &str,
    delay: Duration,
    parts: &Value,
) -> Result<(), Errors> {
    let shared = w.numbers.take();
    let asked = || count(w.clone(), me.to_owned(), delay, parts.clone());
    let mut asked = shared.unwrap_or_else(asked);
    let number = asked.next().await.transpose()?;
    let words = number.map_or("None".into(), |it| it.to_string());
    w.say(format_args!("{me} asked {words}"));
    if number.is_some() && w.numbers.borrow().is_none() {
        w.numbers.replace(Some(asked));
    }
    Ok(())
}

async fn run_one(
    w: &Rc<World>,
    me: &str,
    kind: &str,
    operation: &[Value],
) -> Result<(), Errors> {
    let inner = |operations: &Value| {
        run(w.clone(), me.to_owned(), operations.clone())
    };
    match (kind, &operation[1..]) {
        ("zero", _) => sleep(Duration::ZERO).await,
        ("sleep", [delay]) => sleep(seconds(delay)).await,
        ("spawn", [number]) => {
            if w.task(number).is_none() {
                let number = index(number);
                let task = create_task(task(w.clone(), number));
                w.tasks.borrow_mut()[number] = Some(task);
            }
        }
        ("cancel", [number]) => {
            if let Some(it) = w.task(number) {
                let cancelled = u8::from(it.cancel());
                w.say(format_args!("cancel {number} {cancelled}"));
            }
        }
        ("takeback", [number]) => {
            if let Some(it) = w.task(number) {
                let cancelled = u8::from(it.cancel());
                let left = it.uncancel();
                w.say(format_args!(
                    "took back {number} {cancelled} {left}"
                ));
            }
        }
        ("uncancel", _) => {
            let left = current_task().unwrap().uncancel();
            w.say(format_args!("left {left}"));
        }
        ("count", _) => {
            let count = current_task().unwrap().cancelling();
            w.say(format_args!("count {count}"));
        }
        ("await", [number]) => {
            if let Some(it) = w.task(number) {
                let got = (&it).await;
                w.say(format_args!("got {got}"));
            }
        }
        ("shield", [number]) => {
            if let Some(it) = w.task(number) {
                let got = shield(&it).await;
                w.say(format_args!("got {got}"));
            }
        }
        ("wait_for", [number, delay]) => {
            if let Some(it) = w.task(number) {
                match wait_for(&it, seconds(delay)).await {
                    Ok(got) => w.say(format_args!("got {got}")),
                    Err(_) => w.say(format_args!("{me} timed out")),
                }
            }
        }
        ("gather", [numbers]) => {
            let some = w.some(numbers);
            let got = gather(some.iter().collect::<Vec<_>>()).await;
            w.say(format_args!("got {got:?}"));
        }
        ("outcomes", [numbers]) => {
            let some = w.some(numbers);
            let got = gather(some.iter().collect::<Vec<_>>());
            let got = got.return_exceptions().await;
            let got = got.into_iter().map(|it| match it {
                Ok(number) => format!(" {number}"),
                Err(_) => " cancelled".to_owned(),
            });
            w.say(format_args!("got{}", got.collect::<String>()));
        }
        ("first", [numbers]) => {
            say_done(w, numbers, Wait::first_completed).await;
        }
        ("failed", [numbers]) => {
            say_done(w, numbers, |wait| wait).await;
        }
        ("all", [numbers, delay]) => {
            say_done(w, numbers, |wait| wait.timeout(seconds(delay))).await;
        }
        ("completed", [numbers]) => {
            // Of those that are done already, Python's order is that of
            // a set.
            let mut running = w.some(numbers);
            running.retain(|it| !it.done());
            let mut completed = as_completed(&running);
            while let Some(number) = completed.next().await {
                w.say(format_args!("completed {number}"));
            }
        }
        ("callback", [number]) => {
            if let Some(it) = w.task(number) {
                let (w, number) = (w.clone(), number.clone());
                it.add_done_callback(move |it| {
                    let cancelled = u8::from(it.cancelled());
                    w.say(format_args!("callback {number} {cancelled}"));
                });
            }
        }
        ("fset", [number]) => {
            let _ = w.futures[index(number)].set_result(me.to_owned());
        }
        ("fwait", [number]) => {
            let got = (&w.futures[index(number)]).await;
            w.say(format_args!("got {got}"));
        }
        ("fcancel", [number]) => {
            let cancelled = u8::from(w.futures[index(number)].cancel());
            w.say(format_args!("cancel {cancelled}"));
        }
        ("soon", [number]) => {
            let (says, number) = (w.clone(), number.clone());
            let says = move || says.say(format_args!("soon {number}"));
            w.event_loop.call_soon(says);
        }
        ("later", [delay, number]) => {
            let (says, number) = (w.clone(), number.clone());
            let says = move || says.say(format_args!("later {number}"));
            w.event_loop.call_later(seconds(delay), says);
        }
        ("eset", _) => w.event.set(),
        ("eclear", _) => w.event.clear(),
        ("ewait", _) => w.event.wait().await,
        ("put", [item]) => w.queue.put(number(item)).await,
        ("get", _) => {
            let got = w.queue.get().await;
            w.say(format_args!("got {got}"));
        }
        ("done", _) => {
            if w.queue.task_done().is_err() {
                w.say("too often");
            }
        }
        ("join", _) => w.queue.join().await,
        ("cwait", _) => {
            let mut held = w.condition.acquire().await;
            held.wait().await;
            w.say(format_args!("{me} notified"));
        }
        ("cnotify", [most]) => {
            w.condition.acquire().await.notify(index(most));
        }
        ("lock", [operations]) => {
            let guard = w.lock.acquire().await;
            inner(operations).await?;
            drop(guard);
            let locked = u8::from(w.lock.locked());
            w.say(format_args!("locked {locked}"));
        }
        ("limit", [operations]) => {
            let permit = w.semaphore.acquire().await;
            inner(operations).await?;
            drop(permit);
            let locked = u8::from(w.semaphore.locked());
            w.say(format_args!("locked {locked}"));
        }
        ("with", [operations]) => {
            let connection = Connection(w.clone(), me.to_owned());
            with(connection, async |()| inner(operations).await).await?;
        }
        ("generate", [parts]) => {
            let (w, me) = (w.clone(), me.to_owned());
            let parts = parts.clone();
            let mut numbers = generate(w.clone(), me.clone(), parts);
            while let Some(number) = numbers.next().await {
                w.say(format_args!("{me} generated {}", number?));
            }
        }
        ("numbers", [delay, parts, operations]) => {
            let (w, parts) = (w.clone(), parts.clone());
            let mut some =
                count(w.clone(), me.to_owned(), seconds(delay), parts);
            while let Some(number) = some.next().await {
                w.say(format_args!("{me} number {}", number?));
                inner(operations).await?;
            }
        }
        ("ask", [delay, parts]) => {
            ask(w, me, seconds(delay), parts).await?;
        }
        ("timeout", [delay, operations]) => {
            match timeout(seconds(delay), inner(operations)).await {
                Ok(result) => result?,
                Err(_) => w.say(format_args!("{me} timed out")),
            }
        }
        ("try", [operations]) => {
            match catch_cancelled(inner(operations)).await {
                Ok(result) => result?,
                Err(_) => w.say(format_args!("{me} caught")),
            }
        }
        ("finally", [number, operations]) => {
            let says = format!("{me} finally {number}");
            let _finally = Finally(w.clone(), says);
            inner(operations).await?;
        }
        ("fail", [error]) => return Err(vec![number(error)]),
        ("group", [children, operations]) => {
            let group = task_group(async |group| {
                for (number, child) in list(children).iter().enumerate() {
                    let name = format!("{me}.{number}");
                    group.create_task(run(w.clone(), name, child.clone()));
                }
                inner(operations).await
            });
            if let Err(failed) = group.await {
                let mut all = failed.0.concat();
                all.sort_unstable();
                w.say(format_args!("{me} group failed {all:?}"));
            }
        }
        unknown => unreachable!("{unknown:?}"),
    }
    Ok(())
}

async fn say_done(
    w: &World,
    numbers: &Value,
    how: impl FnOnce(Wait<usize>) -> Wait<usize>,
) {
    let tasks = w.some(numbers);
    if !tasks.is_empty() {
        let (done, _) = how(wait(tasks.clone())).await;
        let is_done = |task: &Task<usize>| {
            u8::from(done.iter().any(|it| it.any() == task.any()))
        };
        let done: Vec<_> = tasks.iter().map(is_done).collect();
        w.say(format_args!("done {done:?}"));
    }
}

async fn main_coroutine(w: Rc<World>) {
    let program = run(w.clone(), "0".into(), w.program[0].clone());
    let program = timeout(Duration::from_secs(500_000), program);
    match catch_cancelled(program).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => {
            w.say(format_args!("main fails {}", error[0]));
        }
        Ok(Err(_)) => w.say("main timed out"),
        Err(_) => w.say("main cancelled"),
    }
    w.say("main ends");
    sleep(Duration::from_secs(1_000_000)).await;
    for _ in 0..4 {
        let tasks = w.tasks.borrow().clone();
        for (number, it) in tasks.iter().enumerate() {
            if let Some(it) = it {
                let cancelled = u8::from(it.cancel());
                w.say(format_args!("end {number} {cancelled}"));
            }
        }
        sleep(Duration::from_secs(1_000_000)).await;
    }
}

fn trace_of(program: Vec<Value>) -> Result<String, Error> {
    let event_loop = EventLoop::new()?;
    event_loop.use_virtual_time();
    let w = Rc::new(World::new(program, &event_loop));
    // As a task, it is still there after a deadlock: nothing of it runs
    // before the trace is taken.
    let main = event_loop.create_task(main_coroutine(w.clone()));
    match event_loop.run_until_complete(main) {
        Ok(()) => {}
        Err(Error::Cancelled) => w.say("cancelled"),
        Err(_) => w.say("deadlock"),
    }
    let trace = w.trace();
    drop(w.numbers.take()); // it holds the world that holds it
    Ok(trace)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: interpret FILE")?;
    for line in std::fs::read_to_string(file)?.lines() {
        println!("{}", trace_of(serde_json::from_str(line)?)?);
    }
    Ok(())
}
