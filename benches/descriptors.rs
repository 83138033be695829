//! Whether there are descriptors enough. Nothing here raises a limit.

/// What a benchmark and its report need besides the sockets.
const OTHERS: u64 = 100;

/// Whether this process can have so many sockets at once.
///
/// # Errors
/// Why not, in words.
#[cfg(unix)]
pub fn room_for(sockets: usize) -> Result<(), String> {
    use rustix::process::{Resource, getrlimit};

    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < sockets as u64 + OTHERS => Err(format!(
            "this shell allows a process {limit} descriptors (ulimit -n), too few for {sockets} sockets"
        )),
        _ => Ok(()),
    }
}

/// Whether this process can have so many sockets at once: here there is no limit to ask for.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn room_for(_sockets: usize) -> Result<(), String> {
    Ok(())
}
