use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use asyncio::{StreamReader, StreamWriter};
use asyncio::{open_connection, timeout, to_thread};
use crawl::{DeadlinePassed, ErrorKind, Exchange, FetchError, Limits, Outcome};
use crawl::{Page, Received, Target, Worker};
use stage_09_asyncio as asyncio;

/// Fetches one page on the loop of chapter 9, with a deadline for all of it.
///
/// # Errors
/// Why there is no page. A page of any status is a page.
pub async fn fetch_page(url: &str, limits: Limits) -> Result<Page, FetchError> {
    let target = match resolve(url).await {
        Ok(target) => target,
        Err(error) => {
            let (kind, why) = (ErrorKind::Resolve, error.to_string());
            return Outcome::not_fetched(0, Worker::Main, kind, why).result;
        }
    };
    let mut exchange = Exchange::new(&target, &limits);
    let page = loop {
        let page = timeout(exchange.time_left(), download(&mut exchange)).await;
        let page = page.unwrap_or(Err(DeadlinePassed.into()));
        if !exchange.try_next_address(&page) {
            break page;
        }
    };
    exchange.finish(0, page).result
}

/// The lookup of a name blocks, so it has a thread.
async fn resolve(url: &str) -> io::Result<Target> {
    let url = crawl::Url::parse(url).map_err(io::Error::other)?;
    let (host, port) = (url.host().to_owned(), url.port());
    let look_up = move || (host, port).to_socket_addrs().map(Iterator::collect);
    let addresses: Vec<SocketAddr> = to_thread(look_up).await?;
    if addresses.is_empty() {
        return Err(io::Error::other(format!("{} has no address", url.host())));
    }
    Ok(Target::with_addresses(url, &addresses))
}

async fn download(exchange: &mut Exchange) -> io::Result<Page> {
    let (mut reader, mut writer) = open_connection(exchange.address()).await?;
    exchange.connected(Ok(()))?;
    send(&mut writer, exchange).await?;
    receive(&mut reader, exchange).await
}

async fn send(writer: &mut StreamWriter, exchange: &mut Exchange) -> io::Result<()> {
    let mut sent = writer.write(exchange.unsent());
    if sent.is_ok() {
        sent = writer.drain().await;
    }
    let bytes = exchange.unsent().len();
    exchange.sent(sent.map(|()| bytes)).map(drop)
}

async fn receive(reader: &mut StreamReader, exchange: &mut Exchange) -> io::Result<Page> {
    loop {
        let (received, chunk) = match reader.read(usize::MAX).await {
            Ok(chunk) => (Ok(chunk.len()), chunk),
            Err(error) => (Err(error), Vec::new()),
        };
        if let Received::Page(page) = exchange.received(received, &chunk)? {
            return Ok(page);
        }
    }
}
