//! How results look: each view is a function of the results alone, and a screen also of its
//! [`Style`].
//!
//! - `columns`, `measures` and `sentences`: figures and what they say, for every view
//! - `story`: a recorded run in sentences
//! - [`screen`]: for people at a terminal; [`markdown`]: to paste into a text
//! - [`json`]: for programs, and back; [`svg`]: for a wall; [`html`]: for a lesson
//! - `steps`: what a recorded step is; `terms`: what each chapter calls it

mod columns;
mod measures;
#[cfg(test)]
mod sample;
pub mod sentences;
mod steps;
pub mod story;
mod style;
mod terms;

pub mod html;
pub mod json;
pub mod markdown;
pub mod screen;
pub mod svg;

pub use style::Style;
