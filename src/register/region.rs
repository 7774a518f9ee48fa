//! A region as one number, whatever its level: the code of its first possible village. Pure.

use super::RegisterRecord;
use super::regions::{Regions, regions};

/// How many codes of villages a district, a regency and a province have room for.
const IN_DISTRICT: i64 = 10_000;
const IN_REGENCY: i64 = 1_000_000;
const IN_PROVINCE: i64 = 100_000_000;

/// A province, regency, district or village: ten digits, with zeros for what is not named. All regions below one lie in its
/// [`range`](Self::range).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(i64);

/// What a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All of Indonesia, or nothing known.
    Country,
    /// *Provinsi*.
    Province,
    /// *Kabupaten*, *kota*.
    Regency,
    /// *Kecamatan*.
    District,
    /// *Desa*, *kelurahan*.
    Village,
}

impl Region {
    /// Nothing known; as a target's region, the country.
    pub const NONE: Self = Self(0);

    /// As the tables hold it.
    pub const fn from_code(code: i64) -> Self {
        Self(code)
    }

    /// As the tables hold it.
    pub const fn code(self) -> i64 {
        self.0
    }

    /// Reads a code of two, four, six or ten digits, with points or without: `13`, `13.71`, `137101`, `13.71.01.1001`. The region has to
    /// be one of today's.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|letter| *letter != '.').collect();
        let scale = match digits.len() {
            2 => IN_PROVINCE,
            4 => IN_REGENCY,
            6 => IN_DISTRICT,
            10 => 1,
            _ => return None,
        };
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let region = Self(digits.parse::<i64>().ok()?.checked_mul(scale)?);
        region.name().map(|_| region)
    }

    /// Where somebody lives, as closely as the names of their record are today's.
    pub fn of(record: &RegisterRecord) -> Self {
        regions().find([&record.province, &record.regency, &record.district, &record.village])
    }

    /// What it is.
    pub const fn level(self) -> Level {
        match self.0 {
            0 => Level::Country,
            code if code % IN_PROVINCE == 0 => Level::Province,
            code if code % IN_REGENCY == 0 => Level::Regency,
            code if code % IN_DISTRICT == 0 => Level::District,
            _ => Level::Village,
        }
    }

    /// The regency that it lies in.
    #[must_use]
    pub const fn regency(self) -> Self {
        Self(self.0 / IN_REGENCY * IN_REGENCY)
    }

    /// The codes of the regency that it lies in, or of what is known to lie in a province and in no regency: from, and up to without it.
    pub const fn slice(self) -> (i64, i64) {
        let low = self.regency().0;
        (low, low + IN_REGENCY)
    }

    /// What lies directly in it, and how many codes each of these has room for; nothing below a regency's districts.
    pub fn parts(self) -> (Vec<Self>, i64) {
        let all = regions();
        let within = |code: i64| Some(Self(code)).filter(|one| self.holds(*one));
        match self.level() {
            Level::Country => {
                let codes = all.provinces().iter().map(|one| i64::from(one.code) * IN_PROVINCE);
                (codes.filter_map(within).collect(), IN_PROVINCE)
            }
            Level::Province => {
                let codes = all.regencies().iter().map(|one| i64::from(one.code) * IN_REGENCY);
                (codes.filter_map(within).collect(), IN_REGENCY)
            }
            Level::Regency => (self.districts(), IN_DISTRICT),
            Level::District | Level::Village => (Vec::new(), 1),
        }
    }

    /// The district that it lies in.
    #[must_use]
    pub const fn district(self) -> Self {
        Self(self.0 / IN_DISTRICT * IN_DISTRICT)
    }

    /// It, and all that it lies in, the closest first; the country last.
    pub fn outwards(self) -> impl Iterator<Item = Self> {
        let code = self.0;
        let scales = [1, IN_DISTRICT, IN_REGENCY, IN_PROVINCE, i64::MAX];
        let mut last = None;
        scales
            .into_iter()
            .map(move |scale| Self(code / scale * scale))
            .filter(move |one| last.replace(*one) != Some(*one))
    }

    /// The codes of all that lies in it: from, and up to without it.
    pub const fn range(self) -> (i64, i64) {
        let room = match self.level() {
            Level::Country => i64::MAX,
            Level::Province => IN_PROVINCE,
            Level::Regency => IN_REGENCY,
            Level::District => IN_DISTRICT,
            Level::Village => 1,
        };
        (self.0, self.0.saturating_add(room))
    }

    /// Whether another lies in it.
    pub const fn holds(self, other: Self) -> bool {
        let (low, high) = self.range();
        low <= other.0 && other.0 < high
    }

    /// Its name today.
    pub fn name(self) -> Option<&'static str> {
        let all = regions();
        match self.level() {
            Level::Country => None,
            Level::Province => all.province(u8::try_from(self.0 / IN_PROVINCE).ok()?).map(|one| one.name),
            Level::Regency => all.regency(u16::try_from(self.0 / IN_REGENCY).ok()?).map(|one| one.name),
            Level::District => all.district(u32::try_from(self.0 / IN_DISTRICT).ok()?).map(|one| one.name),
            Level::Village => all.village(u64::try_from(self.0).ok()?).map(|one| one.name),
        }
    }

    /// Its official code, with points: `13.71.01.1001`.
    pub fn dotted(self) -> String {
        let text = format!("{:010}", self.0);
        let parts = [&text[..2], &text[2..4], &text[4..6], &text[6..]];
        parts[..(self.level() as usize).max(1)].join(".")
    }

    /// The districts in it today.
    pub fn districts(self) -> Vec<Self> {
        let of = |code: u32| Self(i64::from(code) * IN_DISTRICT);
        regions().districts().iter().map(|one| of(one.code)).filter(|one| self.holds(*one)).collect()
    }

    /// The villages in it today.
    pub fn villages(self) -> Vec<Self> {
        let all = regions().villages();
        let code = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (low, high) = self.range();
        let (from, to) =
            (all.partition_point(|one| code(one.code) < low), all.partition_point(|one| code(one.code) < high));
        all[from..to].iter().map(|one| Self(code(one.code))).collect()
    }
}

/// Letters and digits alone, capitals: how names are compared.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The one of `all`, which are sorted, that lies below `above` and is called so.
fn called<T>(
    all: &[T],
    (low, high): (i64, i64),
    code: impl Fn(&T) -> i64,
    is_called: impl Fn(&T) -> bool,
) -> Option<&T> {
    let (from, to) = (all.partition_point(|one| code(one) < low), all.partition_point(|one| code(one) < high));
    all[from..to].iter().find(|one| is_called(one))
}

impl Regions {
    /// The region with these names: province, regency, district, village. What is not found ends the search: the answer is what was
    /// found until there.
    fn find(&self, names: [&str; 4]) -> Region {
        let [province, regency, district, village] = names.map(plain);
        let Some(found) = self.provinces().iter().find(|one| plain(one.name) == province) else { return Region::NONE };
        let here = Region(i64::from(found.code) * IN_PROVINCE);
        let code = |one: &super::regions::Regency| i64::from(one.code) * IN_REGENCY;
        let Some(found) = called(self.regencies(), here.range(), code, |one| plain(one.name) == regency) else {
            return here;
        };
        let here = Region(code(found));
        let code = |one: &super::regions::District| i64::from(one.code) * IN_DISTRICT;
        let Some(found) = called(self.districts(), here.range(), code, |one| plain(one.name) == district) else {
            return here;
        };
        let here = Region(code(found));
        let code = |one: &super::regions::Village| i64::try_from(one.code).unwrap_or(i64::MAX);
        called(self.villages(), here.range(), code, |one| plain(one.name) == village)
            .map_or(here, |one| Region(code(one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_knows_its_parts() {
        let of = |text: &str| Region::parse(text).unwrap();
        let (provinces, room) = Region::NONE.parts();
        assert_eq!((provinces.len(), room), (38, 100_000_000));
        let (regencies, _) = of("13").parts();
        assert_eq!(regencies.len(), 19, "West Sumatra has 12 regencies and 7 cities");
        assert!(regencies.contains(&of("13.71")) && regencies.iter().all(|one| of("13").holds(*one)));
        assert_eq!(of("13.71").parts().0, of("13.71").districts());
        assert!(of("13.71.01").parts().0.is_empty());
        assert_eq!(of("1371011001").slice(), of("13.71").range());
        assert_eq!(of("13").slice(), (1_300_000_000, 1_301_000_000));
    }

    #[test]
    fn a_region_knows_its_place() {
        // Codes and names of Permendagri 72/2019, as in data/regions.
        let padang = Region::parse("13.71").unwrap();
        assert_eq!(
            (padang.code(), padang.name(), padang.level()),
            (1_371_000_000, Some("Kota Padang"), Level::Regency)
        );
        assert_eq!(padang.dotted(), "13.71");
        let bakongan = Region::parse("1101012001").unwrap();
        assert_eq!((bakongan.dotted().as_str(), bakongan.name()), ("11.01.01.2001", Some("Keude Bakongan")));
        assert_eq!(bakongan.district().name(), Some("Bakongan"));
        let outwards: Vec<_> = bakongan.outwards().map(Region::code).collect();
        assert_eq!(outwards, [1_101_012_001, 1_101_010_000, 1_101_000_000, 1_100_000_000, 0]);
        let outwards: Vec<_> = padang.outwards().map(Region::code).collect();
        assert_eq!(outwards, [1_371_000_000, 1_300_000_000, 0]);
        assert!(padang.holds(Region(1_371_019_999)) && !padang.holds(bakongan) && Region::NONE.holds(padang));
        for wrong in ["", "1", "137", "1399", "99", "13.71.01.100", "1101019999", "13a1"] {
            assert_eq!(Region::parse(wrong), None, "{wrong}");
        }
        assert_eq!(padang.districts().len(), 11);
        assert!(padang.villages().iter().all(|village| village.regency() == padang));
    }

    #[test]
    fn every_village_is_found_by_its_names_unless_two_of_a_district_share_one() {
        let all = regions();
        let mut others = 0;
        for village in all.villages().iter().step_by(97) {
            let code = Region(i64::try_from(village.code).unwrap());
            let [_, district, regency, province, _] =
                <[Region; 5]>::try_from(code.outwards().collect::<Vec<_>>()).unwrap();
            let name = |region: Region| region.name().unwrap().to_uppercase();
            let found = all.find([&name(province), &name(regency), &name(district), village.name]);
            others += usize::from(found != code);
            assert_eq!(found.district(), district, "{code:?}");
        }
        assert!(others < 9, "{others} were found as another");
    }

    #[test]
    fn what_is_not_known_ends_the_search() {
        let all = regions();
        assert_eq!(all.find(["Sumatera Barat", "Kota Padang", "?", "?"]), Region(1_371_000_000));
        assert_eq!(all.find(["SUMATERA BARAT", "KOTA  PADANG", "KOTO TANGAH", "?"]).name(), Some("Koto Tangah"));
        assert_eq!(all.find(["?", "Kota Padang", "?", "?"]), Region::NONE);
    }
}
