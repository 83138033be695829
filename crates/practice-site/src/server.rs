//! The listening sockets, and one connection from its request to its close.

use std::io;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::Socket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::addresses;
use crate::answer::{Answer, Performance, answer};
use crate::arrival::{Arrival, Reply};
use crate::clock::Clock;
use crate::config::Config;
use crate::events::{Events, Visit};
use crate::linked::Asked;
use crate::named::Numbers;
use crate::page::{Page, Pieces};
use crate::ports::{self, Listening};
use crate::request::{first_line, parse};
use crate::script::{PATIENCE, Sender, Step, perform};
use crate::shared::{Report, Shared};
use crate::waiting::wait_until;

/// How long to wait when the system has no descriptor left for another connection.
const BACK_OFF: Duration = Duration::from_millis(10);

/// A client that has closed its half of the connection still gets a page that is due within this
/// time.
const SOON: Duration = Duration::from_secs(1);

/// A site that is being served, until this is dropped.
pub(crate) struct Server {
    pub(crate) destinations: Vec<SocketAddr>,
    pub(crate) ipv6_address: Option<SocketAddr>,
    pub(crate) shared: Arc<Shared>,
    /// Dropping it ends the serving thread.
    running: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Everything that can fail happens here, so that the caller gets the error.
pub(crate) fn start(config: Config, report: Option<Report>) -> io::Result<Server> {
    let socket = addresses::listen(SocketAddr::new(config.listen, config.port))?;
    let address = addresses::address(&socket)?;
    let more = 1..config.destinations.get();
    let more: Vec<Socket> =
        more.map(|number| addresses::listen_beside(address, number)).collect::<io::Result<_>>()?;
    let destinations: Vec<SocketAddr> = iter::once(Ok(address))
        .chain(more.iter().map(addresses::address))
        .collect::<io::Result<_>>()?;
    let ipv6_socket = addresses::listen_on_ipv6(address);
    let ipv6_address = match &ipv6_socket {
        Some(socket) => Some(addresses::address(socket)?),
        None => Some(address).filter(SocketAddr::is_ipv6),
    };
    let (ports, port_sockets) = ports::open(config.listen)?;
    let sites: Vec<Socket> = iter::once(socket).chain(more).chain(ipv6_socket).collect();
    if config.narrow {
        // Connections inherit it. The system rounds up to the least that it gives.
        sites.iter().try_for_each(|socket| socket.set_recv_buffer_size(1))?;
    }
    let events = config.events.then(|| Arc::new(Events::start()));
    let shared = Arc::new(Shared {
        config,
        address,
        ports,
        clock: Clock::start()?,
        asked: Asked::default(),
        counters: Numbers::default(),
        flaky: Numbers::default(),
        events,
        report,
    });

    let runtime = Builder::new_current_thread().enable_all().build()?;
    spawn_listeners(&runtime, sites, port_sockets.listening, &shared)?;
    let kept = port_sockets.kept;
    let (running, stopped) = oneshot::channel();
    let thread = thread::Builder::new().name("practice-site".into()).spawn(move || {
        // An error says that the sender was dropped, which is how a site is stopped.
        let _ = runtime.block_on(stopped);
        // Connections use the clock, which is stopped with `shared`: so they end first.
        drop(runtime);
        drop(kept);
    })?;
    let (running, thread) = (Some(running), Some(thread));
    Ok(Server { destinations, ipv6_address, shared, running, thread })
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported on stderr; a second one would hide it.
            let _ = thread.join();
        }
    }
}

/// Gives the listening sockets to the runtime.
fn spawn_listeners(
    runtime: &Runtime,
    sites: Vec<Socket>,
    ports: Vec<Listening>,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    // A listener registers itself with the runtime in whose context it is made.
    let _guard = runtime.enter();
    let listener = |socket: Socket| TcpListener::from_std(socket.into());
    for socket in sites {
        runtime.spawn(accept_all(listener(socket)?, Arc::clone(shared), serve));
    }
    for Listening { name, listener: socket, steps } in ports {
        let serve = move |stream, site, visit| serve_unread(stream, site, visit, name, steps);
        runtime.spawn(accept_all(listener(socket)?, Arc::clone(shared), serve));
    }
    Ok(())
}

/// Accepts without end, and serves each connection in a task of its own.
async fn accept_all<Serve, Served>(listener: TcpListener, site: Arc<Shared>, serve: Serve)
where
    Serve: Fn(TcpStream, Arc<Shared>, Visit) -> Served,
    Served: Future<Output = ()> + Send + 'static,
{
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let visit = Visit::open(site.events.as_ref(), client);
                drop(tokio::spawn(serve(stream, Arc::clone(&site), visit)));
            }
            // Out of descriptors, most likely: connections that end will give some back. Until
            // then new clients wait in the backlog.
            Err(_) => site.clock.sleep(BACK_OFF).await,
        }
    }
}

/// One connection. Rare answers are boxed, so that the common page waits in a small future; so is
/// the reading of the request, which has ended when the page's time begins.
///
/// The arguments are dropped last to first: `visit` notes the close, and then `stream` closes.
async fn serve(mut stream: TcpStream, site: Arc<Shared>, visit: Visit) {
    // 1. Read the request.
    let answer = match Box::pin(timeout(PATIENCE, receive(&stream, &site, &visit))).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => return visit.gave_up(),
        Err(_) => return,
    };
    let received = Instant::now();
    // An error from here on means that the client has gone.
    match answer {
        Answer::Page(page) => {
            // 2. Wait for the page's time, or until nobody waits for the page any more.
            if !page.delay.is_zero()
                && !wait_until(received + page.delay, SOON, &stream, &site.clock, &visit).await
            {
                return;
            }
            // 3. Send it, in one write if it fits.
            visit.answering();
            let sent = match send_at_once(&stream, &page) {
                Some(rest) => Box::pin(send_slowly(&mut stream, &site, &visit, &page, rest)).await,
                None => Ok(()),
            };
            visit.sent(&sent);
        }
        Answer::Text(_, delay, text) => {
            Box::pin(send_text(&mut stream, &site, &visit, received + delay, text)).await;
        }
        Answer::Fault(fault) => {
            let ended = Box::pin(misbehave(&mut stream, &site, &visit, received, fault)).await;
            visit.sent(&ended);
        }
    }
    // 4. Close, by dropping the stream.
}

async fn misbehave(
    stream: &mut TcpStream,
    site: &Shared,
    visit: &Visit,
    received: Instant,
    fault: Performance,
) -> io::Result<()> {
    let due = received + fault.delay;
    if !wait_until(due, SOON, stream, &site.clock, visit).await {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    stream.set_nodelay(true)?;
    let mut sender = Sender::new(stream, &site.clock, visit, fault.cut);
    perform(fault.steps, fault.pause, &mut sender).await
}

/// One connection to a fault with a port of its own: no request is read.
async fn serve_unread(
    mut stream: TcpStream,
    site: Arc<Shared>,
    visit: Visit,
    name: &'static str,
    steps: &'static [Step],
) {
    if let Some(report) = &site.report {
        let client = stream.peer_addr().ok();
        report(&Arrival { client, request: None, reply: Reply::Fault(name) });
    }
    let mut sender = Sender::new(&mut stream, &site.clock, &visit, None);
    let ended = perform(steps, Duration::ZERO, &mut sender).await;
    visit.sent(&ended);
}

/// Reads until the request is complete. The buffer is freed on return: nothing of a request is
/// held during the delay.
async fn receive(stream: &TcpStream, site: &Shared, visit: &Visit) -> io::Result<Answer> {
    let mut received = Vec::new();
    loop {
        stream.readable().await?;
        if !receive_some(stream, &mut received)? {
            continue;
        }
        if let Some(answer) = answer(&parse(&received), site) {
            visit.asked(|| first_line(&received));
            if let Some(report) = &site.report {
                let (client, request) = (stream.peer_addr().ok(), first_line(&received));
                report(&Arrival { client, request: Some(&request), reply: answer.reply() });
            }
            return Ok(answer);
        }
    }
}

/// False if nothing has arrived after all. The buffer is on the stack, not in the future.
fn receive_some(stream: &TcpStream, received: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    match stream.try_read(&mut buffer) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(count) => {
            received.extend_from_slice(&buffer[..count]);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// What could not be sent at once.
struct Rest {
    bytes: Vec<u8>,
    pieces: Pieces,
}

/// Sends head and body in a single write, which is nearly always possible. Returns what is left
/// to be sent slowly. An error is ignored here, because the next write has it too.
fn send_at_once(stream: &TcpStream, page: &Page) -> Option<Rest> {
    let (mut pieces, mut bytes) = (page.pieces(), Vec::new());
    if page.cut.is_none() {
        pieces.next(&mut bytes);
        let sent = stream.try_write(&bytes).unwrap_or(0);
        bytes.drain(..sent);
    }
    let all_sent = bytes.is_empty() && pieces.is_finished();
    (!all_sent).then_some(Rest { bytes, pieces })
}

async fn send_slowly(
    stream: &mut TcpStream,
    site: &Shared,
    visit: &Visit,
    page: &Page,
    rest: Rest,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut sender = Sender::new(stream, &site.clock, visit, page.cut);
    sender.send(&rest.bytes).await?;
    sender.send_all(rest.pieces).await
}

/// Sends a text at its time.
async fn send_text(
    stream: &mut TcpStream,
    site: &Shared,
    visit: &Visit,
    due: Instant,
    text: String,
) {
    if !wait_until(due, SOON, stream, &site.clock, visit).await {
        return;
    }
    visit.answering();
    let sent = timeout(PATIENCE, stream.write_all(text.as_bytes())).await;
    drop(text);
    visit.sent(&sent.unwrap_or_else(|late| Err(late.into())));
    // An error means that the client has gone first.
    let _ = linger(stream).await;
}

/// Waits a little for the client to close first. If part of the request is still unread, closing at
/// once would reset the connection, and the reset could destroy the answer before it is read.
async fn linger(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest_of_request = stream.take(1024 * 1024);
    let mut ignored = [0; 1024];
    let drained = async {
        while rest_of_request.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    };
    timeout(Duration::from_secs(1), drained).await?
}
