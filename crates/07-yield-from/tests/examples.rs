//! Each example prints what its chapter says it prints.

fn check(example: &str) {
    example_check::check(env!("CARGO_MANIFEST_DIR"), example);
}

#[test]
fn delegation() {
    check("delegation");
}

/// The sizes of this platform; elsewhere a descriptor may be larger.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn generator_sizes() {
    check("generator_sizes");
}
