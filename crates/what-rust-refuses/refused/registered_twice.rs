//! One callback, registered for two sockets.

use stage_05_callbacks::{EventLoop, Socket};

/// Two connections to the same server: whichever is ready first.
fn wait_for_either(event_loop: &EventLoop, keys: [usize; 2], fetch: Fetch) {
    event_loop.register(keys[0], Box::new(move || fetch.receive()));
    event_loop.register(keys[1], Box::new(move || fetch.receive()));
}

struct Fetch {
    sockets: [Socket; 2],
}

impl Fetch {
    /// Ends the fetch.
    fn receive(self) {
        drop(self.sockets);
    }
}

fn main() {}
