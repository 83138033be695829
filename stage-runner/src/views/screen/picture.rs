//! Time as columns of characters.

use crate::views::style::{Ink, paint};
use crate::words;

/// A stretch of time from 0, in so many columns.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Where it ends.
    pub end_us: u64,
    /// How wide it is.
    pub columns: usize,
}

impl Axis {
    /// How much time one column is.
    pub fn column_us(&self) -> f64 {
        self.end_us.max(1) as f64 / self.columns as f64
    }

    /// How many columns a time fills, to the nearest one.
    pub fn columns_to(&self, us: u64) -> usize {
        (us as f64 / self.column_us()).round() as usize
    }

    /// The column in which something that ends at that time is drawn.
    pub fn column_of(&self, us: u64) -> usize {
        self.columns_to(us).clamp(1, self.columns) - 1
    }

    /// The ruler above the picture: `0         1.5       3     4.5 s`.
    pub fn ruler(&self) -> String {
        let (unit, unit_us) = match self.end_us {
            1_000_000.. => (" s", 1e6),
            1_000..1_000_000 => (" ms", 1e3),
            _ => (" µs", 1.0),
        };
        let step = self.step();
        let last = (self.end_us as f64 / step + 1e-9).floor() as usize;
        let label = |tick: usize| {
            let unit = if tick == last { unit } else { "" };
            format!("{}{unit}", trimmed(tick as f64 * step / unit_us))
        };
        let place = |tick: usize, width: usize| {
            let at = (tick as f64 * step / self.column_us()).round() as usize;
            at.min(self.columns.saturating_sub(width))
        };
        // The last label has the unit: one that it would touch gives way.
        let end = label(last);
        let end_at = place(last, end.chars().count());
        let mut ruler = String::new();
        for tick in 0..last {
            let label = label(tick);
            let (at, used) = (place(tick, label.len()), ruler.chars().count());
            if (tick == 0 || at > used) && at + label.len() < end_at {
                ruler.extend(std::iter::repeat_n(' ', at - used));
                ruler.push_str(&label);
            }
        }
        ruler.extend(std::iter::repeat_n(' ', end_at - ruler.chars().count()));
        format!(
            "{ruler}{end}{:<width$}",
            "",
            width = self.columns.saturating_sub(end_at + end.chars().count())
        )
    }

    /// The time between two labels: a round one, with room for a label.
    fn step(&self) -> f64 {
        let least = self.column_us() * 8.0;
        let magnitude = 10_f64.powf(least.log10().floor());
        let round = [1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0].map(|factor| factor * magnitude);
        round.into_iter().find(|step| *step >= least).unwrap_or(10.0 * magnitude)
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One character of a picture, and what it means.
pub type Cell = (char, Ink);

/// Nothing is there.
pub const EMPTY: Cell = (' ', Ink::Plain);
/// Somebody sleeps.
pub const ASLEEP: Cell = ('░', Ink::Asleep);
/// Somebody computes.
pub const COMPUTING: Cell = ('█', Ink::Computing);
/// Somebody could run, and has no processor.
pub const RUNNABLE: Cell = ('▒', Ink::Asleep);
/// A fetch keeps the event loop from all others.
pub const BLOCKING: Cell = ('b', Ink::Failed);
/// A fetch ended without a page.
pub const FAILED: Cell = ('x', Ink::Failed);

/// The cells in their inks.
pub fn painted(cells: &[Cell]) -> String {
    let parts = cells.chunk_by(|a, b| a.1 == b.1);
    parts
        .map(|part| paint(part[0].1, &part.iter().map(|cell| cell.0).collect::<String>()))
        .collect()
}

/// So many cells of sleep, work and waiting for a processor, spread evenly: how much of the time
/// each was, not when.
pub fn shares(columns: usize, work: f64, runnable: f64) -> Vec<Cell> {
    let work = work.clamp(0.0, 1.0);
    let awake = (work + runnable.max(0.0)).clamp(0.0, 1.0);
    let up_to = |columns: usize, share: f64| (columns as f64 * share).round() as usize;
    let computing = if awake > 0.0 { work / awake } else { 0.0 };
    let cell = |at: usize| {
        let (before, now) = (up_to(at, awake), up_to(at + 1, awake));
        match now > before {
            false => ASLEEP,
            true if up_to(now, computing) > up_to(before, computing) => COMPUTING,
            true => RUNNABLE,
        }
    };
    (0..columns).map(cell).collect()
}

/// Writes onto the cells how many pages arrived where: `░░1░░1░░10`.
///
/// Two numbers never touch. Where they would, the later pages wait for the next number, so that the
/// numbers always add up to all pages.
pub fn write_arrivals(cells: &mut Vec<Cell>, axis: &Axis, arrivals: &[u64]) {
    for (start, number) in labels(&arrived(axis, arrivals)) {
        let digits = number.to_string();
        for (at, digit) in (start..).zip(digits.chars()) {
            if at >= cells.len() {
                cells.resize(at + 1, ASLEEP);
            }
            cells[at] = (digit, Ink::Arrived);
        }
    }
}

/// How many arrived in each column. Pages that came within the time of one column of each other
/// came together, on whichever side of its edge.
fn arrived(axis: &Axis, arrivals: &[u64]) -> Vec<usize> {
    let mut sorted = arrivals.to_vec();
    sorted.sort_unstable();
    let mut per_column = vec![0; axis.columns];
    let mut together = None;
    for arrival in sorted {
        match together {
            Some(first) if ((arrival - first) as f64) < axis.column_us() => {}
            _ => together = Some(arrival),
        }
        per_column[axis.column_of(together.unwrap_or(arrival))] += 1;
    }
    per_column
}

/// Numbers and the columns where they begin.
fn labels(per_column: &[usize]) -> Vec<(usize, usize)> {
    let columns = per_column.len();
    let mut labels: Vec<(usize, usize)> = Vec::new();
    let (mut column, mut waiting) = (0, 0);
    while column < columns {
        let start = column;
        waiting += per_column[column];
        column += 1;
        if waiting == 0 {
            continue;
        }
        // The number covers columns to its right: what arrived there is in it too.
        while column < columns && column < start + digits(waiting) {
            waiting += per_column[column];
            column += 1;
        }
        if start + digits(waiting) <= columns {
            labels.push((start, waiting));
            // As much sleep as digits, so that a row of numbers still shows the one between the
            // others.
            let gap = column..columns.min(column + digits(waiting));
            column = gap.end.max(column);
            waiting = per_column[gap].iter().sum();
        }
    }
    // What found no room at the right edge is written flush with it, together with whatever stands
    // in the way.
    while waiting > 0 {
        let start = columns.saturating_sub(digits(waiting));
        match labels.last() {
            Some(&(at, number)) if at + digits(number) + 1 > start => {
                waiting += number;
                labels.pop();
            }
            _ => {
                labels.push((start, waiting));
                waiting = 0;
            }
        }
    }
    labels
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

/// A time for a legend.
pub fn column_is(axis: &Axis) -> String {
    match axis.column_us().round() as u64 {
        0 => format!("one column is less than {}", words::duration(1)),
        us => format!("one column is {}", words::duration(us)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(cells: &[Cell]) -> String {
        cells.iter().map(|cell| cell.0).collect()
    }

    fn row(end_us: u64, columns: usize, wall: u64, arrivals: &[u64]) -> String {
        let axis = Axis { end_us, columns };
        let mut cells = shares(axis.columns_to(wall), 0.0, 0.0);
        write_arrivals(&mut cells, &axis, arrivals);
        plain(&cells)
    }

    #[test]
    fn the_two_classic_rows() {
        let one_by_one: Vec<u64> = (1..=10).map(|page| page * 451_000).collect();
        assert_eq!(row(4_510_000, 30, 4_510_000, &one_by_one), "░░1░░1░░1░░1░░1░░1░░1░░1░░1░░1");
        assert_eq!(row(4_510_000, 30, 453_000, &[452_000; 10]), "░░10");
    }

    #[test]
    fn a_column_is_never_nothing() {
        let column = |end_us| column_is(&Axis { end_us, columns: 30 });
        assert_eq!(column(4_500_000), "one column is 150 ms");
        assert_eq!(column(9), "one column is less than 1 µs");
        assert_eq!(column(0), "one column is less than 1 µs");
    }

    #[test]
    fn rulers() {
        let ruler = |end_us, columns| Axis { end_us, columns }.ruler();
        assert_eq!(ruler(4_510_000, 30), "0         1.5       3    4.5 s");
        assert_eq!(ruler(452_300, 46), "0         100       200        300      400 ms");
        assert_eq!(ruler(900, 30).trim_end(), "0       250      500    750 µs");
        assert_eq!(ruler(467_000, 23), "0         200    400 ms");
        assert_eq!(ruler(452_000, 25), "0       150        450 ms");
        assert_eq!(ruler(0, 30).chars().count(), 30);
    }

    #[test]
    fn work_is_spread_evenly() {
        let shown = |columns, work| plain(&shares(columns, work, 0.0));
        assert_eq!(shown(8, 0.5), "█░█░█░█░");
        assert_eq!((shown(3, 1.7), shown(3, 0.01)), ("███".to_owned(), "░░░".to_owned()));
    }

    #[test]
    fn three_states_share_the_columns() {
        let count = |work, runnable| {
            let cells = plain(&shares(100, work, runnable));
            ['░', '█', '▒'].map(|c| cells.chars().filter(|cell| *cell == c).count())
        };
        assert_eq!(count(0.25, 0.25), [50, 25, 25]);
        assert_eq!(count(0.45, 0.55), [0, 45, 55]);
        assert_eq!(count(0.0, 0.1), [90, 0, 10]);
        assert_eq!(count(1.4, 0.3), [0, 100, 0]);
    }

    /// Whatever arrives when: the numbers add up, and no two of them touch.
    #[test]
    fn numbers_add_up() {
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..3000 {
            let columns = 10 + random(40) as usize;
            let most = [3, 30, 300, 20_000][round % 4];
            let pages = random(most) as usize;
            let arrivals: Vec<u64> = (0..pages).map(|_| random(1000)).collect();
            let shown = row(1000, columns, 1000, &arrivals);
            assert_eq!(shown.chars().count(), columns, "{shown}");
            let numbers = shown.split('░').filter(|number| !number.is_empty());
            let sum: usize = numbers.map(|number| number.parse::<usize>().unwrap()).sum();
            assert_eq!(sum, pages, "{shown}");
        }
    }
}
