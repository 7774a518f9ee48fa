//! Quotation marks that are opened and never closed.
//!
//! A CSV reader takes everything up to the next quotation mark for one value: one mark too many in an address swallows the
//! residents below it, and the file seems to have fewer rows. This reads the same bytes by the same rules (RFC 4180, as the
//! crate csv reads it) and tells where a value has become too large to be one.

/// Lines that one row may take. An address is written on two or three.
const MOST_LINES: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Row,
    Value,
    Bare,
    Quoted,
    /// Behind a mark inside a quoted value: it closes the value, or is the first of two that stand for one.
    Mark,
}

/// Reads a file's bytes one after the other.
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    /// Columns of the header.
    width: usize,
    at: At,
    line: u64,
    after_cr: bool,
    /// Line of the row's beginning, of the last mark that opened a value, and of the last such with a line's end in it.
    began: u64,
    opened: u64,
    parted: Option<u64>,
    /// Values of this row that have ended.
    values: usize,
    /// Delimiters in this quoted value.
    inside: usize,
    found: Option<u64>,
}

impl Quotes {
    /// Begins at the top of a file, behind its byte order mark.
    pub(super) const fn new(delimiter: u8, width: usize) -> Self {
        Self {
            delimiter,
            width,
            at: At::Row,
            line: 1,
            after_cr: false,
            began: 1,
            opened: 1,
            parted: None,
            values: 0,
            inside: 0,
            found: None,
        }
    }

    /// Reads on.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.found.is_some() {
                return;
            }
            self.step(byte);
        }
    }

    /// The line, as an editor counts, of the first mark that opens a value and is not closed where it should be. To be asked
    /// at the end of the file.
    pub(super) fn end(mut self) -> Option<u64> {
        match self.at {
            At::Quoted => self.found = self.found.or(Some(self.opened)),
            At::Row => {}
            At::Value | At::Bare | At::Mark => self.row_ended(),
        }
        self.found
    }

    fn step(&mut self, byte: u8) {
        let ends = matches!(byte, b'\r' | b'\n');
        match (self.at, byte) {
            (At::Row, _) if ends => {}
            (At::Row | At::Value, b'"') => {
                if self.at == At::Row {
                    self.begin();
                }
                (self.at, self.opened, self.inside) = (At::Quoted, self.line, 0);
            }
            (At::Quoted, b'"') => self.at = At::Mark,
            (At::Mark, b'"') => self.at = At::Quoted,
            (At::Quoted, _) => {
                self.inside += usize::from(byte == self.delimiter);
                if ends {
                    self.parted = Some(self.opened);
                }
                // A whole row's delimiters and its end are in one value.
                if self.parted == Some(self.opened) && self.inside + 1 >= self.width.max(2) {
                    self.found = Some(self.opened);
                }
            }
            (At::Row | At::Value | At::Bare | At::Mark, _) => {
                if self.at == At::Row {
                    self.begin();
                }
                if ends {
                    self.row_ended();
                } else if byte == self.delimiter {
                    self.values += 1;
                    self.at = At::Value;
                } else {
                    self.at = At::Bare;
                }
            }
        }
        // CR LF is one end.
        self.line += u64::from(byte == b'\r' || (byte == b'\n' && !self.after_cr));
        self.after_cr = byte == b'\r';
        if self.at == At::Quoted && self.line - self.began >= MOST_LINES && self.found.is_none() {
            self.found = Some(self.opened);
        }
    }

    fn begin(&mut self) {
        (self.began, self.values, self.parted) = (self.line, 0, None);
    }

    /// A row of several lines with more or fewer values than the header is two rows that a value holds together.
    fn row_ended(&mut self) {
        if self.values + 1 != self.width {
            self.found = self.found.or(self.parted);
        }
        self.at = At::Row;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str, width: usize) -> Option<u64> {
        let mut quotes = Quotes::new(b',', width);
        // In pieces, as they come from a file.
        text.as_bytes().chunks(3).for_each(|bytes| quotes.see(bytes));
        quotes.end()
    }

    /// Thirty residents with a mark before the address of some rows, which are counted from 0.
    fn people(stray: &[usize], end: &str) -> String {
        let rows =
            (0..30).map(|at| format!("{at},SITI,{}JL. MAWAR,ISLAM", if stray.contains(&at) { "\"" } else { "" }));
        std::iter::once(String::from("nik,name,address,religion")).chain(rows).map(|row| row + end).collect()
    }

    #[test]
    fn a_mark_that_is_never_closed_is_found_where_it_stands() {
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(found(&people(&[], end), 4), None);
            assert_eq!(found(&people(&[5], end), 4), Some(7));
            assert_eq!(found(&people(&[5, 24], end), 4), Some(7));
            assert_eq!(found(&people(&[5, 6], end), 4), Some(7), "in the row below");
            assert_eq!(found(&people(&[29], end), 4), Some(31), "in the last row");
            assert_eq!(found(people(&[29], end).trim_end(), 4), Some(31));
        }
        assert_eq!(found("a,b,c\n\"1,2,3\n4,5,\"6\n", 3), Some(2), "opened and closed in other columns");
        assert_eq!(found("a,b,c\n1,2,\"3\n\"4,5,6\n", 3), Some(2));
        assert_eq!(found("a,b,c\n1,2,\"3\n\"4,5,6", 3), Some(2), "at the end of the file");
        assert_eq!(found("a,b\n\"", 2), Some(2));
    }

    #[test]
    fn marks_that_belong_there_are_left_alone() {
        for text in [
            "a,b\n1,\"two, three, four, five\"\n",
            "a,b,c\n1,2,\"JL. MAWAR\nRT 1\nJAKARTA\"\n4,5,6\n",
            "a,b\n1,\"the \"\"red\"\" house\"\n",
            "a,b\n1,the 2\" pipe\n3,4\n",
            "a,b\n1,\"the\" house\"\n3,4\n",
            "a,b\n\n\r\n\n\"1\",\"\"\r\n\r\n\"2\",\"\"",
            "",
            "\n\n",
        ] {
            let width = text.lines().next().map_or(0, |header| header.split(',').count());
            assert_eq!(found(text, width), None, "{text:?}");
        }
        assert_eq!(found("a,b,c\n1,2,\"A\nB\nC\nD\"\n", 3), Some(2), "four lines are no address");
    }

    proptest! {
        /// The crate csv is the judge: where nothing is found, it reads one row from each line that is not empty, but for
        /// those that a quoted value holds together.
        #[test]
        fn what_passes_has_no_swallowed_rows(text in "[a,\"\n]{0,60}") {
            let text = format!("x,y,z\n{text}");
            if found(&text, 3).is_none() {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
                for record in reader.records() {
                    let record = record.unwrap();
                    let ends = |value: &str| value.matches('\n').count();
                    prop_assert!(record.iter().all(|value| ends(value) == 0 || value.matches(',').count() < 2), "{record:?}");
                    prop_assert!(record.iter().map(ends).sum::<usize>() == 0 || record.len() == 3, "{record:?}");
                    prop_assert!(record.iter().map(ends).sum::<usize>() < 3);
                }
            }
        }
    }
}
