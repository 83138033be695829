//! Pictures that need nothing beside them.

mod sweep;

pub use sweep::sweep;
