//! What is national's about an office, as it is asked for on a page and kept until it is granted.

use serde::{Deserialize, Serialize};

use super::{Edit, Kind, Region, Zone};
use crate::error::Result;

/// What is to be different about an office; what is left out stays as it is. An empty text takes something away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfficeChange)]
pub struct Change {
    /// Name, as residents know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "UPT Dukcapil Tebet")]
    pub name: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Code of the office above it; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "JKT-00")]
    pub parent: Option<String>,
    /// Codes of the regions whose people it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["3174"]), max_items = 100)]
    pub regions: Option<Vec<String>>,
    /// Street, number, town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Latitude and longitude.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "-6.1754,106.8272")]
    pub point: Option<String>,
    /// The zone of its clocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

impl Change {
    /// As the domain takes it.
    ///
    /// # Errors
    /// `invalid_field` for whatever cannot be used.
    pub fn edit(&self) -> Result<Edit> {
        let parse = |codes: &Vec<String>| codes.iter().map(|code| Region::parse(code)).collect::<Result<Vec<_>, _>>();
        let edit = Edit {
            name: self.name.clone(),
            kind: self.kind,
            parent: self.parent.clone(),
            regions: self.regions.as_ref().map(parse).transpose()?,
            address: self.address.clone(),
            point: self.point.clone(),
            zone: self.zone,
            ..Edit::default()
        };
        Ok(edit.checked()?)
    }

    /// In the form in which it is compared with what is so.
    ///
    /// # Errors
    /// As [`Change::edit`].
    pub fn checked(&self) -> Result<Self> {
        let edit = self.edit()?;
        let codes = |regions: Vec<Region>| regions.iter().map(|one| one.code().to_owned()).collect();
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let place = edit.place(&super::Place::default())?;
        Ok(Self {
            name: edit.name,
            kind: edit.kind,
            parent: trimmed(edit.parent),
            regions: edit.regions.map(codes),
            address: trimmed(edit.address),
            point: edit.point.map(|_| place.point.map(|point| point.to_string()).unwrap_or_default()),
            zone: edit.zone,
        })
    }

    /// Of the same members as `other`.
    #[must_use]
    pub fn like(self, other: &Self) -> Self {
        Self {
            name: self.name.filter(|_| other.name.is_some()),
            kind: self.kind.filter(|_| other.kind.is_some()),
            parent: self.parent.filter(|_| other.parent.is_some()),
            regions: self.regions.filter(|_| other.regions.is_some()),
            address: self.address.filter(|_| other.address.is_some()),
            point: self.point.filter(|_| other.point.is_some()),
            zone: self.zone.filter(|_| other.zone.is_some()),
        }
    }

    /// Those members alone that are not as in `before`.
    #[must_use]
    pub fn without_what_is(self, before: &Self) -> Self {
        Self {
            name: self.name.filter(|one| before.name.as_ref() != Some(one)),
            kind: self.kind.filter(|one| before.kind != Some(*one)),
            parent: self.parent.filter(|one| before.parent.as_ref() != Some(one)),
            regions: self.regions.filter(|one| before.regions.as_ref() != Some(one)),
            address: self.address.filter(|one| before.address.as_ref() != Some(one)),
            point: self.point.filter(|one| before.point.as_ref() != Some(one)),
            zone: self.zone.filter(|one| before.zone != Some(*one)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_so_already_is_no_change_however_it_was_typed() {
        let is = Change {
            name: Some("Dinas".into()),
            parent: Some(String::new()),
            regions: Some(vec!["1371".into(), "31".into()]),
            point: Some("-6.175400,106.827200".into()),
            zone: Some(Zone::Wib),
            ..Change::default()
        };
        let typed = Change {
            name: Some(" Dinas ".into()),
            parent: Some(" ".into()),
            regions: Some(vec!["31".into(), "13.71".into()]),
            point: Some("-6.1754, 106.8272".into()),
            zone: Some(Zone::Wita),
            ..Change::default()
        };
        let change = typed.checked().unwrap().without_what_is(&is);
        assert_eq!(change, Change { zone: Some(Zone::Wita), ..Change::default() });
        assert_eq!(is.like(&change), Change { zone: Some(Zone::Wib), ..Change::default() });
        for wrong in [
            Change { regions: Some(vec!["9999".into()]), ..Change::default() },
            Change { point: Some("52.5,13.4".into()), ..Change::default() },
        ] {
            assert!(wrong.checked().is_err());
        }
    }
}
