use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Weak;

use crate::debug::report_unseen;
use crate::done_callbacks::DoneCallbacks;
use crate::event_loop::Shared;
use crate::{Error, EventLoop};

/// What a future or a task came to, or who wants to hear of it.
///
/// It is replaced while somebody looks at it, so that nothing is borrowed
/// when code of others runs.
pub(crate) struct Outcome<T>(Cell<State<T>>);

/// Invariant: it goes from pending to one of the endings, once. From then
/// on its value can only be taken out.
pub(crate) enum State<T> {
    Pending(DoneCallbacks<T>),
    Done(T),
    Cancelled,
    /// The panic that ended a task. Nobody has seen it yet.
    Panicked(Panic),
    /// The same, and somebody has seen it, or it went on in somebody. (A
    /// panic cannot be cloned; its words can.)
    Seen(Panic),
    /// An `await` by value has taken the result.
    Taken,
}

pub(crate) type Panic = Box<dyn Any + Send>;

impl<T> Outcome<T> {
    pub(crate) fn new() -> Outcome<T> {
        Outcome(Cell::new(State::Pending(DoneCallbacks::None)))
    }

    /// Looks at the state in its place. `look` calls nothing of others: a
    /// panic in it would leave `Taken` behind.
    pub(crate) fn look<R>(
        &self,
        look: impl FnOnce(&mut State<T>) -> R,
    ) -> R {
        let mut state = self.0.replace(State::Taken);
        let result = look(&mut state);
        // It is `Taken`, so there is nothing to drop, and no need to look.
        mem::forget(self.0.replace(state));
        result
    }

    /// The same, for a `Clone` or a `Debug` of others, which may panic.
    fn look_guarded<R>(&self, look: impl FnOnce(&mut State<T>) -> R) -> R {
        let look = |state: &mut State<T>| {
            catch_unwind(AssertUnwindSafe(|| look(state)))
        };
        self.look(look).unwrap_or_else(|panic| resume_unwind(panic))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.look(|state| !matches!(state, State::Pending(_)))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.look(|state| matches!(state, State::Cancelled))
    }

    /// Those who want to hear of its end. They will not hear of it.
    pub(crate) fn take_callbacks(&self) -> DoneCallbacks<T> {
        self.look(|state| match state {
            State::Pending(callbacks) => mem::take(callbacks),
            _ => DoneCallbacks::None,
        })
    }

    /// The word that asyncio prints for the state.
    pub(crate) fn word(&self) -> &'static str {
        self.look(|state| match state {
            State::Pending(_) => "pending",
            State::Cancelled => "cancelled",
            _ => "finished",
        })
    }

    /// How it ended, as asyncio prints it.
    pub(crate) fn ending(&self) -> String
    where
        T: fmt::Debug,
    {
        self.look_guarded(|state| match state {
            State::Done(result) => format!(" result={result:?}"),
            State::Panicked(panic) | State::Seen(panic) => {
                format!(" exception={:?}", words(panic))
            }
            _ => String::new(),
        })
    }

    /// The words of a panic that nobody has seen.
    pub(crate) fn unseen(&self) -> Option<String> {
        self.look(|state| match state {
            State::Panicked(panic) => Some(words(panic)),
            _ => None,
        })
    }

    /// Reports a panic that nobody has seen, for a future that is dropped.
    pub(crate) fn report_unseen(
        &self,
        event_loop: &Weak<Shared>,
        kind: &str,
    ) {
        if let Some(words) = self.unseen() {
            self.see(); // It is reported once.
            let event_loop = event_loop.upgrade().map(EventLoop);
            report_unseen(event_loop, kind, &format!("{words:?}"));
        }
    }

    /// The words of the panic, which counts as seen from now on.
    pub(crate) fn see(&self) -> Option<String> {
        self.look(State::see)
    }

    /// Takes the result out, or the panic, whose words stay.
    pub(crate) fn take(&self) -> State<T> {
        self.look(|state| match state {
            State::Pending(_) => State::Pending(DoneCallbacks::None),
            State::Cancelled => State::Cancelled,
            _ => match mem::replace(state, State::Taken) {
                State::Panicked(panic) | State::Seen(panic) => {
                    *state = State::Seen(Box::new(words(&panic)));
                    State::Panicked(panic)
                }
                result => result,
            },
        })
    }

    /// A copy of the result.
    pub(crate) fn result(&self) -> Result<T, Error>
    where
        T: Clone,
    {
        self.look_guarded(|state| match state {
            State::Pending(_) => Err(Error::NotDone),
            State::Done(result) => Ok(result.clone()),
            State::Cancelled => Err(Error::Cancelled),
            State::Panicked(_) | State::Seen(_) => {
                Err(Error::Exception(state.see().unwrap_or_default()))
            }
            State::Taken => Err(Error::Taken),
        })
    }
}

impl<T> State<T> {
    fn see(&mut self) -> Option<String> {
        let (State::Panicked(panic) | State::Seen(panic)) = self else {
            return None;
        };
        let words = words(panic);
        *self = State::Seen(mem::replace(panic, Box::new(())));
        Some(words)
    }
}

/// What a panic said.
pub(crate) fn words(panic: &Panic) -> String {
    let fixed = panic.downcast_ref::<&str>().map(ToString::to_string);
    let made = || panic.downcast_ref::<String>().cloned();
    fixed.or_else(made).unwrap_or_default()
}
