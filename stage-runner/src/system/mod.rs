//! What only the system can tell and do: about processes, about what they take, about signals.

pub mod answer;
pub mod cargo;
pub mod processes;
pub mod python;
pub mod signals;
pub mod usage;
