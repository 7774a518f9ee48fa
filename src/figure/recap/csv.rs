//! The recap as CSV, as spreadsheet programs here read it: semicolons, a byte order mark, decimal commas. One line a village, without sums.

use super::columns::{self, Value};
use super::model::Document;
use crate::error::{Error, Result};

/// The rows of the villages.
///
/// # Errors
/// When it cannot be written: a fault of ours.
pub fn write(document: &Document) -> Result<Vec<u8>> {
    let mut out =
        csv::WriterBuilder::new().delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(vec![0xef, 0xbb, 0xbf]);
    out.write_record(columns::ALL.map(columns::Column::head)).map_err(Error::internal)?;
    let ranks = Document::ranks(&document.villages);
    for (at, row) in document.villages.iter().enumerate() {
        let cells = columns::ALL.map(|column| text(column.value(row, (at + 1, document.month()), &ranks)));
        out.write_record(cells).map_err(Error::internal)?;
    }
    out.into_inner().map_err(Error::internal)
}

fn text(value: Value) -> String {
    match value {
        Value::Blank => String::new(),
        Value::Text(text) => text,
        Value::Count(n) => n.to_string(),
        Value::Percent(hundredths) => {
            let sign = if hundredths < 0 { "-" } else { "" };
            format!("{sign}{},{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_have_a_comma_and_what_is_unknown_is_empty() {
        assert_eq!(text(Value::Percent(1_372)), "13,72");
        assert_eq!(text(Value::Percent(-5)), "-0,05");
        assert_eq!(text(Value::Blank), "");
        assert_eq!(text(Value::Count(0)), "0");
    }
}
