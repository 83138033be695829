//! The comparison: a row for each stage, drawn as they finish.

use std::io::{self, Write};

use super::columns::{Column, UNKNOWN, cell};
use super::picture::{self, Axis, FAILED};
use super::{joined, print, sentences, waterfall, wrapped};
use crate::interrupt;
use crate::look::{Ink, paint};
use crate::progress;
use crate::session::Session;
use crate::summary::Row;
use crate::text;

/// From this width up there are more columns.
const WIDE: usize = 110;

/// The narrowest and the widest picture.
const PICTURE: (usize, usize) = (16, 60);

/// The longest name that is shown whole.
const NAME: usize = 20;

/// What a row is drawn to.
#[derive(Clone, Debug)]
struct Plan {
    name: usize,
    axis: Axis,
    columns: Vec<Column>,
}

/// The comparison on the screen; one stage alone gets the waterfall.
pub struct Table<'a> {
    session: &'a Session<'a>,
    plan: Option<Plan>,
    /// The lines printed since the headline.
    printed: Vec<String>,
    /// How many rows are among them.
    rows_printed: usize,
    /// How many notes had been written before.
    notes: usize,
}

impl<'a> Table<'a> {
    /// Nothing printed yet.
    pub fn new(session: &'a Session<'a>) -> Table<'a> {
        Table {
            session,
            plan: None,
            printed: Vec::new(),
            rows_printed: 0,
            notes: progress::notes(),
        }
    }

    /// What is about to run.
    pub fn begin(&self) -> io::Result<()> {
        if self.is_single() && !self.session.urls.is_empty() {
            return Ok(());
        }
        let headline = sentences::headline(self.session);
        let mut lines = wrapped(&headline, self.session.look.width, 0);
        lines.extend((!self.session.urls.is_empty()).then(String::new));
        print(&self.session.look, &lines)
    }

    /// The last of these rows is complete.
    pub fn row(&mut self, rows: &[Row<'_>]) -> io::Result<()> {
        let look = &self.session.look;
        // Piped, what was printed stays: then columns that depend on rows to come have to wait for them.
        let must_wait = look.width >= WIDE && look.height.is_none();
        if self.is_single() || must_wait || self.session.urls.is_empty() {
            return Ok(());
        }
        let ran = |row: &&Row<'_>| row.runs.len() == rows[0].runs.len();
        let complete = rows.iter().take_while(ran).count();
        self.print_rows(&rows[..complete], rows)
    }

    /// Prints those of these rows that are not there yet.
    fn print_rows(&mut self, due: &[Row<'_>], rows: &[Row<'_>]) -> io::Result<()> {
        if self.plan.is_none() {
            let plan = plan(self.session, rows, self.expected_end(rows));
            self.print(header(&plan))?;
            self.plan = Some(plan);
        }
        for row in &due[self.rows_printed..] {
            let plan = self.plan.clone().expect("planned with the first row");
            for line in drawn(self.session, &plan, row, rows) {
                self.print(line)?;
            }
            self.rows_printed += 1;
        }
        Ok(())
    }

    /// All that will run has run.
    pub fn end(&mut self, rows: &[Row<'_>]) -> io::Result<()> {
        let look = self.session.look;
        if self.session.urls.is_empty() {
            return Ok(());
        }
        if self.is_single() {
            let lines = rows.first().map(|row| waterfall::lines(self.session, row));
            return print(&look, &lines.unwrap_or_default());
        }
        let pictures = self.draw_again(rows)?;
        print(&look, &below(self.session, rows, &pictures))
    }

    /// Now that everything is known, the table as it should be, where it differs from what was printed. Gives the
    /// pictures in it.
    fn draw_again(&mut self, rows: &[Row<'_>]) -> io::Result<String> {
        let look = self.session.look;
        let plan = plan(self.session, rows, slowest(rows));
        let mut lines = vec![header(&plan)];
        lines.extend(rows.iter().flat_map(|row| drawn(self.session, &plan, row, rows)));
        let pictures = rows.iter().map(|row| picture_of(&plan, row)).collect();
        if lines == self.printed {
            return Ok(pictures);
        }
        if !self.printed.is_empty() {
            let height = self.printed_height();
            let fits = look.height.is_some_and(|screen| height + 1 < screen);
            if !fits || progress::notes() != self.notes {
                // It cannot be taken back: what an interruption kept from it still has to be there.
                self.print_rows(rows, rows)?;
                let plan = self.plan.as_ref().expect("planned with the first row");
                return Ok(rows.iter().map(|row| picture_of(plan, row)).collect());
            }
            progress::set_aside(|| {
                let mut stdout = io::stdout().lock();
                write!(stdout, "\x1b[{height}A\x1b[J")?;
                stdout.flush()
            })?;
        }
        print(&look, &lines)?;
        Ok(pictures)
    }

    /// Lines of the screen that the printed lines take.
    fn printed_height(&self) -> usize {
        let columns =
            |line: &String| anstream::adapter::strip_str(line).to_string().chars().count();
        self.printed.iter().map(|line| columns(line).div_ceil(self.session.look.width).max(1)).sum()
    }

    fn is_single(&self) -> bool {
        self.session.entrants.len() == 1
    }

    fn print(&mut self, line: String) -> io::Result<()> {
        print(&self.session.look, std::slice::from_ref(&line))?;
        self.printed.push(line);
        Ok(())
    }

    /// When the slowest row will end, as far as the first rows and the site's delays tell.
    fn expected_end(&self, rows: &[Row<'_>]) -> u64 {
        let session = self.session;
        let expected =
            session.entrants.iter().filter_map(|entrant| session.expected_us(entrant)).max();
        let walls = rows.iter().filter_map(Row::wall_us).max();
        let one_at_a_time = |row: &Row<'_>| row.waits().iter().sum();
        let is_one_at_a_time = session
            .entrants
            .iter()
            .any(|entrant| entrant.stage().is_some_and(|stage| stage.one_at_a_time));
        let sums =
            rows.iter().map(one_at_a_time).max().filter(|_| is_one_at_a_time && expected.is_none());
        [expected, walls, sums].into_iter().flatten().max().unwrap_or(0)
    }
}

fn slowest(rows: &[Row<'_>]) -> u64 {
    rows.iter().filter_map(Row::wall_us).max().unwrap_or(0)
}

fn plan(session: &Session<'_>, rows: &[Row<'_>], end_us: u64) -> Plan {
    let columns = Column::all(session, rows, session.look.width >= WIDE);
    let names = session.entrants.iter().map(|entrant| entrant.name.chars().count());
    let name = names.max().unwrap_or(0).clamp(5, NAME);
    let figures: usize = columns.iter().map(|column| column.width() + 1).sum();
    let left = session.look.width.saturating_sub(name + 1 + figures + 1);
    let axis = Axis { end_us, columns: left.clamp(PICTURE.0, PICTURE.1) };
    Plan { name, axis, columns }
}

fn header(plan: &Plan) -> String {
    let mut line = format!("{:<name$} {}", "stage", plan.axis.ruler(), name = plan.name);
    for column in &plan.columns {
        let width = column.width();
        let title = column.title();
        line.push_str(&if column.is_left() {
            format!(" {title:<width$}")
        } else {
            format!(" {title:>width$}")
        });
    }
    paint(Ink::Faint, line.trim_end())
}

/// A row, and below it what has no column.
fn drawn(session: &Session<'_>, plan: &Plan, row: &Row<'_>, rows: &[Row<'_>]) -> Vec<String> {
    let name = format!("{:<width$}", text::cut(row.name(), plan.name), width = plan.name);
    let indent = plan.name + 1;
    let below = |text: &str| {
        let lines = wrapped(text, session.look.width.saturating_sub(indent), 0);
        lines.into_iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect::<Vec<_>>()
    };
    if let Some(reason) = row.skipped() {
        let mut lines = below(&format!("skipped: {}", text::escaped(reason)));
        lines[0].replace_range(..plan.name, &paint(Ink::Strong, &name));
        return lines;
    }
    let mut line = format!("{} {}", paint(Ink::Strong, &name), picture_of(plan, row));
    for column in &plan.columns {
        let (width, cell) = (column.width(), cell(*column, row, rows));
        // A doubted figure takes the space before it for its mark.
        line.push_str(&if column.is_left() {
            format!(" {cell:<width$}")
        } else {
            format!("{cell:>w$}", w = width + 1)
        });
    }
    let mut lines = vec![line.trim_end().to_owned()];
    if let Some(reason) = row.reason() {
        lines.extend(below(&reason));
    } else if row.failed() > 0 && !plan.columns.contains(&Column::Failed) {
        lines.extend(below(&format!("{} failed", text::plural(row.failed() as u64, "page"))));
    }
    lines
}

fn picture_of(plan: &Plan, row: &Row<'_>) -> String {
    let axis = &plan.axis;
    let run = row.shown();
    let wall = row.wall_us().unwrap_or(0);
    let is_cut = axis.columns_to(wall) > axis.columns;
    let is_drawn = run.told().any(|outcome| outcome.finished_us.is_some());
    let length = if is_drawn { axis.columns_to(wall).clamp(1, axis.columns) } else { 0 };
    let mut cells = picture::sleep_and_work(length, row.work().unwrap_or(0.0));
    let ended = |is_page: bool| {
        let of_kind = run.told().filter(move |outcome| outcome.error.is_none() == is_page);
        of_kind.filter_map(|outcome| outcome.finished_us).collect::<Vec<u64>>()
    };
    for failed in ended(false) {
        let column = axis.column_of(failed).min(length.saturating_sub(1));
        if let Some(cell) = cells.get_mut(column) {
            *cell = FAILED;
        }
    }
    let mut arrivals = ended(true);
    if is_cut {
        arrivals.retain(|arrival| axis.columns_to(*arrival) < axis.columns);
    }
    picture::write_arrivals(&mut cells, axis, &arrivals);
    if is_cut && let Some(last) = cells.last_mut() {
        *last = ('>', Ink::Plain);
    }
    cells.resize(axis.columns, picture::EMPTY);
    picture::painted(&cells)
}

/// What stands below the rows: what the characters mean, what the numbers say, what to try next.
fn below(session: &Session<'_>, rows: &[Row<'_>], pictures: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(legend(session, rows, pictures));
    lines.push(String::new());
    if interrupt::asked() {
        let (ran, all) = (rows.len(), session.entrants.len());
        lines.push(format!("Interrupted: {ran} of {all} stages had begun."));
    }
    for sentence in sentences::comparison(session, rows) {
        lines.extend(wrapped(&sentence, session.look.width, 2));
    }
    let next = super::next(&sentences::next(session, rows), session.look.width);
    lines.extend((!next.is_empty()).then(String::new));
    lines.extend(next);
    lines
}

/// The whole comparison at once.
#[cfg(test)]
pub fn lines(session: &Session<'_>, rows: &[Row<'_>]) -> Vec<String> {
    let plan = plan(session, rows, slowest(rows));
    let mut lines = wrapped(&sentences::headline(session), session.look.width, 0);
    lines.extend([String::new(), header(&plan)]);
    lines.extend(rows.iter().flat_map(|row| drawn(session, &plan, row, rows)));
    let pictures: String = rows.iter().map(|row| picture_of(&plan, row)).collect();
    lines.extend(below(session, rows, &pictures));
    lines
}

/// What the characters mean, as far as they were drawn.
fn legend(session: &Session<'_>, rows: &[Row<'_>], pictures: &str) -> Vec<String> {
    let ran = || rows.iter().filter(|row| row.skipped().is_none());
    let most = session.urls.len();
    let mut parts = Vec::new();
    for (drawn, meaning) in [
        (pictures.contains('░'), "░ asleep"),
        (pictures.contains('█'), "█ computing"),
        (pictures.contains('x'), "x failed"),
        (pictures.contains('>'), "> goes on"),
    ] {
        parts.extend(drawn.then(|| meaning.to_owned()));
    }
    if ran().any(|row| row.shown().pages() > 0) {
        parts.push(match most {
            1 => "1: the page arrived here".to_owned(),
            _ => format!("1, {most}: pages that arrived here"),
        });
    }
    let mut lines = joined(&parts, "   ", session.look.width);
    if ran().any(|row| row.shown().doubts != Default::default()) {
        lines.push("~ reported by the program itself; the system saw otherwise".to_owned());
    }
    if cfg!(not(target_os = "linux")) && ran().any(|row| row.memory_bytes().is_none()) {
        lines.push(format!("{UNKNOWN} this system does not tell"));
    }
    lines
}
