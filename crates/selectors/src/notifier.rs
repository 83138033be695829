use std::io;
use std::sync::Arc;

use polling::Poller;
#[cfg(target_os = "linux")]
use rustix::fd::OwnedFd;

/// Ends a wait from any thread: the wait that goes on, or else the next
/// one.
#[derive(Clone, Debug)]
pub struct Notifier(Way);

#[derive(Clone, Debug)]
enum Way {
    #[cfg(target_os = "linux")]
    Eventfd(Arc<OwnedFd>),
    Polling(Arc<Poller>),
}

impl Notifier {
    #[cfg(target_os = "linux")]
    pub(crate) fn eventfd(eventfd: Arc<OwnedFd>) -> Notifier {
        Notifier(Way::Eventfd(eventfd))
    }

    pub(crate) fn polling(poller: Arc<Poller>) -> Notifier {
        Notifier(Way::Polling(poller))
    }

    /// Ends the wait. Several notices before a wait end only that one.
    ///
    /// # Errors
    /// What the system says.
    pub fn notify(&self) -> io::Result<()> {
        match &self.0 {
            // An eventfd is a number of 64 bits, to which a write adds. It
            // would be full after 2^64 notices.
            #[cfg(target_os = "linux")]
            Way::Eventfd(eventfd) => {
                let one = 1_u64.to_ne_bytes();
                // A signal must not cost a wake.
                rustix::io::retry_on_intr(|| {
                    rustix::io::write(eventfd, &one)
                })?;
                Ok(())
            }
            Way::Polling(poller) => poller.notify(),
        }
    }
}
