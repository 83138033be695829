//! Each example prints what its chapter says it prints.
#![cfg(not(model_check))]

use example_check::run;

fn check(example: &str) {
    example_check::check(env!("CARGO_MANIFEST_DIR"), example);
}

#[test]
fn wake_then_ask() {
    check("wake_then_ask");
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
    check("moved_future");
}

#[test]
fn cancel_by_dropping() {
    check("cancel_by_dropping");
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
