//! A recorded run as sentences: each step, or the life of one page. The terminal prints them.

use std::collections::HashMap;

use super::steps::{self, Kind};
use super::terms::Terms;
use crate::results::{Activity, Did, Place, Report, Row, Run, State, Step, Tenths};
use crate::words;

/// A step that is not shorter than this tells how long it took.
const WORTH_A_WORD: Tenths = Tenths(1_000);

/// So many pages are named one by one.
const NAMED: usize = 3;

/// A moment of a recorded run, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Tenths,
    /// What happens.
    pub sentence: String,
    /// Where in the code.
    pub place: Option<Place>,
}

/// A recorded run.
pub struct Story<'a> {
    report: &'a Report,
    run: &'a Run,
    /// What was recorded of it.
    pub activity: &'a Activity,
    terms: Terms,
    /// By worker: the numbers of its steps, in order.
    of_worker: Vec<Vec<usize>>,
    /// By the number of a step that ended a wait: the pages that went on then.
    woken: HashMap<usize, Vec<usize>>,
}

impl<'a> Story<'a> {
    /// The last run of a row that was recorded, if there is one.
    pub fn of(report: &'a Report, row: &Row<'a>) -> Option<Story<'a>> {
        let recorded = |run: &&&'a Run| run.activity.is_some();
        let run: &'a Run = row.runs.iter().rev().find(recorded)?;
        let activity = run.activity.as_ref()?;
        let chapter = row.entrant.stage.as_ref().and_then(|stage| stage.chapter);
        let terms = Terms::of(chapter, row.entrant.told());
        let mut of_worker = vec![Vec::new(); activity.workers.len()];
        for (number, step) in activity.steps.iter().enumerate() {
            of_worker[step.worker].push(number);
        }
        let woken =
            steps::wakes(activity).into_iter().map(|wake| (wake.step, wake.targets)).collect();
        Some(Story { report, run, activity, terms, of_worker, woken })
    }

    /// Everything that happened.
    pub fn all(&self) -> Vec<Moment> {
        let several = self.activity.workers.len() > 1;
        let steps = self.activity.steps.iter().enumerate();
        let moment = |(number, step): (usize, &Step)| {
            let sentence = self.sentence(number);
            let sentence = match several && step.state != State::Starting {
                true => format!("{}: {sentence}", self.activity.workers[step.worker]),
                false => sentence,
            };
            Moment { at: step.from, sentence, place: self.activity.place(step).cloned() }
        };
        steps.map(moment).collect()
    }

    /// What happened to one page.
    pub fn life(&self, target: usize) -> Vec<Moment> {
        let mut moments: Vec<Moment> = Vec::new();
        let mut last: Option<&Step> = None;
        let steps = self.activity.steps.iter().enumerate();
        for (number, step) in steps.filter(|(_, step)| step.target == Some(target)) {
            if let Some(last) = last.filter(|last| last.to() < step.from) {
                moments.extend(self.between(last, step));
            }
            let place = self.activity.place(step).cloned();
            moments.push(Moment { at: step.from, sentence: self.sentence(number), place });
            last = Some(step);
        }
        moments
    }

    /// What happened to a page between two steps of its own: it waited, and then it was in line.
    fn between(&self, before: &Step, after: &Step) -> Vec<Moment> {
        let name = self.name(after.target.unwrap_or_default());
        let (from, to) = (before.to(), after.from);
        let steps = self.during(after.worker, from, to);
        let woken = steps.iter().rfind(|step| step.did == Some(Did::Woken) && step.from >= from);
        let moment = |at, sentence, place| vec![Moment { at, sentence, place }];
        let waits = |until: Tenths| {
            let time = duration(Tenths(until.0 - from.0));
            moment(from, format!("{name} waits for {time}"), None)
        };
        let in_line = |since: Tenths| {
            let mut ahead = Vec::new();
            for step in steps.iter().filter(|step| step.from >= since) {
                if let Some(other) = step.target.filter(|other| !ahead.contains(other)) {
                    ahead.push(other);
                }
            }
            let behind = match ahead.is_empty() {
                true => String::new(),
                false => format!(" behind {}", self.names(&ahead)),
            };
            format!("{} in line{behind}", duration(Tenths(to.0 - since.0)))
        };
        if let Some(woken) = woken {
            let sentence = format!("{}, {}", self.terms.is_ready(&name), in_line(woken.from));
            let place = self.activity.place(woken).cloned();
            return [waits(woken.from), moment(woken.from, sentence, place)].concat();
        }
        if steps.iter().any(|step| Kind::of(step, false) == Kind::Spun) {
            let time = duration(Tenths(to.0 - from.0));
            let sentence = format!("{name} is asked in vain, again and again, for {time}");
            return moment(from, sentence, None);
        }
        // Nobody slept: the thread ran the code of other pages.
        let is_work = |step: &&Step| !step.asleep && step.target.is_some();
        if !steps.is_empty() && steps.iter().all(is_work) {
            return moment(from, format!("{name} is {}", in_line(from)), None);
        }
        waits(to)
    }

    /// The steps of a worker that take some of this time.
    fn during(&self, worker: usize, from: Tenths, to: Tenths) -> Vec<&Step> {
        let numbers = &self.of_worker[worker];
        let first = numbers.partition_point(|number| self.activity.steps[*number].to() <= from);
        let steps = numbers[first..].iter().map(|number| &self.activity.steps[*number]);
        steps.take_while(|step| step.from < to).collect()
    }

    /// The step with this number, in a sentence.
    pub fn sentence(&self, number: usize) -> String {
        let step = &self.activity.steps[number];
        let name = step.target.map(|target| self.name(target));
        let name = name.as_deref().unwrap_or("the loop");
        let took = match step.asleep {
            true => format!(", asleep for {}", duration(step.length)),
            false if step.length >= WORTH_A_WORD => format!(", {}", duration(step.length)),
            false => String::new(),
        };
        let bytes = || words::plural(step.number.unwrap_or(0), "byte");
        match (&step.did, step.state) {
            (_, State::Starting) => {
                let worker = self.activity.workers[step.worker];
                format!("{worker} is being started, {}", duration(step.length))
            }
            (Some(Did::Begun), _) => format!("{name} begins"),
            (Some(Did::Calling), State::Connecting) => format!("{name} connects{took}"),
            (Some(Did::Connecting), _) => format!("{name} has begun to connect"),
            (Some(Did::Connected), _) => format!("{name} is connected"),
            (Some(Did::Sending), _) => format!("{name} sends{took}"),
            (Some(Did::Sent), _) => format!("{name} has sent {}", bytes()),
            (Some(Did::Parked), _) => format!("{name} {}", self.terms.parks),
            (Some(Did::Slept), _) if step.asleep => {
                format!("sleeps for {}", duration(step.length))
            }
            (Some(Did::Slept), _) => format!("{}{took}", self.terms.asks()),
            (Some(Did::Woken), _) => self.wakes(number),
            (Some(Did::Resumed), State::Receiving) => {
                format!("{name} {}receives", self.terms.resumes)
            }
            (Some(Did::Resumed), _) => {
                format!("{name} {}checks its connection", self.terms.resumes)
            }
            (Some(Did::Calling), _) => format!("{name} receives{took}"),
            (Some(Did::Received), _) if step.number == Some(0) => {
                format!("{name} has received the end")
            }
            (Some(Did::Received), _) => format!("{name} has received {}", bytes()),
            (Some(Did::Asked), State::Spinning) => {
                let tries = words::count(step.number.unwrap_or(0));
                let who = step.target.map_or_else(String::new, |_| format!("{name} "));
                format!("{who}asks {tries} times in vain{took}")
            }
            (Some(Did::Asked), _) => format!("{name} would have to wait"),
            (Some(Did::Failed), _) => format!("{name}: the call has failed"),
            (Some(Did::Finished), _) => self.ends(step, name),
            (Some(Did::Other(word)), _) => format!("{name}: {}{took}", words::escaped(word)),
            (None, state) => format!("{name} is {}{took}", verb(state)),
        }
    }

    fn wakes(&self, number: usize) -> String {
        let pages = self.woken.get(&number).map(Vec::as_slice).unwrap_or_default();
        let slept = self.activity.steps[..number]
            .iter()
            .rfind(|step| step.worker == self.activity.steps[number].worker)
            .is_some_and(|step| step.asleep);
        match (self.activity.steps[number].number, pages) {
            (Some(0), [first, ..]) if slept => {
                format!("woken by the deadline of {}", self.name(*first))
            }
            (Some(0), _) if !slept => self.terms.nothing().to_owned(),
            (_, []) => "woken".to_owned(),
            (_, pages) if slept => format!("woken by {}", self.names(pages)),
            (_, pages) => self.terms.found(&self.names(pages)),
        }
    }

    fn ends(&self, step: &Step, name: &str) -> String {
        let outcome = step.target.and_then(|target| self.run.outcomes.get(target)?.as_ref());
        match outcome.map(|outcome| (&outcome.error, outcome.status)) {
            Some((Some(error), _)) => {
                format!("{name} has failed: {}", words::escaped(&error.message))
            }
            Some((None, Some(status))) => format!("{name} is done, status {status}"),
            _ => format!("{name} has ended"),
        }
    }

    fn name(&self, target: usize) -> String {
        words::escaped(self.report.setting.short_url(target))
    }

    /// `/1, /2 and 8 others`.
    fn names(&self, targets: &[usize]) -> String {
        let mut names: Vec<String> =
            targets.iter().take(NAMED).map(|target| self.name(*target)).collect();
        match targets.len() - names.len() {
            0 => {}
            // The last one takes no more room than "1 other".
            1 => names.push(self.name(targets[NAMED])),
            others => names.push(format!("{others} others")),
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        words::list(&names)
    }
}

/// A time with its unit, however short: `0.8 µs`, `450.6 ms`.
pub fn duration(time: Tenths) -> String {
    match time.micros() {
        0..10 => format!("{:.1} µs", time.micros_f64()),
        10..100 => format!("{} µs", time.micros()),
        micros => words::exact(micros),
    }
}

fn verb(state: State) -> &'static str {
    match state {
        State::Starting => "being started",
        State::Connecting => "connecting",
        State::Sending => "sending",
        State::Receiving => "receiving",
        State::Selecting => "waiting for sockets",
        State::Spinning => "asking in vain",
        State::Running => "running",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::sample;

    fn story(stage: &str, check: impl Fn(&Story<'_>)) {
        let report = sample::recorded(stage);
        let rows = report.rows();
        check(&Story::of(&report, &rows[0]).unwrap());
    }

    fn sentences(moments: &[Moment]) -> Vec<&str> {
        moments.iter().map(|moment| &*moment.sentence).collect()
    }

    #[test]
    fn a_wake_names_who_goes_on() {
        story("epoll", |story| {
            let all = story.all();
            let all = sentences(&all);
            assert!(all.contains(&"woken by /2 and /1"), "{all:?}");
            assert!(all.contains(&"woken by the deadline of /3"), "{all:?}");
        });
    }

    /// The same steps in the terms of each chapter.
    #[test]
    fn a_chapter_has_its_terms() {
        for (stage, parks, resumes) in [
            ("epoll", "/1 registers a callback", "/2 is called back, and receives"),
            ("generator-task", "/1 yields a Future", "/2 has its result, and receives"),
            (
                "yield-from",
                "/1 yields a Future through its generators",
                "/2 is resumed through its generators, and receives",
            ),
            ("async-await", "/1 leaves a waker", "/2 is polled again, and receives"),
        ] {
            story(stage, |story| {
                let all = story.all();
                let all = sentences(&all);
                assert!(all.contains(&parks) && all.contains(&resumes), "{stage}: {all:?}");
            });
        }
    }

    #[test]
    fn a_page_waits_and_then_stands_in_line() {
        story("epoll", |story| {
            let life = story.life(0);
            let life = sentences(&life);
            assert!(life.contains(&"/1 waits for 450.0 ms"), "{life:?}");
            assert!(life.contains(&"/1 is ready, 40 µs in line behind /2"), "{life:?}");
        });
    }

    /// What a ring says is done, and not ready; chapter 10 polls as chapters 8 and 9 do.
    #[test]
    fn the_words_are_those_of_the_way_to_wait() {
        story("io-uring", |story| {
            let mut all = story.all();
            all.extend(story.life(0));
            let all = sentences(&all);
            let told = "what /1 asked for is done, 40 µs in line behind /2";
            assert!(all.contains(&told), "{all:?}");
            assert!(all.iter().all(|sentence| !sentence.contains("ready")), "{all:?}");
        });
        story("many-loops", |story| {
            let all = story.all();
            let all = sentences(&all);
            assert!(all.contains(&"/1 leaves a waker"), "{all:?}");
            assert!(all.contains(&"/2 is polled again, and receives"), "{all:?}");
        });
    }

    /// A loop that has work already asks without sleeping.
    #[test]
    fn a_question_and_its_answer_have_the_words_of_the_stage() {
        for (stage, asked, answer) in [
            ("epoll", "asks which sockets are ready", "ready: /2 and /1"),
            ("io-uring", "asks what is done", "done for /2 and /1"),
        ] {
            let mut report = sample::recorded(stage);
            let activity = report.runs[0].activity.as_mut().unwrap();
            let slept = activity.steps.iter_mut().find(|step| step.did == Some(Did::Slept));
            let slept = slept.unwrap();
            (slept.asleep, slept.length) = (false, Tenths(10));
            let rows = report.rows();
            let all = Story::of(&report, &rows[0]).unwrap().all();
            let all = sentences(&all);
            assert!(all.contains(&asked) && all.contains(&answer), "{stage}: {all:?}");
        }
    }

    /// Nobody sleeps in chapter 4: a page is asked in vain, or it is in line.
    #[test]
    fn a_page_that_is_asked_in_vain_does_not_wait() {
        let mut report = sample::recorded("busy-wait-all");
        let step = |target, from, length, did: Did, state, number| Step {
            from: Tenths(from),
            length: Tenths(length),
            did: Some(did),
            state,
            target,
            number,
            ..sample::activity().steps[0].clone()
        };
        report.runs[0].activity.as_mut().unwrap().steps = vec![
            step(Some(0), 0, 10, Did::Begun, State::Running, None),
            step(Some(1), 10, 50, Did::Begun, State::Running, None),
            step(Some(0), 60, 10, Did::Sent, State::Running, Some(9)),
            step(None, 70, 4_500_000, Did::Asked, State::Spinning, Some(45_590)),
            step(Some(0), 4_500_070, 10, Did::Received, State::Running, Some(9)),
        ];
        let rows = report.rows();
        let life = Story::of(&report, &rows[0]).unwrap().life(0);
        let life = sentences(&life);
        assert_eq!(life[1], "/1 is 5.0 µs in line behind /2");
        assert_eq!(life[3], "/1 is asked in vain, again and again, for 450.0 ms");
    }

    #[test]
    fn many_names_are_cut_short() {
        story("epoll", |story| {
            assert_eq!(story.names(&[0]), "/1");
            assert_eq!(story.names(&[2, 1, 0, 2]), "/3, /2, /1 and /3");
            assert_eq!(story.names(&[2, 1, 0, 1, 2]), "/3, /2, /1 and 2 others");
        });
    }

    #[test]
    fn times_have_units() {
        let times = [8, 123, 999, 4_506_000, 45_060_000].map(|tenths| duration(Tenths(tenths)));
        assert_eq!(times, ["0.8 µs", "12 µs", "99 µs", "450.6 ms", "4.506 s"]);
    }
}
