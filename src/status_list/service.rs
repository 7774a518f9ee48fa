//! Gives places out, and makes the lists that are published.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ikd_token::StatusList;
use ikd_token::status::{Header, ListClaims, StatusReference, encode_cwt, encode_jwt};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::model::{self, Kind, LEASED, LIFE_SECONDS, Place, RENEW_SECONDS, SIZE, TTL_SECONDS, next_list};
use super::store;
use crate::base64url;
use crate::clock::{Timestamp, stopwatch};
use crate::context::Context;
use crate::credential::{KeyPurpose, SignError};
use crate::error::{Code, Error, Result};
use crate::keyring::Keyring;
use crate::stop_log::{Entry, ports as stop_log};
use crate::transaction;

/// For so long a node answers from what it has read: a list is asked for by everybody, and what it says may be a minute old anyway.
const FRESH: Duration = Duration::from_secs(1);
/// Lists that are named at once at most.
const MOST_LISTS: i64 = 1_000;

fn opened(note_id: Uuid, now: Timestamp) -> Entry {
    let kind = crate::stop_log::Kind::ListOpened;
    Entry { note_id, subject_id: Uuid::nil(), kind, detail: None, number: 0, at: now.micros(), until: None }
}

/// A list in one of its forms.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its bytes.
    pub bytes: Bytes,
    /// What tells it from others: an entity tag (RFC 9110 §8.8.3).
    pub tag: String,
}

impl Body {
    fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let tag = format!("\"{}\"", base64url::encode(&Sha256::digest(&bytes)[..12]));
        Self { bytes, tag }
    }
}

/// A list as it is published.
#[derive(Clone, Debug)]
pub struct Published {
    /// As JWT.
    pub jwt: Body,
    /// As CWT.
    pub cwt: Body,
    issued_at: Timestamp,
    voided: Arc<[u32]>,
    read_at: Instant,
}

impl Published {
    /// The places that are void, in order.
    pub fn voided(&self) -> &[u32] {
        &self.voided
    }
}

/// Places that this node has taken and not given out yet.
struct Lease {
    list_id: i64,
    key: Vec<u8>,
    next: u32,
    end: u32,
}

/// The status lists. Cloning shares everything.
#[derive(Clone)]
pub struct StatusLists {
    context: Context,
    keyring: Keyring,
    leases: Arc<Mutex<HashMap<Kind, Lease>>>,
    published: Arc<Mutex<HashMap<i64, Published>>>,
}

impl StatusLists {
    /// `keyring` signs the lists.
    pub fn new(context: Context, keyring: Keyring) -> Self {
        Self { context, keyring, leases: Arc::default(), published: Arc::default() }
    }

    /// A place in a list of this kind that no other token has; `None` on a service whose key for lists was never made (`ikd keys init` makes it): its tokens
    /// name no list.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take(&self, kind: Kind) -> Result<Option<Place>> {
        if self.keyring.signer(KeyPurpose::Status).is_err() {
            return Ok(None);
        }
        let mut leases = self.leases.lock().await;
        let present = kind.list_of(self.context.now(), 0);
        // A place of an earlier period's list would be looked for when that list is not served any more.
        let usable = leases.get(&kind).is_some_and(|lease| lease.next < lease.end && lease.list_id >= present);
        if !usable {
            let fresh = self.take_lease(present).await?;
            leases.insert(kind, fresh);
        }
        let lease = leases.get_mut(&kind).ok_or_else(|| Error::internal("a lease that was just taken"))?;
        let index = model::place(&lease.key, lease.next);
        lease.next += 1;
        Ok(Some(Place { list_id: lease.list_id, index }))
    }

    async fn take_lease(&self, first: i64) -> Result<Lease> {
        let now = self.context.now();
        let fresh_key: [u8; 16] = self.context.random.bytes();
        let mut list_id = first;
        loop {
            let leased = transaction!(self.context.db, "status_list.lease", |tx| {
                let leased = store::lease(tx, list_id, &fresh_key, now).await?;
                if leased.as_ref().is_some_and(|(next, _)| *next == 0) {
                    // A copy of the database from before does not know that there is such a list.
                    let opened = Entry { number: list_id, ..opened(self.context.random.uuid_v7(now), now) };
                    stop_log::note(&self.context, tx, &opened).await?;
                }
                Ok(leased)
            })?;
            if let Some((next, key)) = leased {
                return Ok(Lease { list_id, key, next, end: next + LEASED });
            }
            list_id = next_list(list_id).ok_or_else(|| Error::internal("all status lists of this period are full"))?;
        }
    }

    /// What stands in a token that has this place.
    pub fn reference(&self, place: Place) -> StatusReference {
        StatusReference { uri: self.uri(place.list_id), index: place.index }
    }

    /// Where all lists are named.
    fn aggregation(&self) -> String {
        format!("{}/v1/status-lists", self.context.config.service.public_url.trim_end_matches('/'))
    }

    fn uri(&self, list_id: i64) -> String {
        format!("{}/{list_id}", self.aggregation())
    }

    /// The URIs of all lists that tokens may name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn uris(&self) -> Result<Vec<String>> {
        let mut tx = self.context.db.read().await?;
        let mut lists = Vec::new();
        for kind in Kind::ALL {
            lists.extend(store::lists(&mut tx, kind.numbers(), self.served_since(kind), MOST_LISTS).await?);
        }
        Ok(lists.into_iter().map(|list_id| self.uri(list_id)).collect())
    }

    /// A list, at most a second old.
    ///
    /// # Errors
    /// `not_found` when there is none of this number; when this node cannot sign.
    pub async fn list(&self, list_id: i64) -> Result<Published> {
        let mut all = self.published.lock().await;
        let known = all.get(&list_id).cloned();
        if let Some(fresh) = known.as_ref().filter(|known| known.read_at.elapsed() < FRESH) {
            return Ok(fresh.clone());
        }
        // Before the rows are read, so that what is signed is never older than it says.
        let (now, read_at) = (self.context.now(), stopwatch());
        let voided: Arc<[u32]> = {
            let mut tx = self.context.db.read().await?;
            if !store::is_served(&mut tx, list_id, self.served_since(Kind::of(list_id))).await? {
                all.remove(&list_id);
                return Err(Code::NotFound.into());
            }
            let voided = store::voided(&mut tx, list_id).await?;
            match store::good(&mut tx, list_id).await? {
                None => voided.into(),
                Some(good) => model::all_but(&good, &voided).into(),
            }
        };
        let same = known.filter(|known| known.voided == voided && now.seconds_since(known.issued_at) < RENEW_SECONDS);
        let published = match same {
            Some(same) => Published { read_at, ..same },
            None => self.publish(list_id, voided, (now, read_at)).await?,
        };
        all.retain(|_, one| now.seconds_since(one.issued_at) < LIFE_SECONDS);
        all.insert(list_id, published.clone());
        Ok(published)
    }

    async fn publish(
        &self,
        list_id: i64,
        voided: Arc<[u32]>,
        (issued_at, read_at): (Timestamp, Instant),
    ) -> Result<Published> {
        let claims = ListClaims {
            uri: self.uri(list_id),
            issued_at: issued_at.seconds(),
            expires_at: issued_at.seconds() + LIFE_SECONDS,
            ttl: TTL_SECONDS,
            aggregation_uri: self.aggregation(),
            list: StatusList::new(SIZE, voided.iter().copied()),
        };
        let both = self.keyring.with_signer(KeyPurpose::Status, move |signer| {
            let header = Header { algorithm: signer.algorithm(), kid: signer.kid() };
            let jwt = encode_jwt(header, &claims, |message| signer.sign(message))?;
            let cwt = encode_cwt(header, &claims, |message| signer.sign(message))?;
            Ok::<_, SignError>((jwt, cwt))
        });
        let (jwt, cwt) = both.await?;
        Ok(Published { jwt: Body::new(jwt), cwt: Body::new(cwt), issued_at, voided, read_at })
    }

    fn served_since(&self, kind: Kind) -> Timestamp {
        self.context.now().plus_seconds(-kind.served())
    }

    /// Forgets places and lists that no token names any more; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "status_list.sweep", |tx| {
            let mut forgotten = store::forget(tx, now).await?;
            for kind in Kind::ALL {
                forgotten += store::forget_lists(tx, kind.numbers(), self.served_since(kind)).await?;
            }
            Ok(forgotten)
        })
    }
}
