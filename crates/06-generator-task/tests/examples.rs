//! Each example prints what its chapter says it prints.

// Most of them make a generator with a stack of its own.
#![cfg(not(all(windows, target_arch = "aarch64")))]

use example_check::run;

fn check(example: &str) {
    example_check::check(env!("CARGO_MANIFEST_DIR"), example);
}

#[test]
fn future_alone() {
    check("future_alone");
}

#[test]
fn producer_consumer() {
    check("producer_consumer");
}

#[test]
fn next_send_throw_close() {
    check("next_send_throw_close");
}

#[test]
fn return_by_raising() {
    check("return_by_raising");
}

#[test]
fn helper_that_suspends() {
    check("helper_that_suspends");
}

#[test]
fn stack_cost() {
    let printed = run("stack_cost");
    assert!(printed.starts_with("1000 generators wait"), "{printed}");
    assert!(!printed.contains("large enough"), "{printed}");
    if cfg!(target_os = "linux") {
        let each = printed
            .split(" at ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        let each: usize =
            each.and_then(|bytes| bytes.parse().ok()).expect(&printed);
        assert!((4096..=8192).contains(&each), "a page or two: {printed}");
        assert!(printed.contains("SIGSEGV"), "{printed}");
    }
}
