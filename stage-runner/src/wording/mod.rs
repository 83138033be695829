//! What the facts of [`results`](crate::results) are called, in words: the same on a screen, in
//! JSON and in the message of an outcome. A sentence that needs the report around it is made in
//! `views`.

mod fault;
mod program_check;
mod sweep;
mod who;
