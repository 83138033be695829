//! A site with the smallest receive buffers.

mod common;

use std::io::Write;
use std::time::Duration;

use common::{body, receive, text};
use practice_site::{Config, Site};
use socket2::{Domain, Socket, Type};

/// One call of `send` takes a part of a long request (on Linux: elsewhere loopback may take all),
/// and the page comes when all of it is sent.
#[test]
fn a_long_request_is_sent_in_parts() {
    let config = Config { delay: Duration::ZERO, narrow: true, ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    let request = format!("GET /1?{} HTTP/1.1\r\nHost: site\r\n\r\n", "&".repeat(5000));
    let mut socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_send_buffer_size(1).unwrap();
    socket.connect(&site.address().into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let sent = socket.send(request.as_bytes()).unwrap();
    if cfg!(target_os = "linux") {
        assert!(sent < request.len(), "all {sent} bytes were taken at once");
    }
    socket.set_nonblocking(false).unwrap();
    socket.write_all(&request.as_bytes()[sent..]).unwrap();
    assert_eq!(body(&text(receive(socket.into(), usize::MAX).0)).len(), 1024);
}
