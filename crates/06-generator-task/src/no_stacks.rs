//! Stands in for `stackful.rs` where the library that changes stacks does
//! not run. Everything compiles, no generator with a stack can be made, and
//! the error says why.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;

use crate::{Generator, Step};

/// Why no generator can have a stack of its own here; `None` where it can.
pub const NO_STACKS: Option<&str> =
    Some("its stack library, corosensei, does not know Windows on ARM");

/// The size that a generator's stack has on other systems.
pub const STACK_BYTES: usize = 64 << 10;

/// What a generator's body suspends with; here it never runs.
pub struct Yielder<Sent, Yielded> {
    never: Infallible,
    types: PhantomData<(Sent, Yielded)>,
}

impl<Sent, Yielded> Yielder<Sent, Yielded> {
    /// Suspends the body; here it never runs.
    pub fn suspend(&self, _: Yielded) -> Sent {
        match self.never {}
    }
}

/// A generator with a stack of its own, which cannot be made here.
pub struct Stackful<Sent, Yielded, Returned> {
    never: Infallible,
    types: PhantomData<(Sent, Yielded, Returned)>,
}

impl<Sent, Yielded, Returned> Stackful<Sent, Yielded, Returned>
where
    Sent: 'static,
    Yielded: 'static,
    Returned: 'static,
{
    /// Always fails.
    ///
    /// # Errors
    /// `Unsupported`, with the words of [`NO_STACKS`].
    pub fn new<Body>(_: Body) -> io::Result<Self>
    where
        Body: FnOnce(&Yielder<Sent, Yielded>, Sent) -> io::Result<Returned>,
        Body: 'static,
    {
        let why = NO_STACKS.unwrap_or_default();
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }
}

impl<Sent, Yielded, Returned> Generator<Sent>
    for Stackful<Sent, Yielded, Returned>
{
    type Yielded = Yielded;
    type Returned = Returned;

    fn resume(&mut self, _: Sent) -> Step<Yielded, Returned> {
        match self.never {}
    }
}
