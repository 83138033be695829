//! In a terminal: lines that change, and a table that is drawn again.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::pty::{Winsize, openpty};

use super::support::command;

/// What a terminal of 50 columns is sent: on stderr, and on stdout as well unless that is piped.
fn in_a_narrow_terminal(args: &[&str], stdout_is_piped: bool) -> String {
    let size = Winsize { ws_row: 40, ws_col: 50, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).expect("a pseudoterminal");
    let mut runner = command(args);
    runner.env("TERM", "xterm").stderr(terminal.slave.try_clone().expect("a descriptor"));
    if stdout_is_piped {
        runner.stdout(Stdio::null());
    } else {
        runner.stdout(terminal.slave);
    }
    let mut child = runner.spawn().expect("the runner starts");
    let (say, said) = mpsc::channel();
    let mut master = File::from(terminal.master);
    // The terminal itself has no end: somebody else may hold it.
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = master.read(&mut bytes) {
            if say.send(bytes[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    child.wait().expect("it ends");
    let mut sent = Vec::new();
    while let Ok(bytes) = said.recv_timeout(Duration::from_millis(300)) {
        sent.extend(bytes);
    }
    String::from_utf8(sent).expect("UTF-8")
}

/// The texts of the live line, one after the other.
fn live_lines<'a>(sent: &'a str, mark: &str) -> Vec<&'a str> {
    let texts = sent.split(['\r', '\n']).map(|text| text.trim_end_matches("\u{1b}[K"));
    texts.filter(|text| text.contains(mark)).collect()
}

#[test]
fn the_live_line_stays_one_line_in_a_narrow_terminal() {
    let args = ["sweep", "-s", "generator-task", "--to", "3", "--delay", "500ms"];
    for stdout_is_piped in [true, false] {
        let sent = in_a_narrow_terminal(&args, stdout_is_piped);
        let lines = live_lines(&sent, "generator-task, ");
        assert!(lines.len() >= 4, "it changes: {sent:?}");
        assert!(lines.iter().all(|line| line.chars().count() < 50), "{lines:?}");
    }
}

#[test]
fn a_table_fits_a_narrow_terminal() {
    let args = ["-s", "blocking,generator-task", "--pages", "2", "--delay", "50ms"];
    let sent = in_a_narrow_terminal(&args, false);
    let is_row = |line: &&str| line.starts_with("blocking") || line.contains("generator-task ");
    let sent = anstream::adapter::strip_str(&sent).to_string();
    let rows: Vec<&str> = sent.split(['\r', '\n']).filter(is_row).collect();
    assert!(rows.len() >= 2 && rows.iter().all(|row| row.chars().count() <= 50), "{rows:?}");
}
