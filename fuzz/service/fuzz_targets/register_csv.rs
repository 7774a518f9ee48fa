//! Files of the population register: a row that is read is written and read as the same resident.
#![no_main]

use csv::{ReaderBuilder, StringRecord};
use ikd::register::Date;
use ikd::register::import::columns::{Columns, HEADER, to_row};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let today = Date::new(2026, 11, 28).expect("a day");
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut rows = reader.records().map_while(Result::ok);
    // With its own header, and as the rows below one that is right.
    let first = rows.next();
    let own = first.as_ref().and_then(|header| Columns::from_header(header).ok());
    let right = Columns::from_header(&StringRecord::from(HEADER.to_vec())).expect("the header");
    for row in first.clone().into_iter().chain(rows).take(32) {
        for columns in own.iter().chain([&right]) {
            if let Ok(record) = columns.read(&row, today) {
                let written = StringRecord::from(to_row(&record).to_vec());
                assert!(right.read(&written, today).is_ok_and(|again| again == record), "what is written is read");
            }
        }
    }
});
