//! A request by streams: write it, and read the answer line by line.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use stage_09_asyncio as asyncio;

/// A server in a thread, with one answer.
fn serve_one(listener: TcpListener) -> io::Result<()> {
    let (mut client, _) = listener.accept()?;
    let mut request = [0; 1000];
    let length = client.read(&mut request)?;
    if !request[..length].starts_with(b"GET /") {
        return Ok(());
    }
    client.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
}

async fn fetch(address: SocketAddr) -> io::Result<()> {
    let (mut reader, mut writer) =
        asyncio::open_connection(address).await?;
    writer.write(b"GET / HTTP/1.0\r\n\r\n")?;
    writer.drain().await?;
    let mut length = 0;
    loop {
        let line = reader.readline().await?;
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        if line.is_empty() {
            break;
        }
        println!("line: {line}");
        if let Some(bytes) = line.strip_prefix("Content-Length: ") {
            length = bytes.parse().map_err(io::Error::other)?;
        }
    }
    let body = reader.readexactly(length).await?;
    println!("body: {}", String::from_utf8_lossy(&body));
    Ok(()) // the connection is closed when both are dropped
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || serve_one(listener));
    asyncio::run(fetch(address))??;
    server.join().expect("the server does not panic")
}

// Prints:
// line: HTTP/1.0 200 OK
// line: Content-Length: 5
// body: hello
