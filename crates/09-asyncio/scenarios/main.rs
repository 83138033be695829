//! Runs one scenario: `cargo run --example scenarios -- NAME`. Beside
//! each file lies its twin in Python, and what both print.

mod tracing;

mod as_completed;
mod cancel;
mod condition;
mod end_of_run;
mod future;
mod gather;
mod generator_scopes;
mod generators;
mod locks;
mod loops;
mod order;
mod queues;
mod states;
mod streams;
mod task_group;
mod threads;
mod timeout;
mod timers;
mod two_sleeps;
mod wait;

macro_rules! table {
    ($($name:ident)+) => {
        &[$((stringify!($name), $name::scenario)),+]
    };
}

const ALL: &[(&str, fn())] = table! {
    order two_sleeps future timers cancel gather wait timeout task_group
    queues locks condition as_completed generators generator_scopes
    end_of_run states loops threads streams
};

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    match ALL.iter().find(|(name, _)| *name == wanted) {
        Some((_, scenario)) => scenario(),
        None => {
            let names = ALL.iter().map(|(name, _)| *name);
            let names = names.collect::<Vec<_>>().join(" ");
            eprintln!("NAME is one of: {names}");
            std::process::exit(2);
        }
    }
}
