//! Everybody who logs in with a password, and an authenticator code or a passkey: officers, employees of relying parties, administrators.
//!
//! A person is one row, with where they belong ([`Affiliation`]) and a [`Role`], which stands for a set of [`Permission`]s. Where
//! they belong decides at which pages they log in ([`Realm`]). What passwords, codes and tries are is `login`'s.

pub mod accounts;
pub mod http;
pub mod invitation;
pub mod log_in;
pub mod model;
pub mod notice;
pub mod own_password;
pub mod own_secrets;
pub mod passkey;
pub mod permission;
pub mod ports;
pub mod proof;
pub mod service;
pub mod sessions;
pub mod stops;
pub mod store;

pub use accounts::{Accounts, Listed, Post, Secrets};
pub use invitation::{Acceptance, Invitations};
pub use log_in::{LogIns, LoggedIn};
pub use model::{Affiliation, Person, Realm, Role, Roles};
pub use permission::{Act, Allowed, Permission};
pub use proof::{Client, Second};
pub use service::Staff;
pub use sessions::{Sessions, StaffSession, Workplace};

use std::sync::Arc;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::mail::{Compose, MailKind};
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("staff_account", "totp_sealed", "staff_id", proof::TOTP_TABLE),
    sealed_column!("staff_account", "contact_sealed", "staff_id", invitation::accept::CONTACT),
    sealed_column!("staff_invitation", "sealed", "invitation_id", invitation::mail::TABLE),
    sealed_column!("staff_notice", "contact_sealed", "notice_id", invitation::accept::CONTACT, "staff_id"),
    sealed_column!("staff_passkey", "sealed", "passkey_id", passkey::factor::TABLE),
    sealed_column!("staff_passkey_challenge", "sealed", "challenge_id", passkey::factor::QUESTION),
];

/// What this domain brings to a node: what is behind the links of invitations. Its other routes are those of the realms: see [`http`].
pub fn module(context: &Context, acceptance: &Acceptance) -> Module {
    let invitations = Invitations::new(context.clone());
    Module {
        open: http::invitation::routes(acceptance.clone()),
        sweeps: vec![
            Sweep::of("staff.sweep", context, |context| async move { sessions::sweep(&context).await }),
            Sweep::of("staff.sweep_links", &invitations, |invitations| async move { invitations.sweep().await }),
        ],
        letters: letters(context),
        ..Module::default()
    }
}

fn letters(context: &Context) -> Vec<(MailKind, Arc<dyn Compose>)> {
    let mut letters: Vec<(MailKind, Arc<dyn Compose>)> = notice::letters(context).into();
    letters.push((invitation::INVITATION, Arc::new(invitation::Letters(context.clone()))));
    letters
}
