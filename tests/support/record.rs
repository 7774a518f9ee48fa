//! Made-up residents, as the register knows them.

use ikd::register::import::columns::{HEADER, to_row};
use ikd::register::{Date, MaritalStatus, Nationality, Nik, RegisterRecord, Religion, Sex, VitalStatus};

include!("siti.rs");

/// These records as a file of the register, with its header.
pub fn csv_of<'a>(records: impl IntoIterator<Item = &'a RegisterRecord>) -> String {
    let mut lines = vec![HEADER.join(",")];
    lines.extend(records.into_iter().map(|record| to_row(record).map(|cell| format!("\"{cell}\"")).join(",")));
    lines.join("\n") + "\n"
}

/// Another woman, born on the same day in Jakarta Pusat.
pub fn siti_rahma() -> RegisterRecord {
    RegisterRecord {
        nik: "3171015708900001".parse().unwrap(),
        full_name: String::from("SITI RAHMA"),
        address: String::from("JL. MELATI NO. 5"),
        rw: String::from("002"),
        village: String::from("GAMBIR"),
        district: String::from("GAMBIR"),
        regency: String::from("JAKARTA PUSAT"),
        issued_place: String::from("JAKARTA PUSAT"),
        issued_on: None,
        ..siti()
    }
}
