//! Who takes part, and on what: the stages and their source code, the entrants that were asked for,
//! the URLs.

pub mod entrants;
pub mod sources;
pub mod stages;
pub mod urls;

pub use entrants::{Entrant, Language, Program, StageFacts};
