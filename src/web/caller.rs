//! What becomes known of a request while it is worked on, for the outermost layer, which tells security events.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::Extensions;
use http::request::Parts;

use crate::security::{Kind, Who};

/// Extension of a request, shared with the outermost layer. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Caller(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    who: OnceLock<Who>,
    event: OnceLock<Kind>,
}

impl Caller {
    /// That of a request; one of its own where no layer has put one there, which nobody reads.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// It has shown who it is.
    pub fn is(&self, who: Who) {
        let _ = self.0.who.set(who);
    }

    /// What happened, where the answer's code does not say it. The first word counts.
    pub fn did(&self, event: Kind) {
        let _ = self.0.event.set(event);
    }

    /// Who it is, where that is known.
    pub(super) fn who(&self) -> Option<Who> {
        self.0.who.get().copied()
    }

    /// What happened, where somebody said so.
    pub(super) fn event(&self) -> Option<Kind> {
        self.0.event.get().copied()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}
