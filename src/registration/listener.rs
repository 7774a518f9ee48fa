//! Hears what the register says of people who have a correction case: the case ends when the register agrees, and the registration that it
//! holds up goes on, because its check runs again.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::cases::ask_anew;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::correction::ports as cases;
use crate::db::Tx;
use crate::error::Result;
use crate::register::{Heard, Listener, Said};

/// Brings what the register says to correction cases. Cloning shares everything.
#[derive(Clone)]
pub struct CorrectionListener {
    context: Context,
}

impl Listener for CorrectionListener {
    fn hear<'a>(&'a self, tx: &'a mut Tx, said: &'a [Said<'a>], now: Timestamp) -> BoxFuture<'a, Result<Heard>> {
        self.hear_all(tx, said, now).boxed()
    }
}

impl CorrectionListener {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// What it means for digital KTPs, another listener counts.
    async fn hear_all(&self, tx: &mut Tx, said: &[Said<'_>], now: Timestamp) -> Result<Heard> {
        for concerned in cases::concerned(&self.context, tx, said).await? {
            // The registration first, as everywhere.
            if let Some(registration) = concerned.registration_id {
                ask_anew(tx, registration, now).await?;
            }
            if let Some(said) = said.get(concerned.said) {
                cases::hear(&self.context, tx, concerned.correction_id, said, now).await?;
            }
        }
        Ok(Heard::default())
    }
}
