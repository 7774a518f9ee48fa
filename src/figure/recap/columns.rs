//! The columns of a recap: what stands in each, of each row. Pure.

use std::collections::BTreeMap;

use super::super::model::percent;
use super::model::{Month, Row};
use super::words;
use crate::life::TallyKind;
use crate::register::{Level, Region};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    Code,
    District,
    Village,
    Population,
    Eligible,
    Recorded,
    Unrecorded,
    Target,
    Last,
    First,
    Again,
    Ended,
    MovedIn,
    MovedOut,
    Active,
    PercentRecorded,
    PercentTarget,
    Missing,
    ServedHere,
    ServedElsewhere,
    Rank,
    Remark,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing: unknown, which is not zero.
    Blank,
    Text(String),
    Count(i64),
    /// Hundredths of a percent.
    Percent(i64),
}

impl From<Option<i64>> for Value {
    fn from(count: Option<i64>) -> Self {
        count.map_or(Self::Blank, Self::Count)
    }
}

use Column::{
    Active, Again, Code, District, Eligible, Ended, First, Last, Missing, MovedIn, MovedOut, Number, PercentRecorded,
    PercentTarget, Population, Rank, Recorded, Remark, ServedElsewhere, ServedHere, Target, Unrecorded, Village,
};

/// All columns, in their order.
pub(super) const ALL: [Column; 23] = [
    Number,
    Code,
    District,
    Village,
    Population,
    Eligible,
    Recorded,
    Unrecorded,
    Target,
    Last,
    First,
    Again,
    Ended,
    MovedIn,
    MovedOut,
    Active,
    PercentRecorded,
    PercentTarget,
    Missing,
    ServedHere,
    ServedElsewhere,
    Rank,
    Remark,
];

impl Column {
    /// Its place from the left, from 0.
    pub(super) fn place(self) -> u16 {
        ALL.iter().position(|column| *column == self).and_then(|at| u16::try_from(at).ok()).unwrap_or_default()
    }

    /// Its letter in a formula.
    pub(super) fn letter(self) -> char {
        u8::try_from(self.place()).map_or('A', |place| char::from(b'A' + place))
    }

    /// Its head.
    pub(super) const fn head(self) -> &'static str {
        match self {
            Number => "No",
            Code => "Kode Wilayah",
            District => "Kecamatan",
            Village => "Kel/Desa",
            Population => "Jumlah Penduduk",
            Eligible => "Wajib KTP-el",
            Recorded => "Sudah Rekam",
            Unrecorded => "Belum Rekam",
            Target => "Target",
            Last => "Aktif s.d. Bulan Lalu",
            First => "Aktivasi Baru",
            Again => "Aktivasi Ulang",
            Ended => "Nonaktif",
            MovedIn => "Pindah Masuk",
            MovedOut => "Pindah Keluar",
            Active => "Aktif s.d. Bulan Ini",
            PercentRecorded => "% Rekam",
            PercentTarget => "% Target",
            Missing => "Sisa Target",
            ServedHere => "Dilayani Sendiri",
            ServedElsewhere => "Dilayani di Luar",
            Rank => "Peringkat",
            Remark => "Ket.",
        }
    }

    /// Whether the rows of it are added up.
    pub(super) const fn is_added(self) -> bool {
        matches!(
            self,
            Population
                | Eligible
                | Recorded
                | Unrecorded
                | Target
                | Last
                | First
                | Again
                | Ended
                | MovedIn
                | MovedOut
                | Active
                | ServedHere
                | ServedElsewhere
        )
    }

    /// How wide it is, in characters.
    pub(super) const fn width(self) -> f64 {
        match self {
            Number => 5.0,
            Code => 14.0,
            District | Village | Remark => 20.0,
            Rank => 9.0,
            _ => 11.0,
        }
    }

    /// What stands in it of a row.
    pub(super) fn value(self, row: &Row, (number, month): (usize, Month), ranks: &BTreeMap<i64, usize>) -> Value {
        let region = Region::from_code(row.region);
        let count = |n: i64| Value::Count(n);
        let of_region = |n: Option<i64>| if row.correction { Value::Blank } else { n.into() };
        match self {
            Number => count(i64::try_from(number).unwrap_or_default()),
            Code => Value::Text(region.dotted()),
            District => name(region.district()),
            Village if region.level() == Level::Village => name(region),
            Village => Value::Blank,
            Population => of_region(row.population),
            Eligible => of_region(row.eligible),
            Recorded => of_region(row.recorded),
            Unrecorded => of_region(row.eligible.zip(row.recorded).map(|(eligible, recorded)| eligible - recorded)),
            Target => of_region(row.target),
            Last => count(row.last),
            First => count(row.of(TallyKind::ActivatedFirst)),
            Again => count(row.of(TallyKind::ActivatedAgain)),
            Ended => count(row.of(TallyKind::Ended)),
            MovedIn => count(row.of(TallyKind::MovedIn)),
            MovedOut => count(row.of(TallyKind::MovedOut)),
            Active => count(row.active()),
            PercentRecorded => part(row, row.recorded),
            PercentTarget => part(row, row.target),
            Missing => of_region(row.target.map(|target| target - row.active())),
            ServedHere | ServedElsewhere if row.correction => Value::Blank,
            ServedHere => count(row.served_here),
            ServedElsewhere => count(row.served_elsewhere()),
            Rank => ranks
                .get(&row.region)
                .filter(|_| !row.correction)
                .map_or(Value::Blank, |rank| count(i64::try_from(*rank).unwrap_or_default())),
            Remark => remark(row, region, month),
        }
    }
}

fn part(row: &Row, whole: Option<i64>) -> Value {
    percent(row.active(), whole.filter(|_| !row.correction)).map_or(Value::Blank, Value::Percent)
}

fn name(region: Region) -> Value {
    region.name().map_or(Value::Blank, |name| Value::Text(name.to_owned()))
}

fn remark(row: &Row, region: Region, month: Month) -> Value {
    if row.correction {
        return Value::Text(format!("Koreksi s.d. {}", words::month(month.before())));
    }
    match region.level() {
        Level::Village | Level::District if region.name().is_some() => Value::Blank,
        _ => Value::Text(String::from("Wilayah lebih rinci tidak dikenal")),
    }
}
