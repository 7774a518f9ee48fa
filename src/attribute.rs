//! The attributes of a person that can be shown, as a set of bits.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

macro_rules! attributes {
    ($($variant:ident = $name:literal, $id:literal, $en:literal;)*) => {
        /// One attribute that a resident can choose to show. The order is part of the token format: bit i of the sealed
        /// mask is the i-th attribute.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u32)]
        pub enum Attribute {
            $(#[doc = concat!("`", $name, "`: ", $en, ".")] #[serde(rename = $name)] $variant,)*
        }

        impl Attribute {
            /// All attributes, in the order of their bits.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the API.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The official label on the KTP-el (Indonesian), or our own where it has none.
            pub const fn label(self) -> crate::error::Text {
                match self { $(Self::$variant => crate::error::Text::new($id, $en),)* }
            }
        }
    };
}

attributes! {
    Nik = "nik", "NIK", "National identity number";
    FullName = "full_name", "Nama", "Full name";
    BirthPlace = "birth_place", "Tempat Lahir", "Place of birth";
    BirthDate = "birth_date", "Tanggal Lahir", "Date of birth";
    Sex = "sex", "Jenis Kelamin", "Sex";
    BloodType = "blood_type", "Gol. Darah", "Blood type";
    Address = "address", "Alamat", "Address";
    RtRw = "rt_rw", "RT/RW", "Neighbourhood (RT/RW)";
    Village = "village", "Kel/Desa", "Village";
    District = "district", "Kecamatan", "District";
    Regency = "regency", "Kabupaten/Kota", "Regency or city";
    Province = "province", "Provinsi", "Province";
    Religion = "religion", "Agama", "Religion";
    MaritalStatus = "marital_status", "Status Perkawinan", "Marital status";
    Occupation = "occupation", "Pekerjaan", "Occupation";
    Nationality = "nationality", "Kewarganegaraan", "Nationality";
    Portrait = "portrait", "Pas foto", "Portrait";
    AgeOver17 = "age_over_17", "Berusia 17 tahun ke atas", "Aged 17 or older";
}

// Written out: the derived one does not see names that a macro puts in.
impl utoipa::PartialSchema for Attribute {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|attribute| attribute.name());
        let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
        text.description(Some("An attribute of a person that can be shown.")).into()
    }
}

impl utoipa::ToSchema for Attribute {}

impl Attribute {
    /// Finds an attribute by its name in the API.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttributeSet(u32);

impl AttributeSet {
    /// No attribute.
    pub const EMPTY: Self = Self(0);
    /// Every attribute: `full`.
    pub const FULL: Self = Self((1 << Attribute::ALL.len()) - 1);
    /// `age`: whether the holder is 17 or older, and the portrait to compare.
    pub const AGE: Self = Self(Attribute::AgeOver17.bit() | Attribute::Portrait.bit());
    /// `basic`: name, birth date, sex, regency, province, portrait.
    pub const BASIC: Self = Self(
        Attribute::FullName.bit()
            | Attribute::BirthDate.bit()
            | Attribute::Sex.bit()
            | Attribute::Regency.bit()
            | Attribute::Province.bit()
            | Attribute::Portrait.bit(),
    );

    /// From the bits of a mask; bits that name nothing are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::FULL.0)
    }

    /// The bits of the mask.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The preset of that name: `age`, `basic` or `full`.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "age" => Some(Self::AGE),
            "basic" => Some(Self::BASIC),
            "full" => Some(Self::FULL),
            _ => None,
        }
    }

    /// From names; the first unknown one is given back as the error.
    ///
    /// # Errors
    /// The first name that is no attribute.
    pub fn from_names<'a, I: IntoIterator<Item = &'a str>>(names: I) -> Result<Self, &'a str> {
        names.into_iter().try_fold(Self::EMPTY, |set, name| Ok(set.with(Attribute::from_name(name).ok_or(name)?)))
    }

    /// The set with `attribute` in it.
    #[must_use]
    pub const fn with(self, attribute: Attribute) -> Self {
        Self(self.0 | attribute.bit())
    }

    /// The set without `attribute`.
    #[must_use]
    pub const fn without(self, attribute: Attribute) -> Self {
        Self(self.0 & !attribute.bit())
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `attribute` is in it.
    pub const fn contains(self, attribute: Attribute) -> bool {
        self.0 & attribute.bit() != 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The attributes in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL.iter().copied().filter(move |attribute| self.contains(*attribute))
    }

    /// The names, in the order of their bits.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Attribute::name).collect()
    }
}

/// In tables a set is its bits, in an INTEGER column.
impl<DB: sqlx::Database> sqlx::Type<DB> for AttributeSet
where
    i64: sqlx::Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as sqlx::Type<DB>>::type_info()
    }

    fn compatible(column: &DB::TypeInfo) -> bool {
        <i64 as sqlx::Type<DB>>::compatible(column)
    }
}

impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for AttributeSet
where
    i64: sqlx::Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        <i64 as sqlx::Encode<'q, DB>>::encode_by_ref(&i64::from(self.bits()), buffer)
    }
}

impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for AttributeSet
where
    i64: sqlx::Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        let bits = <i64 as sqlx::Decode<'r, DB>>::decode(value)?;
        Ok(Self::from_bits(u32::try_from(bits)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_order_are_those_of_the_protocol() {
        let names = "nik, full_name, birth_place, birth_date, sex, blood_type, address, rt_rw, village, district, regency, \
                     province, religion, marital_status, occupation, nationality, portrait, age_over_17";
        assert_eq!(AttributeSet::FULL.names().join(", "), names);
    }

    #[test]
    fn presets_are_those_of_the_protocol() {
        assert_eq!(AttributeSet::AGE.names(), ["portrait", "age_over_17"]);
        assert_eq!(AttributeSet::BASIC.names(), ["full_name", "birth_date", "sex", "regency", "province", "portrait"]);
        assert_eq!(AttributeSet::from_names(["nik", "shoe_size"]), Err("shoe_size"));
        assert_eq!(AttributeSet::from_bits(u32::MAX), AttributeSet::FULL);
    }
}
