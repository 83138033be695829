//! A recorded run as a picture that moves, for a README or a chapter: no script, a few kilobytes.
//!
//! Time is stretched where something happens, as on the page of the report. A veil lies over what
//! is to come, and moves; whoever has asked for less motion sees the whole picture at once.

use std::fmt::Write;

use super::escaped;
use crate::lineup::stages::Told;
use crate::results::{Activity, Report, Row, Run, Step};
use crate::views::steps::{self, Kind, Wake, is_awake};
use crate::words;

/// The most pages that have a lane.
pub const PAGES: usize = 24;

/// The most steps that are drawn. 24 pages of a stage have a few hundred; a program may tell of
/// many more.
const STEPS: usize = 20_000;

/// The longest name of a stage, in letters.
const NAME: usize = 18;

const WIDTH: f64 = 960.0;
/// For the names, at the left.
const LEFT: f64 = 190.0;
const PLOT: f64 = WIDTH - LEFT - 14.0;
const LANE: f64 = 13.0;
/// The height of the lane of a worker.
const WORKER: f64 = 20.0;
/// The width of `450 ms` and the space beside it.
const LABEL: f64 = 48.0;
/// How long the picture takes from its begin to its end.
const SECONDS: u32 = 16;

/// From a millisecond on, a time without events is drawn as a cut. In tenths of a microsecond.
const CUT: f64 = 10_000.0;

/// Steps that follow each other as closely as this are one block.
const TOUCHING: u64 = 3;

/// A stage to be drawn.
pub struct Drawn<'a> {
    name: String,
    /// Where it belongs, and who waits.
    about: String,
    run: &'a Run,
    activity: &'a Activity,
    /// Workers with a lane of their own.
    loops: Vec<usize>,
    /// Of what such a worker is told.
    told: Option<Told>,
}

impl<'a> Drawn<'a> {
    /// The recorded run of a row.
    ///
    /// # Errors
    /// Why there is nothing to draw.
    pub fn new(row: &Row<'a>) -> Result<Drawn<'a>, String> {
        let name = row.name();
        let run = row.runs.last().copied().filter(|run| run.fault.is_none());
        let activity = run.and_then(|run| run.activity.as_ref().map(|activity| (run, activity)));
        let (run, activity) = activity
            .filter(|(_, activity)| !activity.steps.is_empty())
            .ok_or_else(|| format!("nothing was recorded of {name}"))?;
        if activity.steps.len() > STEPS {
            return Err(format!(
                "{name} recorded {} steps, and a picture has room for {}: use fewer pages",
                words::count(activity.steps.len() as u64),
                words::count(STEPS as u64)
            ));
        }
        match run.outcomes.len() {
            0 => Err(format!("{name} fetched no page")),
            1..=PAGES => {
                let stage = row.entrant.stage.as_ref();
                let place = stage.map(|stage| match stage.chapter {
                    Some(number) => format!("chapter {number}"),
                    None => "the yardstick".to_owned(),
                });
                let loops = steps::lanes(activity);
                // Of several, each has its name beside its lane.
                let who = row.who().filter(|_| loops.len() < 2).map(|who| who.to_string());
                let about = place.into_iter().chain(who).collect::<Vec<_>>().join(", ");
                let name = words::cut(&words::escaped(name), NAME);
                Ok(Drawn { name, about, run, activity, loops, told: row.entrant.told() })
            }
            pages => Err(format!(
                "{name} fetched {pages} pages, and a picture has room for {PAGES}: use --pages 10"
            )),
        }
    }

    fn has_one_worker(&self) -> bool {
        self.activity.workers.len() == 1
    }

    /// Lanes of workers come first.
    fn first_lane(&self) -> f64 {
        6.0 + self.below_name() + self.loops.len() as f64 * WORKER
    }

    /// Lanes with names of their own begin below the name of the stage.
    fn below_name(&self) -> f64 {
        if self.loops.len() > 1 { 14.0 } else { 0.0 }
    }

    fn height(&self) -> f64 {
        self.first_lane() + self.run.outcomes.len() as f64 * LANE + 10.0
    }

    fn kind(&self, step: &Step) -> Kind {
        let outcome = step.target.and_then(|target| self.run.outcomes[target].as_ref());
        Kind::of(step, outcome.is_some_and(|outcome| outcome.error.is_some()))
    }

    /// The middle of the lane of a worker, from the top of its stage.
    fn worker_lane(&self, worker: usize) -> Option<f64> {
        let at = self.loops.iter().position(|it| *it == worker)?;
        Some(12.0 + self.below_name() + at as f64 * WORKER)
    }
}

/// Stretched time: a gap between two events gets a width by its logarithm, a long one a fixed
/// width.
struct Axis {
    times: Vec<u64>,
    places: Vec<f64>,
}

impl Axis {
    fn new(stages: &[Drawn<'_>]) -> Axis {
        let steps = || {
            stages.iter().flat_map(|stage| stage.activity.steps.iter().map(move |it| (stage, it)))
        };
        let mut times: Vec<u64> = vec![0];
        times.extend(steps().map(|(_, step)| step.from.0));
        let is_end = |kind| matches!(kind, Kind::Done | Kind::Failed | Kind::Spun);
        times.extend(
            steps().filter(|(stage, step)| is_end(stage.kind(step))).map(|(_, step)| step.to().0),
        );
        times.sort_unstable();
        times.dedup();
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let long = gaps.iter().filter(|gap| **gap >= CUT).count() as f64;
        let cut = (0.36 * PLOT / long.max(1.0)).clamp(18.0, 130.0);
        let width = |gap: f64| if gap >= CUT { 0.0 } else { 2.2 + 8.0 * (1.0 + gap / 5.0).log10() };
        let sum: f64 = gaps.iter().map(|gap| width(*gap)).sum();
        let scale = (PLOT - cut * long).max(0.2 * PLOT) / sum.max(1.0);
        let mut places = vec![0.0];
        for gap in gaps {
            let last = places[places.len() - 1];
            places.push(last + if gap >= CUT { cut } else { width(gap) * scale });
        }
        let all = places[places.len() - 1].max(1.0);
        let places = places.iter().map(|place| LEFT + place / all * PLOT).collect();
        Axis { times, places }
    }

    fn x(&self, time: u64) -> f64 {
        let last = self.times.len() - 1;
        let at = self.times.partition_point(|t| *t <= time).saturating_sub(1);
        if at >= last {
            return self.places[last];
        }
        let (from, to) = (self.times[at] as f64, self.times[at + 1] as f64);
        let share = (time as f64 - from) / (to - from);
        self.places[at] + (self.places[at + 1] - self.places[at]) * share
    }

    fn cuts(&self) -> impl Iterator<Item = (u64, u64)> {
        let pairs = self.times.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter(|(from, to)| (to - from) as f64 >= CUT)
    }
}

const STYLE: &str = include_str!("replay.css");

/// The picture of these stages, one below the other on one axis.
pub fn replay(report: &Report, stages: &[Drawn<'_>]) -> String {
    let axis = Axis::new(stages);
    let mut body = String::new();
    let mut y = 8.0;
    for stage in stages {
        draw(&mut body, stage, &axis, y);
        y += stage.height();
    }
    let plot_height = y;
    let mut free = 0.0;
    for (from, to) in axis.cuts() {
        let x = axis.x(from).midpoint(axis.x(to));
        if x - LABEL / 2.0 >= free {
            let text = words::duration((to - from) / 10);
            text_at(&mut body, "dim", x, plot_height + 12.0, "middle", &text);
            free = x + LABEL / 2.0;
        }
    }
    legend(&mut body, plot_height + 34.0, stages);
    let height = plot_height + 48.0;
    let names: Vec<&str> = stages.iter().map(|stage| &*stage.name).collect();
    let pages = words::plural(report.setting.urls.len() as u64, "page");
    let title = escaped(&format!(
        "{}: a recorded run of {pages}, slowly; time is stretched where something happens",
        words::list(&names)
    ));
    let style = STYLE.replace("\r\n", "\n");
    let (left, width) = (LEFT - 1.0, PLOT + 14.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"
 aria-label="{title}"><title>{title}</title>
<style>
{style}@media (prefers-reduced-motion: no-preference) {{
  .play {{ animation: go {SECONDS}s linear infinite }}
  @keyframes go {{
    0% {{ transform: translateX(0) }} 88%, 100% {{ transform: translateX({PLOT}px) }}
  }}
}}
</style>
<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse"
 patternTransform="rotate(45)"><rect class="hatch" width="3" height="7"/></pattern>
<rect class="paper" width="{WIDTH}" height="{height}"/>
{body}<clipPath id="plot"><rect x="{left}" width="{width}" height="{plot_height}"/></clipPath>
<g clip-path="url(#plot)"><g class="play">
<rect class="veil" x="{LEFT}" width="{WIDTH}" height="{plot_height}"/>
<rect class="needle" x="{left}" width="2" height="{plot_height}"/>
</g></g>
</svg>
"##,
    )
}

fn draw(svg: &mut String, stage: &Drawn<'_>, axis: &Axis, y: f64) {
    text_at(svg, "name", 8.0, y + 16.0, "start", &stage.name);
    text_at(svg, "dim", 8.0, y + 33.0, "start", &stage.about);
    let end = stage.activity.steps.iter().map(|step| step.to().0).max().unwrap_or(0);
    for (from, to) in axis.cuts().filter(|(from, _)| *from < end) {
        rect(svg, "gap", axis.x(from), axis.x(to), y, stage.height() - 8.0);
    }
    for worker in &stage.loops {
        let Some(lane) = stage.worker_lane(*worker) else { continue };
        if !stage.has_one_worker() {
            let name = stage.activity.workers[*worker].to_string();
            text_at(svg, "dim", LEFT - 8.0, y + lane + 4.0, "end", &name);
        }
        draw_worker(svg, stage, *worker, axis, y + lane);
    }
    let lane = |target: usize| y + stage.first_lane() + target as f64 * LANE + LANE / 2.0;
    let wakes = steps::wakes(stage.activity);
    for target in 0..stage.run.outcomes.len() {
        draw_page(svg, stage, axis, target, lane(target), &wakes);
    }
    for wake in &wakes {
        if let Some(lowest) = wake.targets.iter().max()
            && let Some(worker) = stage.worker_lane(stage.activity.steps[wake.step].worker)
        {
            let (x, top, bottom) =
                (axis.x(stage.activity.steps[wake.step].from.0), y + worker + 8.0, lane(*lowest));
            let _ = writeln!(svg, r#"<path class="wakes" d="M{x:.1} {top:.1}V{bottom:.1}"/>"#);
        }
    }
}

/// What a worker does: blocks where code runs, a line where it sleeps.
fn draw_worker(svg: &mut String, stage: &Drawn<'_>, worker: usize, axis: &Axis, y: f64) {
    let steps: Vec<&Step> = stage.activity.steps_of(worker).collect();
    for step in steps.iter().filter(|step| step.asleep) {
        line(svg, "bed", axis.x(step.from.0), axis.x(step.to().0), y);
    }
    for start in steps.iter().filter(|step| stage.kind(step) == Kind::Starting) {
        rect(svg, "start", axis.x(start.from.0), axis.x(start.to().0), y - 5.0, 10.0);
    }
    for (from, to) in blocks(&steps) {
        rect(svg, "run", axis.x(from), axis.x(to), y - 7.0, 14.0);
    }
    for step in steps.iter().filter(|step| stage.kind(step) == Kind::Spun) {
        rect(svg, "hatched", axis.x(step.from.0), axis.x(step.to().0), y - 7.0, 14.0);
    }
}

fn draw_page(
    svg: &mut String,
    stage: &Drawn<'_>,
    axis: &Axis,
    target: usize,
    y: f64,
    wakes: &[Wake],
) {
    let steps: Vec<&Step> =
        stage.activity.steps.iter().filter(|step| step.target == Some(target)).collect();
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return };
    let starts = stage.activity.steps_of(first.worker);
    let mut starts = starts.filter(|step| stage.kind(step) == Kind::Starting);
    if let Some(start) = starts.next().filter(|_| stage.worker_lane(first.worker).is_none()) {
        let to = start.to().0.min(first.from.0);
        rect(svg, "start", axis.x(start.from.0), axis.x(to), y - 4.0, 8.0);
    }
    let spins = stage.activity.steps.iter().any(|step| stage.kind(step) == Kind::Spun);
    let sleeps = steps.iter().any(|step| step.asleep);
    let class = if sleeps {
        "bed"
    } else if spins {
        "vain"
    } else {
        "wait"
    };
    line(svg, class, axis.x(first.from.0), axis.x(last.to().0), y);
    for wake in wakes.iter().filter(|wake| wake.targets.contains(&target)) {
        let woken = &stage.activity.steps[wake.step];
        let next = steps.iter().map(|step| step.from.0).find(|from| *from >= woken.from.0);
        if let Some(next) = next.filter(|_| stage.worker_lane(woken.worker).is_some()) {
            rect(svg, "ready", axis.x(woken.from.0), axis.x(next), y - 2.5, 5.0);
        }
    }
    let spun = |step: &&&Step| stage.kind(step) != Kind::Spun;
    let steps: Vec<&Step> = steps.iter().filter(spun).copied().collect();
    for (from, to) in blocks(&steps) {
        rect(svg, "run", axis.x(from), axis.x(to), y - 4.5, 9.0);
    }
    let failed = stage.run.outcomes[target].as_ref().is_some_and(|outcome| outcome.error.is_some());
    let x = axis.x(last.to().0);
    if failed {
        text_at(svg, "lost", x, y + 4.5, "middle", "✕");
    } else {
        let _ = writeln!(svg, r#"<circle class="got" cx="{x:.1}" cy="{y:.1}" r="3.6"/>"#);
    }
}

/// Steps in which code ran; those that touch are one.
fn blocks(steps: &[&Step]) -> Vec<(u64, u64)> {
    let mut blocks: Vec<(u64, u64)> = Vec::new();
    for step in steps.iter().filter(|step| is_awake(step)) {
        match blocks.last_mut() {
            Some((_, to)) if step.from.0 < *to + TOUCHING => *to = step.to().0,
            _ => blocks.push((step.from.0, step.to().0)),
        }
    }
    blocks
}

/// What the marks mean, as far as they are there.
fn legend(svg: &mut String, y: f64, stages: &[Drawn<'_>]) {
    let has = |is: &dyn Fn(&Drawn<'_>, &Step) -> bool| {
        stages.iter().any(|stage| stage.activity.steps.iter().any(|step| is(stage, step)))
    };
    let sleeps_in_fetch = has(&|_, step| step.asleep && step.target.is_some());
    let spins = has(&|stage, step| stage.kind(step) == Kind::Spun);
    let waits = stages.iter().any(|stage| !steps::wakes(stage.activity).is_empty());
    // Such a worker has a line in which pages stand.
    let has_lane =
        |stage: &&Drawn<'_>| !stage.loops.is_empty() && !steps::wakes(stage.activity).is_empty();
    let tells = |told| stages.iter().filter(has_lane).any(|stage| told == stage.told);
    // What is not known, of a program, is told of readiness nearly always.
    let readiness = tells(Some(Told::Readiness)) || tells(None);
    let has_lane = stages.iter().any(|stage| has_lane(&stage));
    let in_line = match (tells(Some(Told::Completion)), readiness) {
        (true, false) => "done, in line",
        (true, true) => "ready or done, in line",
        (false, _) => "ready, in line",
    };
    let entries = [
        (true, "run", "its code runs"),
        (sleeps_in_fetch || has_lane, "bed", "asleep"),
        (waits, "wait", "waits, and nobody sleeps for it alone"),
        (has_lane, "ready", in_line),
        (spins, "vain", "asked in vain"),
        (true, "got", "done"),
    ];
    let mut x = 8.0;
    for (_, class, text) in entries.iter().filter(|entry| entry.0) {
        let (from, to) = (x, x + 26.0);
        match *class {
            "run" => rect(svg, class, from, to, y - 8.0, 9.0),
            "ready" => rect(svg, class, from, to, y - 6.0, 5.0),
            "got" => {
                let _ = writeln!(
                    svg,
                    r#"<circle class="got" cx="{:.1}" cy="{:.1}" r="3.6"/>"#,
                    to - 5.0,
                    y - 4.0
                );
            }
            _ => line(svg, class, from, to, y - 4.0),
        }
        text_at(svg, "dim", to + 6.0, y, "start", text);
        x = to + 6.0 + text.chars().count() as f64 * 7.0 + 18.0;
    }
}

fn rect(svg: &mut String, class: &str, from: f64, to: f64, y: f64, height: f64) {
    let width = (to - from).max(1.0);
    let _ = writeln!(
        svg,
        r#"<rect class="{class}" x="{from:.1}" y="{y:.1}" width="{width:.1}" height="{height}"/>"#
    );
}

fn line(svg: &mut String, class: &str, from: f64, to: f64, y: f64) {
    let _ = writeln!(svg, r#"<path class="{class}" d="M{from:.1} {y:.1}H{to:.1}"/>"#);
}

fn text_at(svg: &mut String, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        svg,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Did, State, Tenths};
    use crate::views::sample;

    fn drawn<T>(change: impl FnOnce(&mut Report), look: impl FnOnce(&Report, Drawn<'_>) -> T) -> T {
        let mut report = sample::report("epoll", &[]).with_pages(2).run();
        report.runs[0].activity = Some(sample::activity());
        change(&mut report);
        let rows = report.rows();
        look(&report, Drawn::new(&rows[0]).unwrap())
    }

    #[test]
    fn time_goes_to_the_right_and_nothing_leaves_the_picture() {
        let step = |from: u64, length: u64| Step {
            from: Tenths(from),
            length: Tenths(length),
            did: Some(Did::Received),
            ..sample::activity().steps[0].clone()
        };
        let steps = vec![step(30, 5), step(36, 4), step(40, 4_500_000), step(4_500_100, 10)];
        let record = |report: &mut Report| report.runs[0].activity.as_mut().unwrap().steps = steps;
        drawn(record, |_, stage| {
            let axis = Axis::new(&[stage]);
            assert_eq!(axis.cuts().collect::<Vec<_>>(), [(40, 4_500_100)]);
            let times = [0, 30, 33, 36, 40, 100, 2_000_000, 4_500_100, 9_000_000_000];
            let places = times.map(|time| axis.x(time));
            assert!(places.is_sorted(), "{places:?}");
            assert!(
                (places[0] - LEFT).abs() < 0.01 && places[8] <= LEFT + PLOT + 0.01,
                "{places:?}"
            );
        });
    }

    #[test]
    fn a_name_from_outside_is_only_text() {
        let rename =
            |report: &mut Report| report.entrants[0].name = "</style><script>x()".to_owned();
        let svg = drawn(rename, |report, stage| replay(report, &[stage]));
        let tree = roxmltree::Document::parse(&svg).unwrap();
        assert!(!tree.descendants().any(|node| node.has_tag_name("script")));
        assert!(svg.contains("&lt;/style&gt;&lt;script"), "{svg}");
    }

    #[test]
    fn what_cannot_be_drawn_is_told() {
        let error = |report: &Report| Drawn::new(&report.rows()[0]).err().unwrap();
        let mut report = sample::report("epoll", &[]).with_pages(30).run();
        assert_eq!(error(&report), "nothing was recorded of epoll");
        report.runs[0].activity = Some(sample::activity());
        let steps = &mut report.runs[0].activity.as_mut().unwrap().steps;
        *steps = vec![steps[0].clone(); STEPS + 1];
        let told = "epoll recorded 20,001 steps, and a picture has room for 20,000";
        assert!(error(&report).starts_with(told), "{}", error(&report));
        report.runs[0].activity = Some(sample::activity());
        assert!(error(&report).contains("30 pages, and a picture has room for 24: use --pages 10"));
    }

    /// Two loops are woken in turn.
    fn two_loops() -> Activity {
        let step = |worker, target, did: Did, from| Step {
            from: Tenths(from),
            length: Tenths(10),
            worker,
            did: Some(did.clone()),
            state: if did == Did::Slept { State::Selecting } else { State::Running },
            target,
            asleep: did == Did::Slept,
            ..sample::activity().steps[0].clone()
        };
        let workers = vec![crawl::Worker::Process(1), crawl::Worker::Process(2)];
        let steps = vec![
            step(0, Some(0), Did::Begun, 0),
            step(1, Some(1), Did::Begun, 5),
            step(0, None, Did::Slept, 10),
            step(1, None, Did::Slept, 15),
            step(0, None, Did::Woken, 100),
            step(1, None, Did::Woken, 105),
            step(0, Some(0), Did::Received, 110),
            step(1, Some(1), Did::Received, 115),
        ];
        Activity { workers, steps, ..sample::activity() }
    }

    /// Each wake is for the pages of its own loop.
    #[test]
    fn a_wake_belongs_to_its_own_worker_and_each_loop_has_a_lane() {
        let record = |report: &mut Report| report.runs[0].activity = Some(two_loops());
        drawn(record, |report, stage| {
            let svg = replay(report, &[stage]);
            assert_eq!(svg.matches(r#"class="wakes""#).count(), 2, "{svg}");
            let tree = roxmltree::Document::parse(&svg).unwrap();
            let beds = tree.descendants().filter(|node| node.attribute("class") == Some("bed"));
            assert_eq!(beds.count(), 3, "a sleep of each loop, and one in the legend: {svg}");
            assert!(svg.contains(">process 1<") && svg.contains(">process 2<"), "{svg}");
        });
    }

    #[test]
    fn who_stands_in_line_is_ready_or_done() {
        let in_line = |stages: &[&str]| {
            let mut report = sample::report(&stages.join(","), &[]).with_pages(2).run();
            for run in &mut report.runs {
                run.activity = Some(two_loops());
            }
            let rows = report.rows();
            let drawn: Vec<_> = rows.iter().map(|row| Drawn::new(row).unwrap()).collect();
            let svg = replay(&report, &drawn);
            let end = svg.find(", in line<").unwrap();
            svg[..end].rsplit('>').next().unwrap().to_owned()
        };
        assert_eq!(in_line(&["epoll"]), "ready");
        assert_eq!(in_line(&["io-uring"]), "done");
        assert_eq!(in_line(&["epoll", "io-uring"]), "ready or done");
    }
}
