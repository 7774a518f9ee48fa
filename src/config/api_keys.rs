//! Until when API keys are taken.

use serde::{Deserialize, Serialize};

use super::LastDay;
use crate::clock::Timestamp;

/// Whether systems of relying parties may present API keys, which never change while they live, or access tokens alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ApiKeys {
    /// They are taken.
    #[default]
    Taken,
    /// They are taken up to a day, which belongs to it.
    Until(LastDay),
    /// They are not.
    None,
}

impl ApiKeys {
    /// Whether one is taken at this time.
    pub fn are_taken(self, now: Timestamp) -> bool {
        match self {
            Self::Taken => true,
            Self::Until(last) => last.lasts(now),
            Self::None => false,
        }
    }
}

impl TryFrom<String> for ApiKeys {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "taken" => Ok(Self::Taken),
            "none" => Ok(Self::None),
            _ => LastDay::try_from(text).map(Self::Until).map_err(|_| "not taken, none, or a day as 2027-06-30"),
        }
    }
}

impl From<ApiKeys> for String {
    fn from(keys: ApiKeys) -> Self {
        match keys {
            ApiKeys::Taken => Self::from("taken"),
            ApiKeys::Until(last) => last.into(),
            ApiKeys::None => Self::from("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_words_are_read_as_they_are_written() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for (text, taken) in [("taken", true), ("none", false), ("2027-01-15", true), ("2027-01-14", false)] {
            let keys = ApiKeys::try_from(text.to_owned()).unwrap();
            assert_eq!((keys.are_taken(now), String::from(keys).as_str()), (taken, text));
        }
        for bad in ["", "true", "NONE", "2027"] {
            assert!(ApiKeys::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
