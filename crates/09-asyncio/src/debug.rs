use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::EventLoop;
use crate::ready::Ready;

/// What a loop says about mistakes, and to whom.
pub(crate) struct Debug {
    is_on: Cell<bool>,
    handler: RefCell<Option<Handler>>,
}

type Handler = Rc<dyn Fn(&str)>;

/// A step or a call that takes longer keeps all others waiting.
const SLOW: Duration = Duration::from_millis(100);

impl Debug {
    pub(crate) fn new() -> Debug {
        let wanted = std::env::var_os("PYTHONASYNCIODEBUG");
        let is_on = wanted.is_some_and(|wanted| !wanted.is_empty());
        Debug { is_on: Cell::new(is_on), handler: RefCell::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    pub(crate) fn report(&self, message: &str) {
        let handler = self.handler.borrow().clone();
        let Some(handler) = handler else {
            write_to_stderr(message);
            return;
        };
        // A report may come from a `Drop`, which must not panic.
        let handle = AssertUnwindSafe(|| handler(message));
        if catch_unwind(handle).is_err() {
            write_to_stderr(&format!(
                "Unhandled error in exception handler: {message}"
            ));
        }
    }

    pub(crate) fn forget_handler(&self) {
        drop(self.handler.take());
    }
}

/// Reports a panic that nobody has seen, when the task or the future that
/// kept it is dropped. If its loop is gone, the report goes to stderr.
pub(crate) fn report_unseen(
    event_loop: Option<EventLoop>,
    kind: &str,
    what: &str,
) {
    let report = format!("{kind} exception was never retrieved: {what}");
    match event_loop {
        Some(event_loop) => event_loop.report(&report),
        None => write_to_stderr(&report),
    }
}

/// Unlike `eprintln!`, which panics where stderr cannot be written to: a
/// report is no reason to end what goes on.
fn write_to_stderr(report: &str) {
    let _ = writeln!(io::stderr(), "{report}");
}

impl EventLoop {
    /// Debug mode: reports steps and calls that take 100 ms or longer,
    /// and tasks that are dropped with the loop. It is on from the start
    /// if the variable `PYTHONASYNCIODEBUG` is set, as for Python.
    ///
    /// What else Python's debug mode finds is found at compile time: a
    /// call from the wrong thread, and a coroutine that was never
    /// awaited.
    ///
    /// ```compile_fail
    /// # #![deny(unused_must_use)]
    /// # use stage_09_asyncio as asyncio;
    /// # async fn hello() {}
    /// # asyncio::run(async {
    /// hello(); // error: unused implementer of `Future`
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// event_loop.set_debug(true);
    /// assert!(event_loop.get_debug());
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn set_debug(&self, is_on: bool) {
        self.0.debug.is_on.set(is_on);
    }

    /// Whether debug mode is on.
    pub fn get_debug(&self) -> bool {
        self.0.debug.is_on()
    }

    /// Takes the reports that would otherwise be printed on stderr: of
    /// callbacks that panic, of tasks and futures whose panic nobody has
    /// seen, and those of debug mode.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// use std::{cell::RefCell, rc::Rc};
    ///
    /// let event_loop = asyncio::new_event_loop()?;
    /// let said = Rc::new(RefCell::new(String::new()));
    /// let says = said.clone();
    /// event_loop.set_exception_handler(move |report| {
    ///     *says.borrow_mut() = report.to_owned();
    /// });
    /// event_loop.call_soon(|| panic!("oh"));
    /// event_loop.run_until_complete(async {})?;
    /// assert!(said.borrow().starts_with("Exception in callback"));
    /// assert!(said.borrow().ends_with(": \"oh\""));
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn set_exception_handler(&self, handler: impl Fn(&str) + 'static) {
        self.0.debug.handler.replace(Some(Rc::new(handler)));
    }

    pub(crate) fn report(&self, message: &str) {
        self.0.debug.report(message);
    }

    pub(crate) fn run_timed(
        &self,
        next: Ready,
        main: &mut dyn FnMut(&Waker),
    ) {
        let what = match &next {
            Ready::Step(id, _) => {
                let task = self.0.tasks.borrow().get(*id);
                task.map(|task| task.describe())
            }
            Ready::Call(handle) => Some(format!("{handle:?}")),
            Ready::Child(..) | Ready::Stop => None,
        };
        let started = Instant::now();
        self.run_one(next, main);
        let took = started.elapsed();
        if let Some(what) = what
            && took >= SLOW
        {
            let seconds = took.as_secs_f64();
            self.report(&format!(
                "Executing {what} took {seconds:.3} seconds"
            ));
        }
    }
}
