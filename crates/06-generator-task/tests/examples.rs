//! Each example prints what its chapter says it prints.

// Most of them make a generator with a stack of its own.
#![cfg(not(all(windows, target_arch = "aarch64")))]

mod example;

use example::{check, run};

#[test]
fn future_alone() {
    check(
        "future_alone",
        r#"
<Future pending>
asked too early: Err(NotDone)
setting the result
first callback: <Future finished result=42>
second callback: 42
too late? no: at once
"#,
    );
}

#[test]
fn producer_consumer() {
    check(
        "producer_consumer",
        r#"
producer: sends 1
  consumer: 1 arrived, 1 in all
producer: is told that 1 are eaten
producer: sends 2
  consumer: 2 arrived, 3 in all
producer: is told that 3 are eaten
producer: sends 3
  consumer: 3 arrived, 6 in all
producer: is told that 6 are eaten
producer: has no more (the last answer was Err(Yield(6)))
producer: the consumer ate 6
"#,
    );
}

#[test]
fn next_send_throw_close() {
    check(
        "next_send_throw_close",
        r#"
next:  Err(Yield("nothing yet"))
send:  Err(Yield("received hello"))
  inside: caught a problem
throw: Err(Yield("went on after an error"))
  inside: finally, the place is given up
send:  Ok("asked to stop")
next:  Err(Yield("nothing yet"))
close:
  inside: finally, the place is given up
closed
"#,
    );
}

#[test]
fn return_by_raising() {
    check(
        "return_by_raising",
        r#"
first number? Ok(20)
second number? Ok(20)
third number? Ok(2)
driver: Ok(42)

first number? Ok(20)
second number? Err("out of numbers")
driver: Err("out of numbers")
"#,
    );
}

#[test]
fn helper_that_suspends() {
    check(
        "helper_that_suspends",
        r#"
Err(Yield("who?"))
Err(Yield("where?"))
Ok("GRETA in PARIS")
"#,
    );
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
