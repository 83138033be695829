//! What runs a script.
//!
//! A fault is a list of [`Step`]s: data, which reads like the conversation that happens. When the
//! script ends, the connection is closed in order.

use std::io;
use std::pin::Pin;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::events::Visit;
use crate::page::{Framing, Pieces};
use crate::query::Cut;
use crate::waiting::wait_until;

/// A client that takes nothing for so long is disconnected.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Time for a client to read what was sent: a reset overtakes what is still on its way.
const SETTLE: Duration = Duration::from_millis(20);

/// Time for all pieces of an answer that was cut to arrive. Many small pieces wait on our side
/// until the first are acknowledged, which the other side may delay by 200 ms, and a reset throws
/// away the pieces that still wait.
const SETTLE_PIECES: Duration = Duration::from_millis(250);

/// Until the client goes away.
pub(crate) const FOREVER: usize = usize::MAX;

/// One step of a fault.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this text, in one write.
    Send(&'static str),
    /// Send these bytes, which are not text.
    Bytes(&'static [u8]),
    /// Send this many bytes of a body.
    Text(u64),
    /// Send a chunked body of this many bytes.
    Chunks(u64),
    /// Wait a moment, so that what was sent arrives before what comes next.
    Settle,
    /// Wait for one interval of a drip: `pause=` in the query.
    Pause,
    /// Repeat these steps this many times.
    Repeat(usize, &'static [Step]),
    /// Send nothing more until the client closes its side: it waits in vain for the rest.
    Stall,
    /// The answer is complete. Keep the connection open until the client closes its side.
    StayOpen,
    /// End by RST instead of the orderly close. This, `Stall` and `StayOpen` come last.
    Reset,
}

/// Runs the steps; an error means that the client is gone.
pub(crate) fn perform<'a>(
    steps: &'static [Step],
    pause: Duration,
    sender: &'a mut Sender<'_>,
) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
    Box::pin(async move {
        for step in steps {
            match step {
                Step::Send(text) => sender.send(text.as_bytes()).await?,
                Step::Bytes(bytes) => sender.send(bytes).await?,
                Step::Text(size) => sender.send_all(Pieces::body(0, *size, Framing::Close)).await?,
                Step::Chunks(size) => {
                    sender.send_all(Pieces::body(0, *size, Framing::Chunked)).await?;
                }
                Step::Settle => sender.clock.sleep(SETTLE).await,
                Step::Pause => sender.pause(pause).await,
                Step::Repeat(times, steps) => {
                    for _ in 0..*times {
                        perform(steps, pause, sender).await?;
                    }
                }
                Step::Stall => {
                    wait_for_close(sender.stream).await?;
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Step::StayOpen => {
                    sender.visit.sent(&Ok(()));
                    // A client that has its answer may also reset the connection.
                    let _ = wait_for_close(sender.stream).await;
                }
                Step::Reset => {
                    if sender.begun {
                        sender.clock.sleep(SETTLE_PIECES).await;
                    }
                    reset_on_close(sender.stream)?;
                }
            }
        }
        Ok(())
    })
}

/// Writes an answer, cut into pieces if that was asked for.
pub(crate) struct Sender<'a> {
    stream: &'a mut TcpStream,
    clock: &'a Clock,
    visit: &'a Visit,
    cut: Option<Cut>,
    /// A piece of a cut answer was sent.
    begun: bool,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        stream: &'a mut TcpStream,
        clock: &'a Clock,
        visit: &'a Visit,
        cut: Option<Cut>,
    ) -> Sender<'a> {
        Sender { stream, clock, visit, cut, begun: false }
    }

    /// Waits between two pieces of an answer. A client that goes meanwhile is noted at once, not at
    /// the write that fails later.
    async fn pause(&self, pause: Duration) {
        let due = Instant::now() + pause;
        wait_until(due, pause, self.stream, self.clock, self.visit).await;
    }

    pub(crate) async fn send_all(&mut self, mut pieces: Pieces) -> io::Result<()> {
        let mut buffer = Vec::new();
        while pieces.next(&mut buffer) {
            self.send(&buffer).await?;
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.visit.answering();
        let Some(Cut { bytes: size, pace }) = self.cut else {
            return self.write(bytes).await;
        };
        for piece in bytes.chunks(size) {
            if self.begun {
                self.pause(pace).await;
            }
            self.begun = true;
            self.write(piece).await?;
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await?
    }
}

/// Waits until the client has closed its side; whatever it still sends is thrown away.
async fn wait_for_close(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 64];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// A close with a linger time of zero throws the connection away: the client sees a reset.
pub(crate) fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
