//! Relying parties as other domains' transactions see them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::model::{Party, PartyState, Purpose};
use super::store::{self, LABELS_AT_ONCE};
use crate::db::Tx;
use crate::error::Result;

/// A party that was not disabled.
///
/// # Errors
/// When the database does not answer.
pub async fn active(tx: &mut Tx, id: Uuid) -> Result<Option<Arc<Party>>> {
    let Some(row) = store::party(tx, id).await?.filter(|row| row.state == PartyState::Active) else { return Ok(None) };
    Ok(Some(Arc::new(Party {
        relying_party_id: row.relying_party_id,
        name: row.name,
        entitled: row.attributes,
        purposes: store::purposes(tx, id).await?,
    })))
}

/// The id of the party of that name, disabled or not.
///
/// # Errors
/// When the database does not answer.
pub async fn id_of(tx: &mut Tx, name: &str) -> Result<Option<Uuid>> {
    Ok(store::party_by_name(tx, name).await?.map(|row| row.relying_party_id))
}

/// What holders read of a party: its name, and what it verifies for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The party's name.
    pub name: String,
    /// Its purposes, in no order.
    pub purposes: Vec<Purpose>,
}

impl Label {
    /// The purpose of a code; one that is no longer registered reads as its code.
    pub fn purpose(&self, code: String) -> Purpose {
        self.purposes.iter().find(|purpose| purpose.code == code).cloned().unwrap_or_else(|| Purpose::unknown(code))
    }
}

/// The labels of these parties, also of disabled ones: one statement for each eight of them.
///
/// # Errors
/// When the database does not answer.
pub async fn labels(tx: &mut Tx, parties: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, Label>> {
    let wanted: Vec<Uuid> = parties.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut labels: HashMap<Uuid, Label> = HashMap::new();
    for ids in wanted.chunks(LABELS_AT_ONCE) {
        let padded = std::array::from_fn(|at| ids.get(at).copied().unwrap_or_default());
        for row in store::labels(tx, padded).await? {
            let label = labels.entry(row.relying_party_id).or_default();
            label.name = row.name;
            if let (Some(code), Some(text_id), Some(text_en)) = (row.code, row.text_id, row.text_en) {
                label.purposes.push(Purpose { code, text_id, text_en });
            }
        }
    }
    Ok(labels)
}
