//! 07-yield-from
