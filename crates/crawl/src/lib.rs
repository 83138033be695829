//! What to fetch and what came back.

mod error;
mod limits;
mod page;
mod response;

pub use error::{ErrorKind, FetchError, Phase};
pub use limits::Limits;
pub use page::Page;
pub use response::{BadResponse, ResponseReader};
