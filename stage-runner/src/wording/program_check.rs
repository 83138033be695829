//! Why a check of a program ended early.

use crate::results::program_check::Stopped;
use crate::words;

impl Stopped {
    /// In words.
    pub fn reason(&self) -> String {
        match self {
            Stopped::SameWay(jobs, words) => format!(
                "The first {} went wrong in the same way, so the rest was not asked: {words}",
                words::plural(*jobs as u64, "job")
            ),
            Stopped::NoRoom(why) => format!(
                "The runner itself got too little from the system, so nothing was judged: {why}"
            ),
            Stopped::OutOfTime(time) => format!(
                "After {} the rest was not asked: the program is too slow for this check, or the machine too busy",
                words::roughly(*time)
            ),
            Stopped::Interrupted => "The rest was not asked".to_owned(),
        }
    }
}
