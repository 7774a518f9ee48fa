//! A digital KTP moves from the phone that has it to another one, without an officer: the new phone shows a QR, the old one scans it and
//! proves the PIN, both show one number, and the new phone chooses a PIN. The table `transfer` belongs here.

pub mod http;
pub mod model;
mod new_phone;
mod old_phone;
pub mod ports;
mod store;

pub use model::{State, Transfer};

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::device::Thumbprint;
use crate::error::{Code, Result};
use crate::jobs::Sweep;
use crate::keyring::Keyring;
use crate::module::Module;
use crate::wallet;

/// Moves between phones. Cloning shares everything.
#[derive(Clone)]
pub struct Transfers {
    context: Context,
    keyring: Keyring,
    wallet: wallet::Service,
}

/// A move as either phone sees it.
#[derive(Debug)]
pub struct View {
    /// Its id.
    pub transfer_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// The number that both phones show.
    pub match_number: Option<String>,
    /// When its time is over.
    pub expires_at: Timestamp,
}

impl View {
    fn of(transfer: &Transfer, now: Timestamp) -> Self {
        let Transfer { transfer_id, expires_at, .. } = *transfer;
        Self { transfer_id, state: transfer.state(now), match_number: transfer.match_number(), expires_at }
    }
}

impl Transfers {
    /// `keyring` signs and reads the QRs, `wallet` proves PINs.
    pub const fn new(context: Context, keyring: Keyring, wallet: wallet::Service) -> Self {
        Self { context, keyring, wallet }
    }

    /// Where a move stands, for its two phones.
    ///
    /// # Errors
    /// `not_found` for any other device.
    pub async fn status(&self, device: &Thumbprint, id: Uuid) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let found = store::lookup(&mut tx, id).await?.filter(|found| found.is_between(device));
        Ok(View::of(&found.ok_or(Code::NotFound)?, self.context.now()))
    }
}

/// What this domain brings to a node; the old phone has unlocked the wallet.
pub fn module(transfers: &Transfers) -> Module {
    Module {
        devices: http::routes(transfers.clone(), transfers.wallet.clone()),
        sweeps: vec![Sweep::of("transfer.sweep", transfers, |transfers| async move { transfers.sweep().await })],
        ..Module::default()
    }
}
