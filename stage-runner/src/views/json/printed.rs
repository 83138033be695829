//! The document as text: an element a line, and a row of a table a line.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

/// The document, as it is printed.
pub(super) fn printed(document: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::new();
    let form = RowsOnOneLine { pretty: PrettyFormatter::new(), inside: Vec::new() };
    let mut serializer = Serializer::with_formatter(&mut text, form);
    document.serialize(&mut serializer).expect("results are JSON");
    text.push(b'\n');
    text
}

/// Like `serde_json`'s pretty form, but an array inside of an array is one line: a recorded run has
/// thousands of rows with nine numbers each.
struct RowsOnOneLine {
    pretty: PrettyFormatter<'static>,
    inside: Vec<Inside>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Object,
    Array,
    Row,
}

impl RowsOnOneLine {
    fn is_in(&self, what: Inside) -> bool {
        self.inside.last() == Some(&what)
    }
}

impl Formatter for RowsOnOneLine {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in(Inside::Array) || self.is_in(Inside::Row) {
            self.inside.push(Inside::Row);
            return writer.write_all(b"[");
        }
        self.inside.push(Inside::Array);
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.inside.pop() {
            Some(Inside::Row) => writer.write_all(b"]"),
            _ => self.pretty.end_array(writer),
        }
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        match (self.is_in(Inside::Row), first) {
            (true, true) => Ok(()),
            (true, false) => writer.write_all(b","),
            (false, first) => self.pretty.begin_array_value(writer, first),
        }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in(Inside::Row) { Ok(()) } else { self.pretty.end_array_value(writer) }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inside.push(Inside::Object);
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inside.pop();
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_rows_are_on_one_line() {
        let plain = json!({"a": [], "b": [1, {"c": []}], "d": {}, "e": null});
        let mut pretty = serde_json::to_string_pretty(&plain).unwrap();
        pretty.push('\n');
        assert_eq!(String::from_utf8(printed(&plain)).unwrap(), pretty);

        let table = json!({"rows": [[1, "a", [2, 3]], [], [null]], "b": 1});
        let rows =
            "{\n  \"b\": 1,\n  \"rows\": [\n    [1,\"a\",[2,3]],\n    [],\n    [null]\n  ]\n}\n";
        assert_eq!(String::from_utf8(printed(&table)).unwrap(), rows);
    }
}
