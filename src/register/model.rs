//! The elements of a KTP-el, under their official names.

use serde::{Deserialize, Serialize};

use super::{Date, Nik};
use crate::clock::Timestamp;
use crate::error::Text;

/// Age from which a KTP-el and IKD are given (UU 24/2013 art. 63).
pub const ELIGIBLE_AGE: u16 = 17;

macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $code:literal, $id:literal / $en:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// All values, in the official order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name in APIs and files.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What people read; the Indonesian is the official label.
            pub const fn label(self) -> Text {
                match self { $(Self::$variant => Text::new($id, $en),)* }
            }

            /// Reads a code or the official label, in upper or lower case.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| {
                    text.eq_ignore_ascii_case(value.code()) || text.eq_ignore_ascii_case(value.label().id)
                })
            }
        }
    };
}

coded! {
    /// *Jenis kelamin*.
    Sex {
        /// Men.
        Male = "male", "Laki-laki" / "Male";
        /// Women.
        Female = "female", "Perempuan" / "Female";
    }
}

coded! {
    /// *Golongan darah*; where it is not known the record has none and the card shows `-`.
    BloodType {
        /// A.
        A = "A", "A" / "A";
        /// B.
        B = "B", "B" / "B";
        /// AB.
        Ab = "AB", "AB" / "AB";
        /// O.
        O = "O", "O" / "O";
    }
}

coded! {
    /// *Agama*, and since 2017 belief in the one God outside the six religions.
    Religion {
        /// Islam.
        Islam = "islam", "Islam" / "Islam";
        /// Protestant Christianity.
        Protestant = "protestant", "Kristen" / "Protestant";
        /// Catholic Christianity.
        Catholic = "catholic", "Katolik" / "Catholic";
        /// Hinduism.
        Hindu = "hindu", "Hindu" / "Hindu";
        /// Buddhism.
        Buddhist = "buddhist", "Buddha" / "Buddhist";
        /// Confucianism.
        Confucian = "confucian", "Khonghucu" / "Confucian";
        /// Belief in the one God.
        Belief = "belief", "Kepercayaan terhadap Tuhan YME" / "Belief in the one God";
    }
}

coded! {
    /// *Status perkawinan*.
    MaritalStatus {
        /// Never married.
        Unmarried = "unmarried", "Belum Kawin" / "Unmarried";
        /// Married.
        Married = "married", "Kawin" / "Married";
        /// Divorced.
        Divorced = "divorced", "Cerai Hidup" / "Divorced";
        /// Widowed.
        Widowed = "widowed", "Cerai Mati" / "Widowed";
    }
}

coded! {
    /// *Kewarganegaraan*.
    Nationality {
        /// A citizen of Indonesia.
        Indonesian = "WNI", "WNI" / "Indonesian citizen";
        /// A foreigner with a permanent residence permit.
        Foreign = "WNA", "WNA" / "Foreign citizen";
    }
}

coded! {
    /// Whether the person still belongs to the population.
    VitalStatus {
        /// Lives in Indonesia.
        Alive = "alive", "Hidup" / "Alive";
        /// Has died.
        Deceased = "deceased", "Meninggal" / "Deceased";
        /// Has moved abroad.
        Emigrated = "emigrated", "Pindah ke luar negeri" / "Emigrated";
    }
}

/// One resident as the register knows them. `Debug` shows nothing of it. Field names are short when serialised, because
/// 280 million of these rest sealed in a table; it is not an API shape.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterRecord {
    /// *NIK*.
    #[serde(rename = "k")]
    pub nik: Nik,
    /// *Nama*.
    #[serde(rename = "n")]
    pub full_name: String,
    /// *Tempat lahir*.
    #[serde(rename = "bp")]
    pub birth_place: String,
    /// *Tanggal lahir*.
    #[serde(rename = "bd")]
    pub birth_date: Date,
    /// *Jenis kelamin*.
    #[serde(rename = "s")]
    pub sex: Sex,
    /// *Gol. darah*, where known.
    #[serde(rename = "bt", default, skip_serializing_if = "Option::is_none")]
    pub blood_type: Option<BloodType>,
    /// *Alamat*: street or hamlet.
    #[serde(rename = "a")]
    pub address: String,
    /// *RT*, three digits.
    #[serde(rename = "rt")]
    pub rt: String,
    /// *RW*, three digits.
    #[serde(rename = "rw")]
    pub rw: String,
    /// *Kel/Desa*.
    #[serde(rename = "v")]
    pub village: String,
    /// *Kecamatan*.
    #[serde(rename = "d")]
    pub district: String,
    /// *Kabupaten/Kota*.
    #[serde(rename = "r")]
    pub regency: String,
    /// *Provinsi*.
    #[serde(rename = "p")]
    pub province: String,
    /// *Agama*.
    #[serde(rename = "re")]
    pub religion: Religion,
    /// *Status perkawinan*.
    #[serde(rename = "m")]
    pub marital_status: MaritalStatus,
    /// *Pekerjaan*.
    #[serde(rename = "o")]
    pub occupation: String,
    /// *Kewarganegaraan*.
    #[serde(rename = "c")]
    pub nationality: Nationality,
    /// *Berlaku hingga*; none is *seumur hidup* (for life).
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// *Tempat dikeluarkan*.
    #[serde(rename = "ip")]
    pub issued_place: String,
    /// *Tanggal dikeluarkan*; none while the data are recorded but no card was issued.
    #[serde(rename = "io", default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// Alive, deceased or emigrated.
    #[serde(rename = "vs")]
    pub vital_status: VitalStatus,
}

/// From which day on somebody born then may have a digital KTP by age; `None` when they may on `today`. Who is or was married may
/// earlier: that is for the register to say.
pub fn eligible_from(birth_date: Date, today: Date) -> Option<Date> {
    let years = i16::try_from(ELIGIBLE_AGE).ok()?;
    birth_date.completes(years).filter(|day| *day > today)
}

impl RegisterRecord {
    /// Whether the person may have a digital KTP on `today`: alive and here, and 17 or older or (formerly) married.
    pub fn eligible_on(&self, today: Date) -> bool {
        self.vital_status == VitalStatus::Alive
            && (self.birth_date.age_on(today) >= ELIGIBLE_AGE || self.marital_status != MaritalStatus::Unmarried)
    }

    /// When a foreigner's permit to stay is over: the first moment after its last day, in Jakarta. From then on the digital KTP does not
    /// count, until the register names a later day. `None` for citizens, who have theirs for life.
    pub fn permit_ends_at(&self) -> Option<Timestamp> {
        let last = self.valid_until.filter(|_| self.nationality == Nationality::Foreign)?;
        Some(last.plus_days(1)?.midnight())
    }

    /// Whether that is so at `now`.
    pub fn permit_is_over(&self, now: Timestamp) -> bool {
        self.permit_ends_at().is_some_and(|end| now >= end)
    }

    /// What the card shows for *Gol. darah*: the type or `-`.
    pub fn blood_type_label(&self) -> &'static str {
        self.blood_type.map_or("-", BloodType::code)
    }

    /// What the card shows for *RT/RW*.
    pub fn rt_rw(&self) -> String {
        format!("{}/{}", self.rt, self.rw)
    }

    /// What the card shows for *Berlaku hingga*.
    pub fn valid_until_label(&self) -> String {
        self.valid_until.map_or_else(|| String::from("SEUMUR HIDUP"), |date| date.to_string())
    }
}

impl std::fmt::Debug for RegisterRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegisterRecord([redacted])")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    include!("../../tests/support/siti.rs");

    #[test]
    fn eligible_are_adults_and_the_married_who_live_here() {
        let today = Date::parse("2026-11-21").unwrap();
        let mut record = siti();
        assert!(record.eligible_on(today));
        record.vital_status = VitalStatus::Deceased;
        assert!(!record.eligible_on(today));
        record.vital_status = VitalStatus::Emigrated;
        assert!(!record.eligible_on(today));
        record.vital_status = VitalStatus::Alive;
        record.birth_date = Date::parse("2009-11-22").unwrap();
        assert!(record.eligible_on(today), "married at 16");
        record.marital_status = MaritalStatus::Widowed;
        assert!(record.eligible_on(today), "formerly married");
        record.marital_status = MaritalStatus::Unmarried;
        assert!(!record.eligible_on(today));
        record.birth_date = Date::parse("2009-11-21").unwrap();
        assert!(record.eligible_on(today), "17 today");
    }

    #[test]
    fn a_permit_is_over_after_its_last_day_in_jakarta() {
        let until = |nationality, day: &str| RegisterRecord {
            nationality,
            valid_until: Some(Date::parse(day).unwrap()),
            ..siti()
        };
        let foreign = until(Nationality::Foreign, "2026-11-26");
        // The 27th begins in Jakarta at 17.00 UTC of the 26th.
        let midnight = Timestamp::from_seconds(1_795_712_400);
        assert_eq!(foreign.permit_ends_at(), Some(midnight));
        assert!(!foreign.permit_is_over(midnight.plus_seconds(-1)) && foreign.permit_is_over(midnight));
        assert_eq!(until(Nationality::Indonesian, "2026-11-26").permit_ends_at(), None, "an old card, and for life");
        assert_eq!(RegisterRecord { valid_until: None, ..foreign }.permit_ends_at(), None);
    }

    #[test]
    fn a_record_survives_cbor_and_prints_nothing() {
        let record = siti();
        let mut bytes = Vec::new();
        ciborium::into_writer(&record, &mut bytes).unwrap();
        assert!(bytes.len() < 400, "{} bytes", bytes.len());
        assert_eq!(ciborium::from_reader::<RegisterRecord, _>(bytes.as_slice()).unwrap(), record);
        assert_eq!(format!("{record:?}"), "RegisterRecord([redacted])");
        assert_eq!(record.rt_rw(), "001/012");
        assert_eq!(record.blood_type_label(), "-");
    }

    #[test]
    fn codes_and_official_labels_are_read() {
        assert_eq!(Sex::parse("PEREMPUAN"), Some(Sex::Female));
        assert_eq!(Religion::parse("katolik"), Some(Religion::Catholic));
        assert_eq!(Religion::parse("KEPERCAYAAN TERHADAP TUHAN YME"), Some(Religion::Belief));
        assert_eq!(MaritalStatus::parse("Cerai Mati"), Some(MaritalStatus::Widowed));
        assert_eq!(BloodType::parse("ab"), Some(BloodType::Ab));
        assert_eq!(Nationality::parse("wni"), Some(Nationality::Indonesian));
        assert_eq!(Sex::parse(""), None);
        assert_eq!(serde_json::to_string(&BloodType::Ab).unwrap(), "\"AB\"");
    }
}
