//! A name with several addresses: every stage tries them in their order.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use crawl::protocol::{Job, JobLimits, JobTarget, Line, OutcomeLine, VERSION};
use crawl::{ErrorKind, Limits};
use stage_runner::stages::STAGES;

use super::support::command;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Listens on one of the two addresses, on a port that nobody has on the other. (The practice site
/// listens on both.)
fn listen_only_on(address: IpAddr, nobody: IpAddr) -> (TcpListener, u16) {
    let mut all = (0..20).map(|_| TcpListener::bind((address, 0)).expect("a free port"));
    let port = |listener: &TcpListener| listener.local_addr().expect("it listens").port();
    let listener = all.find(|listener| TcpStream::connect((nobody, port(listener))).is_err());
    let listener = listener.expect("a port that is free on the other address");
    let port = port(&listener);
    (listener, port)
}

/// Answers every request, as long as the test runs.
fn serve(listener: TcpListener) {
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && matches!(socket.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                }
                socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            });
        }
    });
}

/// Runs a stage alone: its program takes a job, and answers with lines.
fn outcomes(mut program: Command, job: &[u8]) -> Vec<OutcomeLine> {
    let mut child = program.stdin(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("it was asked for").write_all(job).expect("it reads its job");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |line: &str| serde_json::from_str(line).expect("a line of the protocol");
    let outcome = |line| if let Line::Outcome(outcome) = line { Some(outcome) } else { None };
    let mut outcomes: Vec<OutcomeLine> = said.lines().map(line).filter_map(outcome).collect();
    outcomes.sort_by_key(|outcome| outcome.target);
    outcomes
}

#[test]
fn every_stage_and_example_tries_all_addresses_of_a_name() {
    if TcpListener::bind((V6, 0)).is_err() {
        eprintln!("skipped: no IPv6 here");
        return;
    }
    let (on_v4, port_of_v4) = listen_only_on(V4, V6);
    let (on_v6, port_of_v6) = listen_only_on(V6, V4);
    // Nobody listens where somebody has just stopped.
    let (on_neither, port_of_nobody) = listen_only_on(V4, V6);
    drop(on_neither);
    serve(on_v4);
    serve(on_v6);

    let target = |addresses: [IpAddr; 2], port: u16| JobTarget {
        url: format!("http://localhost:{port}/1"),
        host: format!("localhost:{port}"),
        path: "/1".to_owned(),
        address: SocketAddr::new(addresses[0], port),
        addresses: addresses.map(|address| SocketAddr::new(address, port)).to_vec(),
    };
    let ports = [port_of_v4, port_of_v6, port_of_nobody];
    let both_orders = |port| [target([V4, V6], port), target([V6, V4], port)];
    let job = Job {
        protocol: VERSION,
        digest: false,
        activity: false,
        limits: JobLimits::from(&Limits::default()),
        targets: ports.into_iter().flat_map(both_orders).collect(),
    };
    let json = serde_json::to_vec(&job).expect("a job is JSON");

    for program in ["python3 examples/programs/threads.py", "bash examples/programs/one-by-one.sh"]
    {
        let mut words = program.split(' ');
        let (name, file) = (words.next().expect("a name"), words.next().expect("a file"));
        let works = if name == "bash" { "((BASH_VERSINFO >= 5))" } else { "pass" };
        if !Command::new(name).args(["-c", works]).output().is_ok_and(|it| it.status.success()) {
            eprintln!("skipped: no {name} here");
            continue;
        }
        let mut command = Command::new(name);
        command.arg(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR")));
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        check(name, &outcomes(command, &json), &job);
    }

    let stages = STAGES.iter().filter(|stage| (stage.available)().is_ok());
    thread::scope(|scope| {
        for stage in stages {
            let (json, job) = (&json, &job);
            let command = command(&["run-stage", stage.name]);
            scope.spawn(move || check(stage.name, &outcomes(command, json), job));
        }
    });
}

/// The first four of six targets are served on one of their addresses.
fn check(name: &str, outcomes: &[OutcomeLine], job: &Job) {
    assert_eq!(outcomes.len(), 6, "{name}: {outcomes:?}");
    for outcome in &outcomes[..4] {
        assert_eq!(outcome.status, Some(200), "{name}: {outcome:?}");
    }
    for (outcome, target) in outcomes[4..].iter().zip(&job.targets[4..]) {
        let error = outcome.error.as_ref().expect("nobody listens");
        let last = target.addresses[1].to_string();
        assert_eq!(error.kind, ErrorKind::Connect, "{name}: {error:?}");
        assert!(error.message.contains(&last), "{name}: {error:?}");
    }
}
