//! Who takes part, and on what: the stages and their source code, the entrants that were asked for,
//! the URLs.

pub mod entrants;
pub mod exercise_languages;
pub mod originals;
pub mod sources;
pub mod stages;
pub mod urls;

pub use entrants::{Entrant, Language, Languages, Program, StageFacts};
pub use exercise_languages::ExerciseLanguage;
pub use originals::Original;
pub use stages::Stage;
