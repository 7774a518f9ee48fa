//! Branches where digital KTPs are accepted, as a node remembers them, and how one is found among them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::areas;
use super::cached::{Cached, is_fresh};
use super::place::{Place, page_after};
use super::search::typed_code;
use crate::branch::model::regency_name;
use crate::branch::{Branch, ports as branches};
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::input;
use crate::page::{self, Page};
use crate::relying_party::ports as parties;

/// Seconds for which a node takes the list of branches as it is.
const LIST_SECONDS: i64 = 5;
/// Seconds for which it takes as known who may verify: as long as it remembers an API key.
const PARTIES_SECONDS: i64 = 1;
/// Branches that are read at once.
const BATCH: i64 = 1_000;
/// Characters that may be looked for.
const MOST_WORDS: usize = 80;

/// Branches of all parties, for everybody. Cloning shares everything.
#[derive(Clone)]
pub struct AcceptingBranches {
    context: Context,
    list: Cached<Arc<Snapshot>>,
    parties: Cached<Arc<Parties>>,
}

/// The parties that may verify now: the name of each, and what it is found by.
type Parties = HashMap<Uuid, (String, String)>;

/// A branch that anybody finds.
#[derive(Clone, Debug)]
pub struct Found {
    /// The branch.
    pub branch: Branch,
    /// The name of its party.
    pub party: String,
}

/// All branches that are shown, as they were at a revision, in the order in which they are told.
#[derive(Debug)]
struct Snapshot {
    revision: i64,
    branches: Vec<(Branch, String)>,
}

impl Snapshot {
    fn new(revision: i64, branches: Vec<Branch>) -> Self {
        let text = |branch: &Branch| {
            let about = &branch.about;
            let regency = regency_name(&about.regency).unwrap_or_default();
            [&*about.name, &*about.address, regency].map(input::words).concat()
        };
        let mut branches: Vec<_> = branches
            .into_iter()
            .map(|branch| {
                let text = text(&branch);
                (branch, text)
            })
            .collect();
        branches.sort_by(|(one, text), (other, their)| (text, one.branch_id).cmp(&(their, other.branch_id)));
        Self { revision, branches }
    }

    /// Those of parties that may verify which fit the words: by their own name and address and their party's, then by the regency in which a
    /// place of that name or code lies.
    fn find<'a>(&'a self, words: &str, parties: &'a Parties) -> Vec<(Place<'a>, (&'a Branch, &'a str))> {
        let wanted = input::words(words);
        let open = self.branches.iter().filter_map(|(branch, text)| {
            let (name, party) = parties.get(&branch.relying_party_id)?;
            Some((branch, text.as_str(), name.as_str(), party.as_str()))
        });
        if wanted.is_empty() {
            let all = open.map(|(branch, text, name, _)| (place(0, branch, text), (branch, name)));
            return if words.trim().is_empty() { all.collect() } else { Vec::new() };
        }
        let parts: Vec<_> = wanted.split(' ').skip(1).map(|word| format!(" {word}")).collect();
        let code = typed_code(words);
        let codes = match &code {
            Some(code) => vec![code.as_str()],
            None => areas::codes_of(&wanted),
        };
        let regencies: BTreeSet<&str> = codes.into_iter().map(|code| code.get(..4).unwrap_or(code)).collect();
        let (mut found, mut around) = (Vec::new(), Vec::new());
        for (branch, text, name, party) in open {
            if parts.iter().all(|part| text.contains(part.as_str()) || party.contains(part.as_str())) {
                found.push((place(0, branch, text), (branch, name)));
            } else if regencies.iter().any(|code| branch.about.regency.starts_with(code)) {
                around.push((place(1, branch, text), (branch, name)));
            }
        }
        found.append(&mut around);
        found
    }
}

/// A branch that fits so well; `text` is that by which it is sorted.
fn place<'a>(rank: u8, branch: &Branch, text: &'a str) -> Place<'a> {
    Place { rank, text: text.into(), id: branch.branch_id }
}

impl AcceptingBranches {
    /// In this context; nothing is remembered yet.
    pub fn new(context: Context) -> Self {
        Self { context, list: Cached::default(), parties: Cached::default() }
    }

    /// A page of the branches that fit the words, of parties that may verify now.
    ///
    /// # Errors
    /// `malformed_request` for words that are too long, and for a cursor that was not given out here.
    pub async fn find(&self, words: &str, cursor: Option<&str>, limit: i64) -> Result<Page<Found>> {
        if words.chars().count() > MOST_WORDS {
            return Err(Code::MalformedRequest.into());
        }
        let after = page::after(cursor, Place::FIRST)?;
        let limit = limit.clamp(1, page::MOST);
        let (snapshot, parties, words) = (self.snapshot().await?, self.parties().await?, words.to_owned());
        // Comparing words takes time of the processor, and the names of all regions are put in order at the first time.
        let page = tokio::task::spawn_blocking(move || {
            let page = page_after(snapshot.find(&words, &parties), &after, limit);
            page.map(|(branch, party)| Found { branch: branch.clone(), party: party.to_owned() })
        });
        page.await.map_err(Error::internal)
    }

    /// All branches that are shown, as they are or were some seconds ago.
    async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let now = self.context.now();
        let mut last = self.list.hold().await;
        if let Some((at, snapshot)) = last.as_ref()
            && is_fresh(*at, now, LIST_SECONDS)
        {
            return Ok(Arc::clone(snapshot));
        }
        let mut tx = self.context.db.read().await?;
        // The revision first: what changes while the branches are read is read again.
        let revision = branches::revision(&mut tx).await?;
        if let Some((at, snapshot)) = last.as_mut()
            && snapshot.revision == revision
        {
            *at = now;
            return Ok(Arc::clone(snapshot));
        }
        let (mut all, mut after) = (Vec::new(), Uuid::nil());
        loop {
            let some = branches::shown_after(&mut tx, after, BATCH).await?;
            let Some(one) = some.last() else { break };
            after = one.branch_id;
            all.extend(some);
        }
        let snapshot = Arc::new(Snapshot::new(revision, all));
        *last = Some((now, Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    /// Who may verify: a party that was suspended, or whose contract ended, disappears as fast as its keys are refused.
    async fn parties(&self) -> Result<Arc<Parties>> {
        let now = self.context.now();
        let mut last = self.parties.hold().await;
        if let Some((at, parties)) = last.as_ref()
            && is_fresh(*at, now, PARTIES_SECONDS)
        {
            return Ok(Arc::clone(parties));
        }
        let mut tx = self.context.db.read().await?;
        let open = parties::verifying(&mut tx, now).await?.into_iter();
        let named = open.map(|(id, name)| {
            let text = input::words(&name);
            (id, (name, text))
        });
        let parties = Arc::new(named.collect::<Parties>());
        *last = Some((now, Arc::clone(&parties)));
        Ok(parties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::branch::model::{About, State};

    fn branch(number: u128, party: u128, name: &str, regency: &str) -> Branch {
        let about = About {
            name: name.into(),
            address: "Jl. Merdeka".into(),
            regency: regency.into(),
            hours: None,
            shown: true,
        };
        let (branch_id, relying_party_id) = (Uuid::from_u128(number), Uuid::from_u128(party));
        Branch { branch_id, relying_party_id, about, state: State::Shown, revision: 0 }
    }

    #[test]
    fn a_branch_is_found_by_its_words_its_party_and_where_it_is() {
        let all = vec![
            branch(1, 1, "KCP Seririt", "5108"),
            branch(2, 1, "KCP Padang", "1371"),
            branch(3, 2, "Apotek Singaraja", "5108"),
            branch(4, 3, "KCP Ubud", "5104"),
        ];
        let snapshot = Snapshot::new(1, all);
        let named = |id: u128, name: &str| (Uuid::from_u128(id), (name.to_owned(), input::words(name)));
        let parties = Parties::from([named(1, "Bank Contoh"), named(2, "Apotek Sehat")]);
        let found = |words: &str| -> Vec<u128> {
            snapshot.find(words, &parties).iter().map(|(place, _)| place.id.as_u128()).collect()
        };
        assert_eq!(found(""), [3, 2, 1], "by name, without whoever may not verify");
        assert_eq!(found("bank contoh seririt"), [1], "words of the party and of the place");
        assert_eq!(found("buleleng"), [3, 1]);
        assert_eq!(found("51.08"), [3, 1]);
        assert_eq!(found("5108010"), [3, 1], "a part of it");
        assert_eq!(found("51"), [3, 1], "a province");
        assert_eq!(found("padang"), [2]);
        // A district of Buleleng that no branch names.
        assert_eq!(found("gerokgak"), [3, 1]);
        for nothing in ["ubud", "eririt", "zzzz", "%", "…"] {
            assert!(found(nothing).is_empty(), "{nothing}");
        }
    }
}
