//! Signing keys as the national administration reads them: public halves, where each is in its life, and which node holds it.

use uuid::Uuid;

use super::act::ReadSettings;
use crate::audit::{self, Outcome};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::KeyPurpose;
use crate::error::Result;
use crate::keyring::model::{KeyState, LEAST_PUBLISHED_SECONDS, NODE_SILENCE_SECONDS, RETIRING_SECONDS};
use crate::keyring::ports::{self as keys, Overview};
use crate::keyring::{KeyRow, Node};
use crate::staff::Allowed;
use crate::transaction;

/// Signing keys. Cloning shares everything.
#[derive(Clone)]
pub struct Keys {
    context: Context,
    audit: audit::Service,
}

/// A key and who holds it.
#[derive(Debug)]
pub struct Key {
    /// Its public half.
    pub row: KeyRow,
    /// How many live nodes hold its private half.
    pub holders: usize,
    /// When it signs by itself at the earliest, or is retired; none where time alone changes nothing.
    pub changes_at: Option<Timestamp>,
    /// Whether two administrators can let it sign from now on.
    pub can_activate: bool,
    /// Whether two administrators can retire it at once.
    pub can_revoke: bool,
}

/// All of it.
#[derive(Debug)]
pub struct View {
    /// Oldest first.
    pub keys: Vec<Key>,
    /// Each node with whether it lives, and the keys that it holds.
    pub nodes: Vec<(Node, bool, Vec<Vec<u8>>)>,
    /// Seconds for which a key is published before it signs by itself.
    pub publish_ahead_seconds: i64,
}

impl Keys {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// Keys and nodes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view(&self, who: &Allowed<ReadSettings>) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let found = keys::overview(&mut tx).await?;
        drop(tx);
        let event = who.event(who.agent.official_id);
        transaction!(self.context.db, "admin.note_settings", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        Ok(viewed(found, self.context.config.keys.publish_ahead_seconds, self.context.now()))
    }
}

fn viewed(found: Overview, publish_ahead_seconds: i64, now: Timestamp) -> View {
    let silent = now.plus_seconds(-NODE_SILENCE_SECONDS);
    let held_by = |node: Uuid| found.held.iter().filter(move |(of, _)| *of == node).map(|(_, kid)| kid.clone());
    let nodes: Vec<_> =
        found.nodes.iter().map(|node| (*node, node.seen_at > silent, held_by(node.node_id).collect())).collect();
    let living = nodes.iter().filter(|(_, lives, _)| *lives).count();
    let holders = |kid: &Vec<u8>| {
        nodes.iter().filter(|(_, lives, held): &&(Node, bool, Vec<Vec<u8>>)| *lives && held.contains(kid)).count()
    };
    let waits = found.keys.iter().any(|row| row.purpose == KeyPurpose::Token && row.state == KeyState::Next);
    let least = publish_ahead_seconds.min(LEAST_PUBLISHED_SECONDS);
    let key = |row: &KeyRow| {
        let holders = holders(&row.kid);
        let everywhere = living > 0 && holders == living;
        Key {
            holders,
            changes_at: match (row.state, row.retiring_at) {
                (KeyState::Next, _) => Some(row.published_at.plus_seconds(publish_ahead_seconds)),
                (KeyState::Retiring, Some(at)) => Some(at.plus_seconds(RETIRING_SECONDS)),
                _ => None,
            },
            can_activate: row.state == KeyState::Next && everywhere && row.published_at.plus_seconds(least) <= now,
            can_revoke: row.purpose == KeyPurpose::Token
                && match row.state {
                    KeyState::Active => waits,
                    KeyState::Next | KeyState::Retiring => true,
                    KeyState::Retired => false,
                },
            row: row.clone(),
        }
    };
    View { keys: found.keys.iter().map(key).collect(), nodes, publish_ahead_seconds }
}
