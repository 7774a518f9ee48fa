//! The attributes in clear of offline tokens: the claim 169 identity map (specification v1.2) and, for what it has no code,
//! a text-keyed map with the service's attribute names.

use ciborium::Value;

/// Version of the claim 169 specification that the map follows.
const VERSION: &str = "1.2";
/// ISO 639-3: Indonesian.
const LANGUAGE: &str = "ind";
/// ISO 3166-1: Indonesia.
const COUNTRY: &str = "ID";

mod code {
    pub(super) const NIK: i64 = 1;
    pub(super) const VERSION: i64 = 2;
    pub(super) const LANGUAGE: i64 = 3;
    pub(super) const FULL_NAME: i64 = 4;
    pub(super) const BIRTH_DATE: i64 = 8;
    pub(super) const SEX: i64 = 9;
    pub(super) const ADDRESS: i64 = 10;
    pub(super) const NATIONALITY: i64 = 13;
    pub(super) const MARITAL_STATUS: i64 = 14;
    pub(super) const PHOTO: i64 = 16;
    pub(super) const PHOTO_FORMAT: i64 = 17;
    pub(super) const COUNTRY_OF_ISSUANCE: i64 = 23;
}

/// Encodings of a photo that we write, with the specification's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoFormat {
    /// JPEG, 1.
    Jpeg,
    /// WEBP, 4.
    Webp,
}

impl PhotoFormat {
    const fn number(self) -> i64 {
        match self {
            Self::Jpeg => 1,
            Self::Webp => 4,
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// A photo small enough for a QR.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    /// The encoded picture, at most 1 KB.
    pub bytes: Vec<u8>,
    /// Its encoding.
    pub format: PhotoFormat,
}

/// Marital states that the specification has a code for; *cerai mati* has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marital {
    /// 1, *belum kawin*.
    Single,
    /// 2, *kawin*.
    Married,
    /// 3, *cerai hidup*.
    Divorced,
}

/// What an offline token shows in clear: only what the holder chose. It has no `Debug`: all of it is personal data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OfflineClaims {
    /// 1: the NIK.
    pub nik: Option<String>,
    /// 4: the full name.
    pub full_name: Option<String>,
    /// 8: the birth date as ISO 8601, `YYYY-MM-DD`; in the map it is `YYYYMMDD`.
    pub birth_date: Option<String>,
    /// 9: whether the sex is male.
    pub male: Option<bool>,
    /// 10: the parts of the address that are shared, from street to province.
    pub address_lines: Vec<String>,
    /// 13: whether the holder is an Indonesian citizen; otherwise see [`OfflineClaims::more`].
    pub indonesian: bool,
    /// 14: the marital state, where it has a code.
    pub marital: Option<Marital>,
    /// 16 and 17: a small photo.
    pub photo: Option<Photo>,
    /// −65538: what has no code, by attribute name.
    pub more: Vec<(String, More)>,
}

/// A value in the private map.
#[derive(Clone, PartialEq, Eq)]
pub enum More {
    /// Yes or no, e.g. `age_over_17`.
    Flag(bool),
    /// A text.
    Text(String),
}

type Map = Vec<(Value, Value)>;

impl OfflineClaims {
    /// The claim 169 map and the private map.
    pub fn to_maps(&self) -> (Map, Map) {
        let mut map: Vec<(i64, Value)> = vec![
            (code::VERSION, VERSION.into()),
            (code::LANGUAGE, LANGUAGE.into()),
            (code::COUNTRY_OF_ISSUANCE, COUNTRY.into()),
        ];
        let mut put = |code: i64, value: Option<Value>| map.extend(value.map(|value| (code, value)));
        put(code::NIK, self.nik.as_deref().map(Value::from));
        put(code::FULL_NAME, self.full_name.as_deref().map(Value::from));
        put(code::BIRTH_DATE, self.birth_date.as_deref().map(|date| Value::from(date.replace('-', ""))));
        put(code::SEX, self.male.map(|male| Value::from(if male { 1 } else { 2 })));
        put(code::ADDRESS, (!self.address_lines.is_empty()).then(|| Value::from(self.address_lines.join("\n"))));
        put(code::NATIONALITY, self.indonesian.then(|| Value::from(COUNTRY)));
        put(
            code::MARITAL_STATUS,
            self.marital.map(|state| {
                Value::from(match state {
                    Marital::Single => 1,
                    Marital::Married => 2,
                    Marital::Divorced => 3,
                })
            }),
        );
        put(code::PHOTO, self.photo.as_ref().map(|photo| Value::Bytes(photo.bytes.clone())));
        put(code::PHOTO_FORMAT, self.photo.as_ref().map(|photo| Value::from(photo.format.number())));
        let more = self.more.iter().map(|(name, value)| {
            let value = match value {
                More::Flag(flag) => Value::Bool(*flag),
                More::Text(text) => Value::from(text.as_str()),
            };
            (Value::from(name.as_str()), value)
        });
        (map.into_iter().map(|(code, value)| (Value::from(code), value)).collect(), more.collect())
    }

    /// Reads what [`OfflineClaims::to_maps`] wrote. `None` when a value has another form or version, language or country
    /// are missing. Codes of the specification that we never write are refused: they cannot be in a token of ours.
    pub fn from_maps(map: &[(Value, Value)], more: &[(Value, Value)]) -> Option<Self> {
        let mut out = Self::default();
        let (mut fixed, mut bytes, mut format) = (0, None, None);
        for (key, value) in map {
            let text = || value.as_text().map(String::from);
            let number = || value.as_integer().and_then(|number| i64::try_from(number).ok());
            match key.as_integer().and_then(|key| i64::try_from(key).ok())? {
                code::VERSION | code::LANGUAGE | code::COUNTRY_OF_ISSUANCE => fixed += i32::from(value.is_text()),
                code::NIK => out.nik = Some(text()?),
                code::FULL_NAME => out.full_name = Some(text()?),
                code::BIRTH_DATE => out.birth_date = Some(iso_date(value.as_text()?)?),
                code::SEX => {
                    out.male = match number()? {
                        1 => Some(true),
                        2 => Some(false),
                        _ => return None,
                    }
                }
                code::ADDRESS => out.address_lines = value.as_text()?.split('\n').map(String::from).collect(),
                code::NATIONALITY => out.indonesian = (value.as_text()? == COUNTRY).then_some(true)?,
                code::MARITAL_STATUS => {
                    out.marital = Some(match number()? {
                        1 => Marital::Single,
                        2 => Marital::Married,
                        3 => Marital::Divorced,
                        _ => return None,
                    });
                }
                code::PHOTO => bytes = Some(value.as_bytes()?.clone()),
                code::PHOTO_FORMAT => {
                    format = [PhotoFormat::Jpeg, PhotoFormat::Webp].into_iter().find(|f| Some(f.number()) == number());
                    format?;
                }
                _ => return None,
            }
        }
        out.photo = match (bytes, format) {
            (Some(bytes), Some(format)) => Some(Photo { bytes, format }),
            (None, None) => None,
            _ => return None,
        };
        for (key, value) in more {
            let value = match value {
                Value::Bool(flag) => More::Flag(*flag),
                Value::Text(text) => More::Text(text.clone()),
                _ => return None,
            };
            out.more.push((key.as_text()?.to_owned(), value));
        }
        (fixed == 3).then_some(out)
    }
}

fn iso_date(digits: &str) -> Option<String> {
    let all_digits = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

#[cfg(test)]
pub(crate) fn example() -> OfflineClaims {
    OfflineClaims {
        nik: Some("3174014107950001".into()),
        full_name: Some("SITI AMINAH".into()),
        birth_date: Some("1995-07-01".into()),
        male: Some(false),
        address_lines: ["JL. MELATI NO. 5", "GAMBIR", "GAMBIR", "KOTA JAKARTA PUSAT", "DKI JAKARTA"]
            .map(String::from)
            .into(),
        indonesian: true,
        marital: Some(Marital::Married),
        photo: None,
        // Text keys in the order of deterministic CBOR: shorter first.
        more: vec![
            ("rt_rw".into(), More::Text("003/004".into())),
            ("religion".into(), More::Text("Islam".into())),
            ("age_over_17".into(), More::Flag(true)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_has_the_codes_of_the_specification() {
        let (map, more) = example().to_maps();
        let get = |code: i64| map.iter().find(|(key, _)| *key == Value::from(code)).map(|(_, value)| value.clone());
        assert_eq!(get(2), Some("1.2".into()));
        assert_eq!(get(3), Some("ind".into()));
        assert_eq!(get(8), Some("19950701".into()));
        assert_eq!(get(9), Some(2.into()));
        assert_eq!(get(13), Some("ID".into()));
        assert_eq!(get(14), Some(2.into()));
        assert_eq!(get(23), Some("ID".into()));
        assert_eq!(get(16), None);
        assert_eq!(more.len(), 3);
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let (map, more) = example().to_maps();
        assert!(OfflineClaims::from_maps(&map, &more) == Some(example()));
        let with = |key: i64, value: Value| {
            let mut map: Vec<_> = map.iter().filter(|(k, _)| *k != Value::from(key)).cloned().collect();
            map.push((Value::from(key), value));
            OfflineClaims::from_maps(&map, &more).is_some()
        };
        assert!(!with(9, 3.into()));
        assert!(!with(8, "1995-07-01".into()));
        assert!(!with(16, Value::Bytes(vec![1])), "a photo without its format");
        assert!(!with(5, "first name".into()));
        assert!(!with(4, 4.into()));
        assert!(OfflineClaims::from_maps(&map[1..], &more).is_none(), "no version");
    }
}
