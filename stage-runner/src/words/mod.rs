//! Numbers, text from outside and lines, as people read them. Every folder uses it; it uses none.

mod foreign;
mod layout;
mod numbers;

pub use foreign::escaped;
pub use layout::{ascii, cut, joined, padded, width, wrapped};
pub use numbers::*;
