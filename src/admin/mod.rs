//! What people of the national administration do on the pages under `/admin`: administrators, provinces that read, auditors. They
//! serve no resident.

pub mod act;
pub mod audit_log;
pub mod figure;
pub mod http;
pub mod keys;
mod mail;
pub mod mails;
pub mod offices;
pub mod parties;
pub mod retention;

pub use act::Official;

use std::sync::Arc;

use crate::context::Context;
use crate::mail::{Compose, MailKind};
use crate::module::Module;
use crate::proposal::Proposals;
use crate::registration::review::Reviews;
use crate::relying_party::RelyingParties;
use crate::staff::{Invitations, Staff};

/// What this domain brings to a node, for the people of `officials`. They read what its mails say, and those of `others`.
pub fn module(
    context: &Context,
    reviews: Reviews,
    officials: &Staff,
    (parties, proposals): (&RelyingParties, &Proposals),
    others: Vec<(MailKind, Arc<dyn Compose>)>,
) -> Module {
    let people = Invitations::new(context.clone());
    let (parties, offices) =
        (parties::Parties::new(context.clone(), parties.usage().clone()), offices::AllOffices::new(context.clone()));
    let figures = figure::Figures::new(context.clone());
    let letters: Vec<(MailKind, Arc<dyn Compose>)> = vec![(mail::OPENED, Arc::new(mail::Letters(context.clone())))];
    let mails = mails::Mails::new(context.clone(), others.into_iter().chain(letters.clone()).collect());
    let settings = (keys::Keys::new(context.clone()), retention::Periods::new(context.clone()), mails);
    let log = audit_log::AuditLog::new(context.clone(), reviews);
    Module {
        people: http::routes(
            (people, offices),
            proposals.clone(),
            parties,
            (figures, log),
            settings,
            officials.clone(),
        ),
        letters,
        ..Module::default()
    }
}
