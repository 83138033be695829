//! The listening sockets, and one connection from its request to its close.

use std::future::poll_fn;
use std::io;
use std::iter;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use socket2::Socket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::answer::{Answer, answer};
use crate::clock::Clock;
use crate::faults::FAULTS;
use crate::page::{Page, Pieces};
use crate::ports::{self, Port, Sockets};
use crate::request::parse;
use crate::script::{PATIENCE, Sender, perform, reset_on_close};
use crate::{Config, Fault, Site};

/// How long to wait when the system has no descriptor left for another connection.
const BACK_OFF: Duration = Duration::from_millis(10);

/// A page that is due within this time is sent to a client that has closed its half of the connection.
const SOON: Duration = Duration::from_secs(1);

/// What every connection knows.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) ports: Vec<Port>,
    clock: Clock,
}

/// Everything that can fail happens here; the thread that serves only serves.
pub(crate) fn start(config: Config) -> io::Result<Site> {
    let socket = ports::listen(SocketAddr::new(config.listen, config.port))?;
    let address = ports::address(&socket)?;
    let more = 1..config.destinations.get();
    let more: Vec<Socket> =
        more.map(|number| ports::listen_beside(address, number)).collect::<io::Result<_>>()?;
    let destinations: Vec<SocketAddr> = iter::once(Ok(address))
        .chain(more.iter().map(ports::address))
        .collect::<io::Result<_>>()?;
    let ipv6_socket = listen_on_ipv6(address);
    let ipv6_address = match &ipv6_socket {
        Some(socket) => Some(ports::address(socket)?),
        None => Some(address).filter(SocketAddr::is_ipv6),
    };
    let (ports, port_sockets) = ports::open(config.listen)?;
    let faults = list_faults(&ports, address);
    let shared =
        Arc::new(Shared { config: config.clone(), address, ports, clock: Clock::start()? });

    let runtime = Builder::new_current_thread().enable_all().build()?;
    let sites = iter::once(socket).chain(more).chain(ipv6_socket).collect();
    let kept = spawn_listeners(&runtime, sites, port_sockets, &shared)?;
    let (running, stopped) = oneshot::channel();
    let thread = thread::Builder::new().name("practice-site".into()).spawn(move || {
        // An error says that the sender was dropped, which is how a site is stopped.
        let _ = runtime.block_on(stopped);
        // The runtime drops each connection where it is. Only then the clock may go, with `shared`.
        drop(runtime);
        drop((shared, kept));
    })?;
    Ok(Site {
        config,
        destinations,
        ipv6_address,
        faults,
        running: Some(running),
        thread: Some(thread),
    })
}

/// The same port on `[::1]` if it is free, else another; `None` without IPv6 or if the site is
/// there already.
fn listen_on_ipv6(address: SocketAddr) -> Option<Socket> {
    if address.is_ipv6() {
        return None;
    }
    let ipv6 = |port| SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    let same_port = ports::listen(ipv6(address.port()));
    same_port.or_else(|_| ports::listen(ipv6(0))).ok()
}

fn list_faults(ports: &[Port], address: SocketAddr) -> Vec<Fault> {
    let ports = ports.iter().map(|port| Fault {
        name: port.name,
        url: format!("http://{}/", ports::reachable(port.address)),
        summary: port.summary,
        fine: port.fine,
    });
    let scripted = FAULTS.iter().map(|fault| Fault {
        name: fault.name,
        url: format!("http://{}/fault/{}", ports::reachable(address), fault.name),
        summary: fault.summary,
        fine: fault.fine,
    });
    ports.chain(scripted).collect()
}

/// Gives the listening sockets to the runtime, and back those that only have to stay open.
fn spawn_listeners(
    runtime: &Runtime,
    sites: Vec<Socket>,
    ports: Sockets,
    shared: &Arc<Shared>,
) -> io::Result<Vec<Socket>> {
    // A listener registers itself with the runtime it finds itself in.
    let _guard = runtime.enter();
    let listener = |socket: Socket| TcpListener::from_std(socket.into());
    for socket in sites {
        runtime.spawn(accept_all(listener(socket)?, Arc::clone(shared), serve));
    }
    let reset_at_accept = |stream, _| async move {
        // If the option cannot be set the client has gone first, and sees no difference.
        let _ = reset_on_close(&stream);
    };
    let listener_of_resets = listener(ports.reset_at_accept)?;
    runtime.spawn(accept_all(listener_of_resets, Arc::clone(shared), reset_at_accept));
    let early_response = listener(ports.early_response)?;
    runtime.spawn(accept_all(early_response, Arc::clone(shared), answer_early));
    Ok(ports.kept)
}

/// Accepts for ever, and serves each connection in a task of its own.
async fn accept_all<Serve, Served>(listener: TcpListener, site: Arc<Shared>, serve: Serve)
where
    Serve: Fn(TcpStream, Arc<Shared>) -> Served,
    Served: Future<Output = ()> + Send + 'static,
{
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&site)))),
            // Out of descriptors, most likely: connections that end will give some back. The
            // clients that wait for it are in the backlog, and keep.
            Err(_) => site.clock.sleep(BACK_OFF).await,
        }
    }
}

/// One connection. What is rare is boxed, so that the common page waits in a small future.
async fn serve(mut stream: TcpStream, site: Arc<Shared>) {
    // 1. Read the request.
    let Ok(Ok(answer)) = timeout(PATIENCE, receive(&stream, &site)).await else {
        return;
    };
    let received = Instant::now();
    // An error from here on says that the client has gone: there is nobody left to be told.
    let _ = match answer {
        Answer::Page(page) => {
            // 2. Wait for the page's time, or until nobody waits for the page any more.
            if !page.delay.is_zero()
                && !wait_until(received + page.delay, &stream, &site.clock).await
            {
                return;
            }
            // 3. Send it, at once if it fits.
            match send_at_once(&stream, &page) {
                Some(rest) => Box::pin(send_slowly(&mut stream, &site, &page, rest)).await,
                None => Ok(()),
            }
        }
        Answer::Text(text) => Box::pin(send_and_linger(&mut stream, text)).await,
        Answer::Fault(fault, manner) => {
            Box::pin(async {
                site.clock.sleep_until(received + manner.delay).await;
                stream.set_nodelay(true)?;
                let mut sender = Sender::new(&mut stream, &site.clock, manner.cut);
                perform(fault.steps, manner.pause, &mut sender).await
            })
            .await
        }
    };
    // 4. Close, by dropping the stream.
}

/// Reads until the request is complete. What it keeps is gone when it returns: nothing of a
/// request is held during the delay.
async fn receive(stream: &TcpStream, site: &Shared) -> io::Result<Answer> {
    let mut received = Vec::new();
    loop {
        stream.readable().await?;
        if !receive_some(stream, &mut received)? {
            continue;
        }
        if let Some(answer) = answer(&parse(&received), site) {
            return Ok(answer);
        }
    }
}

/// False if nothing is there after all. Its buffer is on the stack, not in the future.
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

/// Waits for the page's time: false if the client closes before, for then there is no need to keep its connection.
/// (It may have closed only its half, and listen. If its page is due soon, it gets it.) What it says more than its
/// request is thrown away.
async fn wait_until(due: Instant, stream: &TcpStream, clock: &Clock) -> bool {
    let mut time = clock.sleep_until(due);
    let mut has_closed = false;
    poll_fn(|context| {
        if Pin::new(&mut time).poll(context).is_ready() {
            return Poll::Ready(true);
        }
        while !has_closed && stream.poll_read_ready(context).is_ready() {
            has_closed = match stream.try_read(&mut [0; 64]) {
                Ok(bytes) => bytes == 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            };
            if has_closed && due.saturating_duration_since(Instant::now()) > SOON {
                return Poll::Ready(false);
            }
        }
        Poll::Pending
    })
    .await
}

/// What could not be sent at once.
struct Rest {
    bytes: Vec<u8>,
    pieces: Pieces,
}

/// Sends head and body in a single write, which is nearly always possible. Returns what is left
/// to be sent slowly; an error will show again there.
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
    page: &Page,
    rest: Rest,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut sender = Sender::new(stream, &site.clock, page.cut);
    sender.send(&rest.bytes).await?;
    sender.send_all(rest.pieces).await
}

/// Sends a text and waits a little for the client to close first. If part of the request is
/// still unread, closing at once would reset the connection, and the reset could destroy the
/// answer before it is read.
async fn send_and_linger(stream: &mut TcpStream, text: String) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(text.as_bytes())).await??;
    drop(text);
    stream.shutdown().await?;
    let mut rest_of_request = stream.take(1024 * 1024);
    let mut ignored = [0; 1024];
    let drained = async {
        while rest_of_request.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    };
    timeout(Duration::from_secs(1), drained).await?
}

/// Answers whatever is going to be asked.
async fn answer_early(mut stream: TcpStream, site: Arc<Shared>) {
    let page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    if stream.write_all(page).await.is_ok() {
        site.clock.sleep(Duration::from_millis(20)).await;
    }
    // The request, unread, makes this close a reset.
}
