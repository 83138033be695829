//! Each example prints what its chapter says it prints.

#[path = "../../06-generator-task/tests/example/mod.rs"]
mod example;

use example::check;

#[test]
fn delegation() {
    check(
        "delegation",
        r#"
driver: primes, and gets Err(Yield(None))
driver: sends Ok(Some(18.0))
driver: gets Err(Yield(Some(18.0)))
driver: sends Ok(Some(22.0))
driver: gets Err(Yield(Some(20.0)))
driver: sends Ok(None)
  outer: saturday is Some(20.0)
driver: gets Err(Yield(None))
driver: sends Ok(Some(9.0))
driver: gets Err(Yield(Some(9.0)))
driver: sends Err("no signal")
    inner: caught, this reading is left out
driver: gets Err(Yield(Some(9.0)))
driver: sends Ok(None)
driver: gets Ok((Some(20.0), Some(9.0)))
driver: primes, and gets Err(Yield(None))
driver: throws a problem that nobody catches
driver: catches out of order
"#,
    );
}

/// The sizes of this platform; elsewhere a descriptor may be larger.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn generator_sizes() {
    check(
        "generator_sizes",
        "
chapter 6, a stack:          65536 bytes, reserved
chapter 7, one generator:      128 bytes
chapter 7, small generators:   128 bytes
of these, the exchange:         80 bytes",
    );
}
