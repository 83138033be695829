//! The options of `museum`.

use clap::{Args, Subcommand};

use super::exercises::WorkOptions;

pub const MUSEUM_EXAMPLES: &str = "\
Examples:
  stage-runner museum                           the pieces, with what you have found out
  stage-runner museum show lost-wakeup          what one sees
  stage-runner take museum/lost-wakeup          writes work/museum/lost-wakeup, a small crate
  stage-runner check museum/lost-wakeup         builds and runs it, and says what was seen
  stage-runner museum show lost-wakeup --reveal what is wrong, where it happened, and the fix

Exit status: 0 shown, 1 the progress in the folder cannot be read, 2 the command line is wrong.";

/// `museum`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MuseumOptions {
    /// What to do instead of listing the pieces.
    #[command(subcommand)]
    pub command: Option<MuseumCommand>,

    /// Where the student works.
    #[command(flatten)]
    pub work: WorkOptions,
}

/// What to do instead of listing the pieces.
#[derive(Debug, Subcommand)]
pub enum MuseumCommand {
    /// Show a piece: what one sees
    Show {
        /// Its name: lost-wakeup
        #[arg(value_name = "PIECE")]
        name: String,
        /// Also what is wrong, where it happened, and the fix
        #[arg(long)]
        reveal: bool,
    },
}
