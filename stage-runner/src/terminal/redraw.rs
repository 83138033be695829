//! The comparison on the screen: rows as they finish, and in the end, where the terminal can take
//! lines back, all of it drawn again to the scale that only then is known.

use std::io;
use std::time::Duration;

use super::look::Look;
use super::{print, progress};
use crate::results::{Report, Row};
use crate::views::screen::comparison::{self, Plan};
use crate::words;

/// A run that should not take longer is over before anybody misses its first rows.
const SHORT: Duration = Duration::from_millis(400);

/// What is on the screen of the comparison.
pub struct Redraw {
    look: Look,
    /// When the slowest row should end, as far as that is known beforehand.
    expected: Option<Duration>,
    /// What the printed rows are drawn to.
    plan: Option<Plan>,
    /// The lines printed since the headline.
    printed: Vec<String>,
    /// How many rows are among them.
    rows_printed: usize,
    /// How many notes had been written before.
    notes: usize,
}

impl Redraw {
    /// Prints what is about to run.
    ///
    /// # Errors
    /// What stdout said.
    pub fn begin(look: Look, report: &Report, expected: Option<Duration>) -> io::Result<Redraw> {
        print::lines(&look, &comparison::headline(report, &look.style))?;
        let (plan, printed, rows_printed) = (None, Vec::new(), 0);
        Ok(Redraw { look, expected, plan, printed, rows_printed, notes: progress::notes() })
    }

    /// Prints the rows that are complete, and not there yet.
    ///
    /// # Errors
    /// What stdout said.
    pub fn row(&mut self, report: &Report) -> io::Result<()> {
        // Piped, what was printed stays: then columns that depend on rows to come have to wait for
        // them. And so does a scale on which the first rows would be all there is: a short run is
        // soon over.
        let is_short = self.expected.is_some_and(|expected| expected < SHORT);
        let depends = Plan::depends_on_all_rows(&self.look.style) || is_short;
        let must_wait = depends && self.look.height.is_none();
        if must_wait || report.setting.urls.is_empty() {
            return Ok(());
        }
        let rows = report.rows();
        let is_complete = |row: &&Row<'_>| row.runs.len() == rows[0].runs.len();
        let complete = rows.iter().take_while(is_complete).count();
        self.print_rows(report, &rows[..complete])
    }

    /// Prints those of these rows that are not there yet.
    fn print_rows(&mut self, report: &Report, due: &[Row<'_>]) -> io::Result<()> {
        let plan = match self.plan.clone() {
            Some(plan) => plan,
            None => {
                let end_us = self.expected_end(report);
                let plan = Plan::new(report, &self.look.style, end_us);
                self.print(plan.header())?;
                self.plan.insert(plan).clone()
            }
        };
        let rows = report.rows();
        for row in &due[self.rows_printed..] {
            for line in plan.row(row, &rows) {
                self.print(line)?;
            }
            self.rows_printed += 1;
        }
        Ok(())
    }

    /// When the slowest row will end, as far as the first rows and the estimate tell.
    fn expected_end(&self, report: &Report) -> u64 {
        if let Some(expected) = self.expected {
            return expected.as_micros() as u64;
        }
        if !report.entrants.iter().any(|entrant| entrant.is_one_at_a_time()) {
            return 0;
        }
        report.rows().iter().map(|row| row.waits().iter().sum()).max().unwrap_or(0)
    }

    /// All that will run has run: prints what is missing.
    ///
    /// # Errors
    /// What stdout said.
    pub fn end(mut self, report: &Report) -> io::Result<()> {
        if report.setting.urls.is_empty() {
            return Ok(());
        }
        let plan = self.draw_again(report)?;
        print::lines(&self.look, &comparison::below(report, &plan))
    }

    /// Now that everything is known, the table as it should be, where it differs from what was
    /// printed. Gives what it is drawn to.
    fn draw_again(&mut self, report: &Report) -> io::Result<Plan> {
        let plan = Plan::new(report, &self.look.style, 0);
        let lines = comparison::table(report, &plan);
        if lines == self.printed {
            return Ok(plan);
        }
        if let Some(printed) = self.plan.clone() {
            let height = self.printed_height();
            let fits = self.look.height.is_some_and(|screen| height + 1 < screen);
            if !fits || progress::notes() != self.notes {
                // It cannot be taken back: what an interruption kept from it still has to be there.
                self.print_rows(report, &report.rows())?;
                return Ok(printed);
            }
            print::bytes(format!("\x1b[{height}A\x1b[J").as_bytes())?;
        }
        print::lines(&self.look, &lines)?;
        Ok(plan)
    }

    /// Lines of the screen that the printed lines take.
    fn printed_height(&self) -> usize {
        let columns = |line: &String| words::width(&anstream::adapter::strip_str(line).to_string());
        let width = self.look.style.width;
        self.printed.iter().map(|line| columns(line).div_ceil(width).max(1)).sum()
    }

    fn print(&mut self, line: String) -> io::Result<()> {
        print::lines(&self.look, std::slice::from_ref(&line))?;
        self.printed.push(line);
        Ok(())
    }
}
