//! Where a loop ends, and where two loops meet.
#![cfg(not(model_check))]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(20);

/// Collects what happens, in its order.
#[derive(Clone, Default)]
struct Trace(Rc<RefCell<Vec<&'static str>>>);

impl Trace {
    fn says(&self, what: &'static str) {
        self.0.borrow_mut().push(what);
    }

    fn is(&self, expected: &[&str]) {
        assert_eq!(*self.0.borrow(), expected);
    }
}

/// The words of a panic.
fn panics<T>(call: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).err().unwrap();
    match panic.downcast::<String>() {
        Ok(words) => *words,
        Err(panic) => (*panic.downcast_ref::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn an_exception_handler_that_panics_ends_nothing() {
    let heard = Rc::new(Cell::new(0));
    let hears = Rc::clone(&heard);
    let result = run(async {
        let event_loop = get_running_loop().unwrap();
        event_loop.set_exception_handler(move |_| {
            hears.set(hears.get() + 1);
            panic!("in the handler");
        });
        event_loop.call_soon(|| panic!("in a callback"));
        let task = create_task(async { panic!("in a task") });
        sleep(Duration::ZERO).await;
        sleep(Duration::ZERO).await;
        drop(task); // nobody has seen its panic
        "it goes on"
    });
    assert_eq!(result.unwrap(), "it goes on");
    assert_eq!(heard.get(), 2);
}

/// What is scheduled, and the handler, may hold the loop that holds them.
#[test]
fn run_leaves_nothing_behind() {
    let kept = Rc::new(());
    let keep = || {
        let event_loop = get_running_loop().unwrap();
        let keeps = (Rc::clone(&kept), event_loop.clone());
        (event_loop, move || drop(keeps.clone()))
    };
    run(async {
        let (event_loop, call) = keep();
        event_loop.call_later(LONG, call);
        let (event_loop, call) = keep();
        event_loop.set_exception_handler(move |_| call());
    })
    .unwrap();
    assert_eq!(Rc::strong_count(&kept), 1);
    // And a task that survives, because the loop was stopped twice.
    let stopped = run(async {
        let (event_loop, call) = keep();
        create_task(async move {
            while catch_cancelled(sleep(LONG)).await.is_err() {
                event_loop.stop();
            }
            call();
        });
        sleep(Duration::ZERO).await;
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(Rc::strong_count(&kept), 1);
}

#[test]
fn no_loop_is_set_after_run() {
    let event_loop = new_event_loop().unwrap();
    set_event_loop(Some(&event_loop));
    run(async {}).unwrap();
    assert!(matches!(get_event_loop(), Err(Error::NoCurrentLoop)));
}

/// Nobody is there who waits for the others, as seen by `all_tasks`.
#[test]
fn a_cleanup_may_cancel_all_others() {
    let trace = Trace::default();
    let says = trace.clone();
    let result = run(async move {
        create_task(async move {
            let cancelled = catch_cancelled(sleep(LONG)).await.unwrap_err();
            let all = all_tasks().unwrap();
            assert_eq!(all.len(), 1);
            for task in all {
                if Some(&task) != current_task().as_ref() {
                    task.cancel();
                }
            }
            sleep(Duration::ZERO).await;
            says.says("cleaned up");
            cancelled.raise::<()>().await
        });
        sleep(Duration::ZERO).await;
        "a result"
    });
    assert_eq!(result.unwrap(), "a result");
    trace.is(&["cleaned up"]);
}

/// The end of the main coroutine panics: the others end all the same.
#[test]
fn a_main_coroutine_that_panics_when_dropped() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let trace = Trace::default();
    let says = trace.clone();
    let main = async move {
        create_task(async move {
            let cancelled = catch_cancelled(sleep(LONG)).await.unwrap_err();
            sleep(Duration::ZERO).await;
            says.says("cleaned up");
            cancelled.raise::<()>().await
        });
        sleep(Duration::ZERO).await;
        let _guard = Guard;
        current_task().unwrap().cancel();
        sleep(LONG).await;
    };
    assert_eq!(panics(|| run(main)), "in a drop");
    trace.is(&["cleaned up"]);
}

#[test]
fn the_main_task_of_a_stopped_loop_is_over() {
    let event_loop = new_event_loop().unwrap();
    let main = Rc::new(RefCell::new(None));
    let stopped = event_loop.run_until_complete(async {
        *main.borrow_mut() = current_task();
        get_running_loop().unwrap().stop();
        sleep(LONG).await;
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
    let main = main.take().unwrap();
    assert!(main.cancelled() && !main.cancel());
}

/// A step that was scheduled for a task is not taken by the next one that
/// has its place in the loop.
#[test]
fn a_task_takes_no_step_of_another_one() {
    let event_loop = new_event_loop().unwrap();
    event_loop.stop();
    let stopped = event_loop.run_until_complete(async {
        loop {
            sleep(Duration::ZERO).await;
        }
    });
    let stopped: Result<(), Error> = stopped;
    assert!(matches!(stopped, Err(Error::Stopped)));
    let trace = Trace::default();
    let (says, calls) = (trace.clone(), event_loop.clone());
    let main = async move {
        let called = says.clone();
        calls.call_soon(move || called.says("call"));
        says.says("first step");
        sleep(Duration::ZERO).await;
        says.says("second step");
    };
    event_loop.run_until_complete(main).unwrap();
    trace.is(&["first step", "call", "second step"]);

    // The same for a task that woke itself in its last step.
    let trace = Trace::default();
    let says = trace.clone();
    let main = async move {
        let (one, other) = (says.clone(), says);
        create_task(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::Ready(())
        }));
        get_running_loop().unwrap().call_soon(move || {
            create_task(async move {
                one.says("first step");
                sleep(Duration::ZERO).await;
                one.says("second step");
            });
            let call = move || other.says("call");
            get_running_loop().unwrap().call_soon(call);
        });
        sleep(MOMENT).await;
    };
    event_loop.run_until_complete(main).unwrap();
    trace.is(&["first step", "call", "second step"]);
}

/// They are done from the start, or their loop is gone.
#[test]
fn who_waits_for_a_task_without_a_loop_is_told() {
    let elsewhere = new_event_loop().unwrap();
    let gone = elsewhere.create_task(async { Ok::<_, ()>(1) });
    elsewhere.run_until_complete(&gone).unwrap().unwrap();
    drop(elsewhere);
    run(async {
        let mut over = None;
        task_group(async |group| {
            over = Some(group.clone());
            Ok::<(), ()>(())
        })
        .await
        .unwrap();
        let late = over.unwrap().create_task(async { Ok(2) });
        let called = Rc::new(Cell::new(0));
        let calls = Rc::clone(&called);
        late.add_done_callback(move |_| calls.set(calls.get() + 1));
        let calls = Rc::clone(&called);
        gone.add_done_callback(move |_| calls.set(calls.get() + 1));
        let (late, _) = timeout(LONG, wait([late])).await.unwrap();
        assert!(late[0].cancelled());
        let (gone, _) = timeout(LONG, wait([gone])).await.unwrap();
        assert_eq!(gone[0].result().unwrap(), Ok(1));
        assert_eq!(called.get(), 2);
    })
    .unwrap();
}

#[test]
fn a_queue_belongs_to_the_loop_of_its_first_waiter() {
    let [one, other] = [(); 2].map(|()| new_event_loop().unwrap());
    let queue = Queue::new(0);
    let waits = queue.clone();
    let first = one.create_task(async move { waits.get().await });
    one.run_until_complete(sleep(Duration::ZERO)).unwrap();
    let words = panics(|| other.run_until_complete(queue.get()));
    assert!(words.contains("bound to a different event loop"), "{words}");
    queue.put_nowait(1).unwrap();
    assert_eq!(one.run_until_complete(first).unwrap(), 1);
    // Who need not wait may be anywhere, as in Python.
    queue.put_nowait(2).unwrap();
    assert_eq!(other.run_until_complete(queue.get()).unwrap(), 2);

    let event = Event::new();
    let wait = || run(async { timeout(MOMENT, event.wait()).await });
    assert!(wait().unwrap().is_err());
    let words = panics(wait);
    assert!(words.contains("bound to a different event loop"), "{words}");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_socket_belongs_to_the_loop_that_has_opened_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let [one, other] = [(); 2].map(|()| new_event_loop().unwrap());
    let streams = one.run_until_complete(open_connection(address));
    let (mut reader, _writer) = streams.unwrap().unwrap();
    let line = other.run_until_complete(reader.readline()).unwrap();
    let error = line.unwrap_err().to_string();
    assert!(error.contains("belongs to another loop"), "{error}");
}

#[test]
fn a_group_makes_its_tasks_on_its_own_loop() {
    let event_loop = new_event_loop().unwrap();
    let (gives, group) = mpsc::channel();
    event_loop.create_task(task_group(async move |group| {
        gives.send(group.clone()).unwrap();
        sleep(LONG).await;
        Ok::<(), ()>(())
    }));
    let a_moment = || event_loop.run_until_complete(sleep(Duration::ZERO));
    a_moment().unwrap();
    let group = group.recv().unwrap();
    let trace = Trace::default();
    let child = |what| {
        let says = trace.clone();
        group.create_task(async move {
            says.says(what);
            Ok(())
        })
    };
    child("made where no loop runs");
    run(async {
        child("made where another one runs");
        sleep(Duration::ZERO).await;
    })
    .unwrap();
    trace.is(&[]);
    a_moment().unwrap();
    trace.is(&["made where no loop runs", "made where another one runs"]);
}

/// A thread that ends has no variables any more. (A panic there would end
/// the program.)
#[test]
fn what_asks_for_a_loop_while_a_thread_ends() {
    struct Late(mpsc::Sender<String>);
    impl Drop for Late {
        fn drop(&mut self) {
            set_event_loop(None);
            let errors =
                [get_event_loop().err(), run(async { "it ran" }).err()];
            self.0.send(format!("{errors:?}")).unwrap();
        }
    }
    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    let (says, said) = mpsc::channel();
    thread::spawn(move || {
        LATE.set(Some(Late(says)));
        // Made after `LATE`, and so dropped before it.
        run(async {}).unwrap();
    })
    .join()
    .unwrap();
    let errors = said.recv().unwrap();
    assert!(errors.contains("NoCurrentLoop"), "{errors}");
}

#[test]
fn each_loop_counts_its_own_tasks() {
    let name = || run(async { current_task().unwrap().name() }).unwrap();
    assert_eq!([name(), name()], ["Task-1", "Task-1"]);
}

#[test]
fn a_loop_that_was_kept_runs_again() {
    let kept = run(async { get_running_loop().unwrap() }).unwrap();
    let slept = kept.run_until_complete(sleep(MOMENT));
    slept.unwrap();
}

#[test]
fn a_late_call_in_the_executor_finds_no_loop() {
    let (says, said) = mpsc::channel();
    run(async {
        let event_loop = get_running_loop().unwrap();
        let handle = event_loop.handle();
        let call = move || {
            thread::sleep(MOMENT); // the main coroutine has ended
            let seven = run_coroutine_threadsafe(|| async { 7 }, &handle);
            says.send(seven.result(None)).unwrap();
        };
        let _not_awaited = event_loop.run_in_executor(None, call);
    })
    .unwrap();
    assert!(matches!(said.try_recv().unwrap(), Err(Error::Stopped)));
}

#[test]
fn a_task_is_printed_with_the_name_of_its_function() {
    trait Work {
        async fn work(self);
    }
    struct Worker;
    impl Work for Worker {
        async fn work(self) {}
    }
    async fn generic<T>(_: T) {}
    run(async {
        let task = create_task(Worker.work());
        assert!(format!("{task:?}").contains("coro=<work()>"), "{task:?}");
        let function: fn(Vec<u8>) -> u8 = |_| 0;
        let task = create_task(generic(function));
        assert!(
            format!("{task:?}").contains("coro=<generic()>"),
            "{task:?}"
        );
    })
    .unwrap();
}
