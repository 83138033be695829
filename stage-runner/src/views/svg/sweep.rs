//! The sweep as a picture: an SVG that needs nothing beside it, to be shown on a wall.
//!
//! Each line carries its name at its end, so that nobody has to look a color up. Where a stage goes
//! no further, its line ends with a cross, and the reason stands above it.

use std::borrow::Cow;
use std::fmt::Write;

use super::escaped;
use crate::lineup::Language;
use crate::lineup::stages::STAGES;
use crate::results::Sweep;
use crate::results::sweep::{Point, Track};
use crate::views::measures::{FEW, MEASURES, Measure, not_all_at_once};
use crate::words;

const WIDTH: f64 = 1600.0;
const HEIGHT: f64 = 900.0;

/// From one name to the next below it.
const NAME_HEIGHT: f64 = 20.0;

/// From one reason to the next below it.
const REASON_HEIGHT: f64 = 25.0;

/// A letter is about so wide.
const LETTER: f64 = 9.0;

/// Where each measure is drawn, left, top, width and height, and its title there.
const PANELS: [(Frame, &str); 3] = [
    (Frame { x: 80.0, y: 155.0, w: 1320.0, h: 300.0 }, "Wall time, × the delay of a page"),
    (Frame { x: 80.0, y: 545.0, w: 520.0, h: 265.0 }, "CPU time for each fetch"),
    (Frame { x: 900.0, y: 545.0, w: 500.0, h: 265.0 }, "Memory for each fetch in flight"),
];

/// Colors on white and on black, by place in the list of stages, hidden ones last: neighbors that
/// tie differ.
const COLORS: [(&str, &str); 20] = [
    ("#5f6368", "#b0b4b9"),
    ("#b3261e", "#ff8a80"),
    ("#b85300", "#ffab5e"),
    ("#7a5230", "#d0a883"),
    ("#a01284", "#f28bdc"),
    ("#5548c8", "#b3a8ff"),
    ("#1769c2", "#82b8ff"),
    ("#0b3c7d", "#5cd0ff"),
    ("#7d5f00", "#f0cf66"),
    ("#1f7a33", "#7fd992"),
    ("#6b7400", "#d3dc5a"),
    ("#00777a", "#5fdde0"),
    ("#111111", "#ffffff"),
    ("#8a1c4a", "#ff9fc2"),
    ("#3f5f2a", "#b3d69a"),
    ("#46557a", "#aebde0"),
    ("#c2185b", "#ff86b3"),
    ("#00695c", "#6fe3c4"),
    ("#5d4037", "#e0bfa8"),
    ("#283593", "#9fa8ff"),
];

#[derive(Clone, Copy)]
struct Frame {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

impl Frame {
    fn right(&self) -> f64 {
        self.x + self.w
    }

    fn bottom(&self) -> f64 {
        self.y + self.h
    }
}

/// From a quantity to a place, both ways logarithmic.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + share * (self.to - self.from)
    }

    /// Round numbers to draw a line at: as few of them as tell the scale.
    fn ticks(&self) -> Vec<f64> {
        const ROUND: [&[f64]; 4] =
            [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 1.2, 1.5, 2.0, 3.0, 5.0]];
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let ticks = |round: &&[f64]| {
            let all = decades.clone().flat_map(|power| round.iter().map(move |r| (power, *r)));
            let all = all.map(|(power, round)| round * 10_f64.powi(power));
            all.filter(|tick| (self.low..=self.high).contains(tick)).collect::<Vec<_>>()
        };
        let finest = ROUND[ROUND.len() - 1];
        ROUND.iter().map(ticks).find(|ticks| ticks.len() >= 4).unwrap_or(ticks(&finest))
    }
}

/// The whole picture.
pub fn sweep(sweep: &Sweep) -> String {
    let mut svg = String::new();
    head(&mut svg, sweep);
    let x_range = (sweep.steps[0] as f64, sweep.steps[sweep.steps.len() - 1] as f64);
    let x_range = if x_range.0 < x_range.1 { x_range } else { (x_range.0 / 2.0, x_range.1 * 2.0) };
    for ((frame, title), measure) in PANELS.iter().zip(&MEASURES) {
        let x = Scale { low: x_range.0, high: x_range.1, from: frame.x + 14.0, to: frame.right() };
        let is_first = frame.y == PANELS[0].0.y;
        panel(&mut svg, sweep, frame, title, measure, x, is_first);
    }
    svg += "</svg>\n";
    svg
}

fn head(svg: &mut String, sweep: &Sweep) {
    let many = |step: Option<&usize>| words::count(*step.expect("there is a step") as u64);
    let (first, last) = (many(sweep.steps.first()), many(sweep.steps.last()));
    let delay = words::plain(sweep.delay);
    let debug = if sweep.build.is_debug() { " Debug build: CPU reads high." } else { "" };
    let python = sweep.python.as_ref();
    let python = python.map(|version| format!(" Dotted, py: in Python {version}."));
    let python = escaped(&python.unwrap_or_default());
    let part = if sweep.interrupted { " Interrupted: not all of it." } else { "" };
    let late: Vec<String> = sweep.tracks.iter().filter_map(not_all_at_once).collect();
    let notes = escaped(&[&late[..], &[FEW.to_owned()]].concat().join(" "));
    let dark: String = (0..COLORS.len()).map(dark_color).collect();
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="16" fill="#202124">
<title>Ways to wait, from {first} to {last} in flight</title>
<desc>Wall time, CPU time and memory of each stage against how many fetches are in flight, all axes logarithmic.</desc>
<style>
.paper {{ fill: #fbfbfa }}
.halo {{ paint-order: stroke; stroke: #fbfbfa; stroke-width: 5px; stroke-linejoin: round }}
@media (prefers-color-scheme: dark) {{
svg {{ fill: #e8e8e6 }} .paper {{ fill: #1c1d1f }} .halo {{ stroke: #1c1d1f }}
.grid {{ stroke: #3c3f44 }} .faint {{ fill: #a8abb0 }}
{dark}}}
</style>
<rect class="paper" width="{WIDTH}" height="{HEIGHT}" fill="#fbfbfa"/>
<text x="40" y="52" font-size="30" font-weight="bold">Ways to wait, from {first} to {last} pages at once</text>
<text x="40" y="84" font-size="19" class="faint" fill="#5f6368">Every page is {delay} away. One run each, all scales logarithmic.{python}{debug}{part}</text>
<text x="40" y="882" class="faint" fill="#5f6368">{notes}</text>
"##
    );
}

fn dark_color(at: usize) -> String {
    let dark = COLORS[at].1;
    format!(".c{at} {{ stroke: {dark} }} .t{at} {{ fill: {dark} }}\n")
}

/// The place of a stage's color.
fn color(track: &Track) -> usize {
    let (hidden, shown): (Vec<_>, Vec<_>) = STAGES.iter().partition(|stage| stage.hidden);
    let place = shown.iter().chain(&hidden).position(|stage| stage.name == track.entrant.name);
    place.unwrap_or(0) % COLORS.len()
}

fn panel(
    svg: &mut String,
    sweep: &Sweep,
    frame: &Frame,
    title: &str,
    measure: &Measure,
    x: Scale,
    with_reasons: bool,
) {
    let values = sweep.tracks.iter().flat_map(|track| &track.points);
    let values: Vec<f64> = values.filter_map(measure.of).filter(|value| *value > 0.0).collect();
    let y = y_scale(frame, &values, with_reasons);
    let _ = writeln!(
        svg,
        r#"<g><text x="{}" y="{}" font-size="20" font-weight="bold">{}</text>"#,
        frame.x - 40.0,
        frame.y - 16.0,
        escaped(title)
    );
    if values.is_empty() {
        let (x, y) = (frame.x + 20.0, frame.y + frame.h / 2.0);
        let is_measured = sweep.tracks.iter().any(|track| !track.points.is_empty());
        let why = if is_measured { "This system does not tell." } else { "Nothing was measured." };
        let _ = writeln!(svg, r#"<text x="{x}" y="{y}">{why}</text>"#);
    }
    axes(svg, sweep, frame, measure, x, y);

    let mut names: Vec<Name<'_>> = Vec::new();
    for track in &sweep.tracks {
        let place = |point: &Point| {
            let value = (measure.of)(point).filter(|value| *value > 0.0)?;
            Some((x.at(point.in_flight as f64), y.at(value)))
        };
        let places: Vec<(f64, f64)> = track.points.iter().filter_map(place).collect();
        line(svg, track, &places);
        if let Some(&(x, y)) = places.last() {
            names.push(Name { track, x, y, wanted: y });
        }
    }
    if with_reasons {
        reasons(svg, sweep, frame, x, &names);
    }
    // Names of lines that go all the way stand to the right of the frame. Those that end before are
    // named by their reason, or, in the other panels, where they end.
    let last = x.at(sweep.steps[sweep.steps.len() - 1] as f64);
    let (mut complete, early): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.x > last - 1.0 && name.track.end.is_none());
    spread(&mut complete, frame.y, frame.bottom() - 8.0);
    for name in &complete {
        draw_name(svg, name, frame.right() + 26.0);
    }
    for name in &early {
        cross(svg, name);
    }
    if !with_reasons {
        draw_early(svg, early, frame);
    }
    *svg += "</g>\n";
}

/// Room for the reasons above the lines, in the panel that has them.
fn y_scale(frame: &Frame, values: &[f64], with_reasons: bool) -> Scale {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let (least, most) = if values.is_empty() { (1.0, 10.0) } else { (least, most) };
    let (low, high) = if with_reasons {
        let low = least.min(1.0) * 0.93;
        (low, (most / low).powf(1.5).max(3.0) * low)
    } else {
        (least / 1.5, most * 1.5)
    };
    Scale { low, high, from: frame.bottom(), to: frame.y }
}

fn axes(svg: &mut String, sweep: &Sweep, frame: &Frame, measure: &Measure, x: Scale, y: Scale) {
    let (left, right, bottom) = (frame.x, frame.right(), frame.bottom());
    for tick in y.ticks() {
        let (at, label) = (y.at(tick), tick_text(measure, tick));
        let _ = writeln!(
            svg,
            r##"<path class="grid" d="M{left} {at:.1}H{right}" stroke="#dcdcd8"/><text class="faint" fill="#5f6368" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
            left - 8.0,
            at + 6.0,
            escaped(&label)
        );
    }
    let ticks = x.ticks();
    let ticks =
        if ticks.is_empty() { sweep.steps.iter().map(|s| *s as f64).collect() } else { ticks };
    for tick in ticks {
        let (at, label) = (x.at(tick), words::count(tick.round() as u64));
        let _ = writeln!(
            svg,
            r##"<path class="grid" d="M{at:.1} {bottom}v6" stroke="#9a9a96"/><text class="faint" fill="#5f6368" x="{at:.1}" y="{}" text-anchor="middle">{label}</text>"##,
            bottom + 26.0
        );
    }
    let _ = writeln!(
        svg,
        r##"<path class="grid" d="M{left} {bottom}H{right}" stroke="#9a9a96"/><text class="faint" fill="#5f6368" x="{}" y="{}" text-anchor="end">in flight</text>"##,
        right,
        bottom + 48.0
    );
}

/// The same words as in the table, without the digits that a round number does not have.
fn tick_text(measure: &Measure, tick: f64) -> String {
    let text = (measure.text)(tick);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        None if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text,
    }
}

/// One stage: a line, and a dot for each run. The yardstick's is dashed, and those in Python are
/// dotted.
fn line(svg: &mut String, track: &Track, places: &[(f64, f64)]) {
    let at = color(track);
    let stroke = COLORS[at].0;
    let stage = track.entrant.stage.as_ref();
    let is_yardstick = stage.is_some_and(|stage| stage.chapter.is_none());
    let dashes = match track.entrant.language {
        Language::Python => r#" stroke-dasharray="2 5""#,
        _ if is_yardstick => r#" stroke-dasharray="9 6""#,
        _ => "",
    };
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        r#"<polyline class="c{at}" data-stage="{}" points="{}" fill="none" stroke="{stroke}" stroke-width="3" stroke-linejoin="round"{dashes}/>"#,
        escaped(&track.title()),
        points.join(" ")
    );
    for (x, y) in places {
        let _ =
            write!(svg, r#"<circle class="t{at}" cx="{x:.1}" cy="{y:.1}" r="4" fill="{stroke}"/>"#);
    }
    svg.push('\n');
}

/// The name at the end of a line, and where it should stand.
struct Name<'a> {
    track: &'a Track,
    x: f64,
    y: f64,
    wanted: f64,
}

/// What fits beside a line.
fn short_title(track: &Track) -> Cow<'_, str> {
    match track.entrant.language {
        Language::Python => Cow::Owned(format!("{} py", track.entrant.name)),
        _ => Cow::Borrowed(&track.entrant.name),
    }
}

/// Moves names apart, up and down, as little as it takes.
fn spread(names: &mut [Name<'_>], top: f64, bottom: f64) {
    names.sort_by(|a, b| a.y.total_cmp(&b.y));
    let gap = NAME_HEIGHT.min((bottom - top) / names.len().max(1) as f64);
    // Downwards from the top, then back up from the bottom, half of each: a knot of names stays
    // around its lines.
    let mut down: Vec<f64> = names.iter().map(|name| name.y).collect();
    for at in 1..down.len() {
        down[at] = down[at].max(down[at - 1] + gap);
    }
    let mut up: Vec<f64> = names.iter().map(|name| name.y).collect();
    for at in (1..up.len()).rev() {
        up[at - 1] = up[at - 1].min(up[at] - gap);
    }
    for (name, (down, up)) in names.iter_mut().zip(down.iter().zip(&up)) {
        name.wanted = f64::midpoint(*down, *up);
    }
    // Inside the frame, whatever it takes.
    let count = names.len();
    for at in 0..count {
        let least = if at == 0 { top } else { names[at - 1].wanted + gap };
        names[at].wanted = names[at].wanted.max(least);
    }
    for at in (0..count).rev() {
        let most = if at + 1 == count { bottom } else { names[at + 1].wanted - gap };
        names[at].wanted = names[at].wanted.min(most);
    }
}

fn draw_name(svg: &mut String, name: &Name<'_>, x: f64) {
    let at = color(name.track);
    let color = COLORS[at].0;
    // So that the longest name fits beside its line.
    let size = if name.track.entrant.language == Language::Python { 14 } else { 17 };
    let _ = writeln!(
        svg,
        r#"<path class="c{at}" d="M{:.1} {:.1}L{:.1} {:.1}" stroke="{color}" opacity="0.6"/><text class="t{at} halo" x="{x:.1}" y="{:.1}" font-size="{size}" font-weight="bold" fill="{color}">{}</text>"#,
        name.x + 5.0,
        name.y,
        x - 4.0,
        name.wanted,
        name.wanted + 6.0,
        escaped(&short_title(name.track))
    );
}

/// Here this stage ends.
fn cross(svg: &mut String, name: &Name<'_>) {
    if name.track.end.is_none() {
        return;
    }
    let (at, x, y) = (color(name.track), name.x, name.y);
    let color = COLORS[at].0;
    let _ = writeln!(
        svg,
        r#"<path class="c{at}" d="M{:.1} {:.1}l16 16m0 -16l-16 16" stroke="{color}" stroke-width="4" fill="none"/>"#,
        x - 8.0,
        y - 8.0
    );
}

/// Names of lines that end inside the frame, beside their ends; those that end together share one
/// text.
fn draw_early(svg: &mut String, mut early: Vec<Name<'_>>, frame: &Frame) {
    early.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    while !early.is_empty() {
        let x = early[0].x;
        let same = early.iter().take_while(|name| name.x - x < 1.0).count();
        let mut column: Vec<_> = early.drain(..same).collect();
        for name in &mut column {
            name.y -= 2.0;
        }
        spread(&mut column, frame.y + 10.0, frame.bottom());
        for name in &column {
            draw_name(svg, name, x + 16.0);
        }
    }
}

/// Why lines end, above where they do, each on a height of its own.
fn reasons(svg: &mut String, sweep: &Sweep, frame: &Frame, x: Scale, names: &[Name<'_>]) {
    let mut ends = sweep.common_ends();
    ends.sort_by_key(|(tracks, end)| (tracks[0].points.len(), end.in_flight));
    // The dotted lines first: where one has to cross a text, it goes behind it.
    let mut texts = String::new();
    for (level, (tracks, end)) in ends.iter().enumerate() {
        let named: Vec<_> = tracks.iter().map(|track| track.title()).collect();
        let named: Vec<&str> = named.iter().map(AsRef::as_ref).collect();
        let at = color(tracks[0]);
        let color = COLORS[at].0;
        let text = format!(
            "{} {} before {}: {}",
            words::list(&named),
            if named.len() == 1 { "ends" } else { "end" },
            words::count(end.in_flight as u64),
            short(&end.reason())
        );
        let y = frame.y + 12.0 + level as f64 * REASON_HEIGHT;
        let of = names.iter().find(|name| name.track.entrant == tracks[0].entrant);
        let from = of.map_or(x.at(end.in_flight as f64), |name| name.x);
        if let Some(name) = of.filter(|name| name.y > y + 14.0) {
            let _ = writeln!(
                svg,
                r#"<path class="c{at}" d="M{from:.1} {:.1}V{:.1}" stroke="{color}" stroke-width="1.5" stroke-dasharray="2 4"/>"#,
                name.y - 10.0,
                y + 8.0
            );
        }
        let width = words::width(&text) as f64 * LETTER;
        // Names stand to the right of the frame.
        let start = from.min(frame.right() - width).max(frame.x);
        let _ = writeln!(
            texts,
            r#"<text class="t{at} halo" data-end="{}" x="{start:.1}" y="{:.1}" font-size="17" fill="{color}">{}</text>"#,
            escaped(&named.join(" ")),
            y + 2.0,
            escaped(&text)
        );
    }
    *svg += &texts;
}

/// The heart of a reason: without what stands in brackets, and without what would not fit.
fn short(reason: &str) -> String {
    let mut depth = 0;
    let mut plain = String::new();
    for c in reason.chars() {
        depth += i32::from(c == '(');
        if depth == 0 {
            plain.push(c);
        }
        depth -= i32::from(c == ')' && depth > 0);
    }
    words::cut(plain.trim(), 80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineup::Languages;
    use crate::lineup::entrants::choose;

    #[test]
    fn ticks_are_few_and_round() {
        let ticks = |low, high| Scale { low, high, from: 0.0, to: 1.0 }.ticks();
        assert_eq!(ticks(1.0, 10_000.0), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(ticks(0.9, 4.0), [1.0, 1.2, 1.5, 2.0, 3.0]);
        assert_eq!(tick_text(&MEASURES[0], 1.2), "1.2");
        assert_eq!(tick_text(&MEASURES[1], 1000.0), "1 ms");
        assert_eq!(tick_text(&MEASURES[1], 100.0), "100 µs");
    }

    #[test]
    fn names_keep_their_distance_and_stay_inside() {
        let track = Track {
            entrant: choose(&["epoll".to_owned()], &[], Languages::Rust).unwrap().remove(0),
            points: Vec::new(),
            end: None,
        };
        let name = |y| Name { track: &track, x: 0.0, y, wanted: y };
        let mut names: Vec<_> = [198.0, 199.0, 200.0, 150.0, 199.5].map(name).into();
        spread(&mut names, 100.0, 200.0);
        let wanted: Vec<f64> = names.iter().map(|name| name.wanted).collect();
        assert!(
            wanted.windows(2).all(|pair| pair[1] - pair[0] >= NAME_HEIGHT - 0.01),
            "{wanted:?}"
        );
        assert!(wanted.iter().all(|at| (100.0..=200.0).contains(at)), "{wanted:?}");
    }

    #[test]
    fn texts_are_escaped_and_short() {
        assert_eq!(escaped("<a & \"b\">\u{1b}"), "&lt;a &amp; &quot;b&quot;&gt; ");
        assert_eq!(short("Too many open files (os error 24)"), "Too many open files");
    }
}
