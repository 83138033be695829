/// An answer that arrived whole. Any status is a page: a 404 was fetched
/// just as well as a 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status code, 200 to 599.
    pub status: u16,
    /// The body, its transfer coding undone and its content coding kept.
    pub body: Vec<u8>,
    /// Where a redirect points. It is reported, not followed.
    pub location: Option<Box<str>>,
    /// The content coding of `body`, which nobody asked for: `gzip`, say.
    pub content_encoding: Option<Box<str>>,
}
