//! What is asked by other domains, inside their transactions.

use uuid::Uuid;

use super::model::{Details, Kind, LATE_SECONDS, Outreach, State};
use super::{desk, store};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::register::regions::regions;
use crate::registration::State as Stood;
use crate::secret::Redacted;

/// Where a session takes place, as it is told to anybody.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    /// The session.
    pub outreach: Outreach,
    /// The place; none of a visit at home, where it would be somebody's address.
    pub place: Option<Redacted<String>>,
    /// The village with district and regency.
    pub village: String,
}

/// The open session on whose roster somebody is.
///
/// # Errors
/// When the database does not answer.
pub async fn working_in(tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<Option<Outreach>> {
    Ok(store::working_in(tx, person, now.plus_seconds(-LATE_SECONDS)).await?)
}

/// An office's next sessions for everybody, of those that begin before `until`.
///
/// # Errors
/// As [`whereabouts`].
pub async fn upcoming(
    context: &Context,
    tx: &mut Tx,
    office: Uuid,
    times: (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Whereabouts>> {
    let mut told = Vec::new();
    for next in store::upcoming(tx, office, times, limit).await? {
        told.push(whereabouts(context, tx, next).await?);
    }
    Ok(told)
}

/// Sessions of an office that took place and began in these times, with how many people came, by where their registrations stand; in a
/// session that was reported, as its sheet says.
///
/// # Errors
/// When the database does not answer.
pub async fn held(
    tx: &mut Tx,
    office: Uuid,
    times: (Timestamp, Timestamp),
) -> Result<Vec<(Outreach, Vec<(Stood, i64)>)>> {
    let mut all = Vec::new();
    for outreach in store::held(tx, office, times).await? {
        let people = desk::people(tx, &outreach).await?;
        all.push((outreach, people));
    }
    Ok(all)
}

/// Whether a session is open, for those who are at work in it.
///
/// # Errors
/// When the database does not answer.
pub async fn is_open(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool> {
    let found = store::lookup(tx, id).await?;
    Ok(found.is_some_and(|found| found.state == State::Open && found.ends_at > now.plus_seconds(-LATE_SECONDS)))
}

/// Where a session takes place.
///
/// # Errors
/// When the database does not answer, or what it holds cannot be opened.
pub async fn whereabouts(context: &Context, tx: &mut Tx, outreach: Outreach) -> Result<Whereabouts> {
    let details: Details = desk::details(context, tx, outreach.outreach_id).await?;
    let place = details.place.filter(|_| outreach.kind != Kind::HomeVisit);
    Ok(Whereabouts { village: village(&outreach.village_code), place, outreach })
}

/// A session by its id, with where it takes place.
///
/// # Errors
/// As [`whereabouts`].
pub async fn whereabouts_of(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Option<Whereabouts>> {
    match store::lookup(tx, id).await? {
        Some(found) => Ok(Some(whereabouts(context, tx, found).await?)),
        None => Ok(None),
    }
}

/// A village's name with those of district and regency; the code where there is none today.
pub fn village(code: &str) -> String {
    let named = || {
        let number: u64 = code.parse().ok()?;
        let all = regions();
        let village = all.village(number)?;
        let district = all.district(u32::try_from(number / 10_000).ok()?)?;
        let regency = all.regency(u16::try_from(number / 1_000_000).ok()?)?;
        Some(format!("{}, {}, {}", village.name, district.name, regency.name))
    };
    named().unwrap_or_else(|| code.to_owned())
}

/// Villages found at once.
const FOUND: usize = 20;

/// Villages whose names begin with a word of `text`, and which the other words name too: the code, and the name with those of district and
/// regency.
pub fn villages(text: &str) -> Vec<(u64, String)> {
    let words: Vec<String> = text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let Some(first) = words.first().filter(|first| first.chars().count() >= 3) else { return Vec::new() };
    let begins = |name: &str| name.to_lowercase().split(' ').any(|word| word.starts_with(first.as_str()));
    let found = regions().villages().iter().filter(|one| begins(one.name));
    let told = found.map(|one| (one.code, village(&one.code.to_string())));
    told.filter(|(_, name)| words.iter().all(|word| name.to_lowercase().contains(word.as_str()))).take(FOUND).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn villages_are_found_by_their_names() {
        assert_eq!(village("3171011001"), "Gambir, Gambir, Kota Administrasi Jakarta Pusat");
        assert_eq!(village("9999999999"), "9999999999");
        assert_eq!(villages("gambir jakarta")[0].0, 3_171_011_001);
        assert!(villages("ga").is_empty() && villages("").is_empty());
        assert!(villages("suka").len() == FOUND);
    }
}
