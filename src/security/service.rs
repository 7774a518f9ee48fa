//! Telling: the first of each, and at its end how many there were.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::Level;
use uuid::Uuid;

use super::book::{Book, By, Ended, Seen};
use super::digest::{digest_of, digest_of_network};
use super::kind::{Kind, Weight};
use crate::clock::Clock;
use crate::context::Context;
use crate::jobs::{Job, Pace};
use crate::vault::Vault;

/// Between looks at what has ended.
const PERIOD: Duration = Duration::from_secs(15);
/// In place of digests, for all who find no place of their own.
const OTHERS: &str = "others";

/// The first time that an event happened: what it was seen by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstance<'a> {
    /// The request; `None` for what is none yet.
    pub request_id: Option<Uuid>,
    /// The route's template.
    pub route: Option<&'a str>,
    /// The code of the refusal.
    pub code: Option<&'static str>,
}

/// Tells security events. Cloning shares what goes on.
#[derive(Clone)]
pub struct Security(Arc<Inner>);

struct Inner {
    vault: Vault,
    clock: Clock,
    book: Book,
}

/// Writes a line. The level stands in the macro's text, and all lines have the same fields.
macro_rules! tell {
    ($kind:expr, $($field:tt)*) => {
        match $kind.weight() {
            Weight::Usual => tracing::event!(target: "ikd::security", Level::INFO, $($field)*),
            Weight::Unusual => tracing::event!(target: "ikd::security", Level::WARN, $($field)*),
        }
    };
}

impl Security {
    /// Nothing goes on yet.
    pub fn new(context: &Context) -> Self {
        Self(Arc::new(Inner { vault: context.vault.clone(), clock: context.clock.clone(), book: Book::default() }))
    }

    /// It happened: counts it, and tells it if it begins.
    pub fn seen(&self, kind: Kind, by: By, circumstance: &Circumstance<'_>) {
        metrics::counter!("ikd_security_events_total", "kind" => kind.as_str()).increment(1);
        let by = By { who: by.who.filter(|_| kind.says_who()), ..by };
        let seen = self.0.book.note(kind, by, self.0.clock.now());
        let (who, network) = match seen {
            Seen::Counted => return,
            Seen::Begun => self.digests(Some(by)),
            Seen::BegunForOthers => self.digests(None),
        };
        let request = circumstance.request_id.map(tracing::field::display);
        tell!(
            kind,
            security.kind = kind.as_str(),
            security.state = "begun",
            security.who = who.as_deref(),
            client.network = network.as_deref(),
            request.id = request,
            http.route = circumstance.route,
            error.code = circumstance.code,
            "security event"
        );
    }

    /// Tells what has ended.
    pub fn round(&self) {
        self.end(self.0.book.over(self.0.clock.now()));
    }

    fn end(&self, ended: Vec<Ended>) {
        // The line of the beginning says all there is of what happened once.
        for Ended { kind, by, count, seconds } in ended.into_iter().filter(|ended| ended.count > 1) {
            let (who, network) = self.digests(by);
            tell!(
                kind,
                security.kind = kind.as_str(),
                security.state = "ended",
                security.who = who.as_deref(),
                client.network = network.as_deref(),
                security.count = count,
                duration.seconds = seconds,
                "security event"
            );
        }
    }

    /// Ends events by and by.
    pub fn job(&self) -> Job {
        let this = self.clone();
        Job::every("security.end", Pace::pausing(PERIOD), move || {
            this.round();
            ready(Ok(()))
        })
    }

    /// For a stop, when nothing comes any more: tells how often happened what is going on.
    pub fn drain(&self) -> BoxFuture<'static, ()> {
        let this = self.clone();
        async move { this.end(this.0.book.all()) }.boxed()
    }

    fn digests(&self, by: Option<By>) -> (Option<String>, Option<String>) {
        match by {
            None => (Some(String::from(OTHERS)), Some(String::from(OTHERS))),
            Some(By { client, who }) => (
                who.map(|who| digest_of(&self.0.vault, who)),
                client.and_then(|address| digest_of_network(&self.0.vault, address)),
            ),
        }
    }
}
