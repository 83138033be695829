//! Runs one scenario: `cargo run --example scenarios -- NAME`. Beside
//! each file lies its twin in Python, and what both print.

mod tracing;

/// The modules, and a table of them.
macro_rules! scenarios {
    ($($name:ident)+) => {
        $(mod $name;)+
        const ALL: &[(&str, fn())] =
            &[$((stringify!($name), $name::scenario)),+];
    };
}

scenarios! {
    order two_sleeps future timers cancel gather wait timeout task_group
    queues locks condition as_completed generators end_of_run states
    loops threads
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let found = ALL.iter().find(|(name, _)| *name == wanted);
    match found {
        Some((_, scenario)) => scenario(),
        None => {
            let names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
            eprintln!("NAME is one of: {}", names.join(" "));
            std::process::exit(2);
        }
    }
}
