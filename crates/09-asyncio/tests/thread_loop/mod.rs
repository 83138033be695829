//! A loop that runs for ever in a thread of its own.

use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

use stage_09_asyncio::{LoopHandle, new_event_loop};

pub(crate) fn loop_in_a_thread() -> (LoopHandle, JoinHandle<()>) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        let event_loop = new_event_loop().unwrap();
        sender.send(event_loop.handle()).unwrap();
        event_loop.run_forever().unwrap();
    });
    (receiver.recv().unwrap(), thread)
}
