//! Each example prints what its chapter says it prints.
#![cfg(not(model_check))]

#[path = "../../06-generator-task/tests/example/mod.rs"]
mod example;

use example::{check, run};

#[test]
fn wake_then_ask() {
    check(
        "wake_then_ask",
        "
poll: nothing there yet
postman: rings, by mistake
poll: nothing there yet
postman: brings a letter and rings, twice
poll: there it is
the letter says hello",
    );
}

#[test]
fn future_sizes() {
    let printed = run("future_sizes");
    let sizes: Vec<usize> = printed
        .lines()
        .filter_map(|line| line.strip_suffix(" bytes"))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let [compiler, by_hand, exchange, two, inner, outer] = sizes[..] else {
        panic!("six sizes: {printed}");
    };
    assert!(exchange < by_hand && by_hand < compiler, "{printed}");
    assert!(compiler < 2 * by_hand, "nearly twice as large: {printed}");
    // Each level keeps its arguments twice.
    assert!(inner >= 2 * two && outer >= inner + two, "{printed}");
}

#[test]
fn moved_future() {
    check(
        "moved_future",
        r#"
stays, first poll:  Pending
stays, second poll: Ready("the reference points to the socket")
moves, first poll:  Pending
moves, second poll: Ready("the reference points to where the socket was")
pinned, first poll:  Pending
pinned, second poll: Ready(7)
"#,
    );
}

#[test]
fn cancel_by_dropping() {
    check(
        "cancel_by_dropping",
        "
a fetch that is to be dropped at wait 1
  dropped
  server: the connection has ended
a fetch that is to be dropped at wait 2
  wait 1, which ends with the next part
  dropped
  server: the connection has ended
a fetch that is to be dropped at wait 3
  wait 1, which ends with the next part
  wait 2, which ends with the next part
  dropped
  server: the connection has ended
a fetch that is to be dropped at wait 4
  wait 1, which ends with the next part
  wait 2, which ends with the next part
  wait 3, which ends with the next part
  it has ended: status 200
  server: the connection has ended",
    );
}

/// A busy machine may make a page late as well: then it is tried again.
#[test]
fn block_the_loop() {
    let tries: Vec<String> =
        (0..3).map(|_| run("block_the_loop")).collect();
    let late = |printed: &str| -> Vec<String> {
        let ends =
            printed.lines().filter_map(|line| line.rsplit(' ').next());
        ends.map(str::to_owned).collect()
    };
    assert!(tries.iter().any(|it| late(it) == ["0", "3"]), "{tries:?}");
}
