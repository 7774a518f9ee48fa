// Included where the types have their names: by `record.rs` and by the unit tests of `ikd`.

/// A resident for tests: a woman born on 17 August 1990 in Jakarta Selatan.
pub fn siti() -> RegisterRecord {
    RegisterRecord {
        nik: Nik::parse("3174015708900012").unwrap(),
        full_name: "SITI NURHALIZAH".into(),
        birth_place: "JAKARTA".into(),
        birth_date: Date::parse("1990-08-17").unwrap(),
        sex: Sex::Female,
        blood_type: None,
        address: "JL. MELATI NO. 7".into(),
        rt: "001".into(),
        rw: "012".into(),
        village: "TEBET BARAT".into(),
        district: "TEBET".into(),
        regency: "KOTA ADMINISTRASI JAKARTA SELATAN".into(),
        province: "DKI JAKARTA".into(),
        religion: Religion::Islam,
        marital_status: MaritalStatus::Married,
        occupation: "GURU".into(),
        nationality: Nationality::Indonesian,
        valid_until: None,
        issued_place: "JAKARTA SELATAN".into(),
        issued_on: Date::parse("2012-05-02").ok(),
        vital_status: VitalStatus::Alive,
    }
}
