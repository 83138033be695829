//! How a fetch stands aside and goes on, in the terms of its chapter. The terminal has the short
//! words, the page of the report the long ones.

use crate::lineup::stages::Told;

/// The words of one way to wait. All of them follow the name of a page, or of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the system tells the stage; `None` where it waits for one socket, and of programs.
    pub told: Option<Told>,
    /// `/1 …`, when it cannot go on.
    pub parks: &'static str,
    /// `/1 … receives`.
    pub resumes: &'static str,
    /// The same, with who does what.
    pub parks_at_length: &'static str,
    /// The same, with who does what.
    pub resumes_at_length: &'static str,
    /// What the loop does for the pages that are ready: a sentence of its own, or nothing.
    pub then: &'static str,
}

impl Terms {
    /// Those of a chapter.
    pub fn of(chapter: Option<u8>, told: Option<Told>) -> Terms {
        let [parks, resumes, parks_at_length, resumes_at_length, then] = match chapter {
            Some(5) => [
                "registers a callback",
                "is called back, and ",
                "registers a callback for its socket, and returns to the loop",
                "is called back by the loop, and ",
                "the loop calls each callback",
            ],
            Some(6) => [
                "yields a Future",
                "has its result, and ",
                "yields a Future to its Task, and keeps its own stack",
                "is resumed by its Task on its own stack, and ",
                "the loop calls set_result on each Future",
            ],
            Some(7) => [
                "yields a Future through its generators",
                "is resumed through its generators, and ",
                "yields a Future through each generator around it, to its Task",
                "is resumed by its Task through each generator around it, and ",
                "the loop calls set_result on each Future",
            ],
            Some(8) => [
                "leaves a waker",
                "is polled again, and ",
                "leaves a waker with the reactor, and returns Pending",
                "was woken into the queue, is polled by the executor, and ",
                "the reactor calls each waker",
            ],
            Some(9 | 10) => [
                "leaves a waker",
                "is polled again, and ",
                "leaves a waker with its loop, and returns Pending",
                "was woken, is polled by its loop, and ",
                "the loop calls each waker",
            ],
            _ => [
                "waits for its socket",
                "goes on, and ",
                "asks to be told when its socket is ready, and keeps its place",
                "goes on, and ",
                "",
            ],
        };
        Terms { told, parks, resumes, parks_at_length, resumes_at_length, then }
    }

    /// `the thread …`, when it asks and does not sleep.
    pub fn asks(&self) -> &'static str {
        match self.told {
            Some(Told::Readiness) => "asks which sockets are ready",
            Some(Told::Completion) => "asks what is done",
            None => "asks what is ready",
        }
    }

    /// The answer where there is nothing.
    pub fn nothing(&self) -> &'static str {
        match self.told {
            Some(Told::Readiness) => "no socket is ready",
            Some(Told::Completion) => "nothing is done",
            None => "nothing is ready",
        }
    }

    /// The answer: for these pages.
    pub fn found(&self, pages: &str) -> String {
        match self.told {
            Some(Told::Completion) => format!("done for {pages}"),
            Some(Told::Readiness) | None => format!("ready: {pages}"),
        }
    }

    /// The page could go on from now.
    pub fn is_ready(&self, page: &str) -> String {
        match self.told {
            Some(Told::Completion) => format!("what {page} asked for is done"),
            Some(Told::Readiness) | None => format!("{page} is ready"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineup::stages::STAGES;

    /// From chapter 5 to chapter 8 the pictures are alike: the words must not be.
    #[test]
    fn each_way_to_wait_has_words_of_its_own() {
        let chapters = [5, 6, 7, 8].map(|chapter| Terms::of(Some(chapter), None));
        for (at, terms) in chapters.iter().enumerate() {
            for other in &chapters[..at] {
                assert_ne!(terms.parks, other.parks);
                assert_ne!(terms.resumes, other.resumes);
                assert_ne!(terms.parks_at_length, other.parks_at_length);
                assert_ne!(terms.resumes_at_length, other.resumes_at_length);
            }
        }
    }

    /// Chapters 8 to 10 leave wakers. Nothing is parked where the system makes the calls.
    #[test]
    fn the_terms_follow_the_chapter() {
        for stage in STAGES {
            let terms = Terms::of(stage.number, stage.told);
            let is_polled = stage.number.is_some_and(|number| (8..=10).contains(&number));
            assert_eq!(terms.parks == "leaves a waker", is_polled, "{}", stage.name);
            let is_done = stage.number == Some(11);
            assert_eq!(terms.asks() == "asks what is done", is_done, "{}", stage.name);
            assert_eq!(terms.found("/1") == "done for /1", is_done, "{}", stage.name);
        }
    }
}
