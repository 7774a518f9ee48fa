//! Writing many records: worker threads seal batches in parallel, and one writer stores them in order.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::service::LocalRegister;
use super::store::{self, ImportRow, PortraitRow, RecordRow};
use super::{Heard, RegisterRecord, Said, portrait};
use crate::db::DbError;
use crate::transaction;
use crate::vault::{Label, VaultError};

/// Records in one transaction.
pub(super) const ROWS: usize = 1_000;
/// Batches that are prepared while another is written.
pub(super) const AHEAD: usize = 4;
/// Most times that a batch is sealed again because one of its NIKs was inserted meanwhile.
const TRIES: usize = 8;

/// A record for the register.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// The elements of the KTP-el.
    pub record: RegisterRecord,
    /// A JPEG of at most 20 KB; `None` leaves the portrait that the register has.
    pub portrait: Option<Vec<u8>>,
}

/// A batch could not be written. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The database did not take it.
    #[error("database: {0}")]
    Db(#[from] DbError),
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
    /// The import's position moved under us.
    #[error("another process is importing the same file")]
    Overtaken,
}

impl From<VaultError> for BatchError {
    fn from(error: VaultError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<tokio::task::JoinError> for BatchError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Fault(String::from("a worker stopped"))
    }
}

impl From<crate::error::Error> for BatchError {
    fn from(error: crate::error::Error) -> Self {
        match error {
            crate::error::Error::Db(error) => Self::Db(error),
            // The one thing that writing demands.
            crate::error::Error::Refused(_) => Self::Overtaken,
            other => Self::Fault(other.to_string()),
        }
    }
}

impl From<BatchError> for crate::error::Error {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Db(error) => Self::Db(error),
            other => Self::internal(other),
        }
    }
}

/// Records by the blind index of their NIK.
type Indexed = Vec<(Vec<u8>, NewRecord)>;

/// A batch that only has to be written.
pub(super) struct Prepared<T> {
    records: Arc<Indexed>,
    sealed: (Vec<RecordRow>, Vec<PortraitRow>),
    /// What else the builder gave.
    pub(super) extra: T,
}

impl<T> Prepared<T> {
    /// What the register says with it.
    fn said(&self) -> Vec<Said<'_>> {
        let rows = self.records.iter().zip(&self.sealed.0);
        let said = rows.map(|((_, new), row)| Said {
            resident_id: row.resident_id,
            record: &new.record,
            portrait: new.portrait.as_deref().filter(|jpeg| jpeg.len() <= portrait::MAX_BYTES),
        });
        said.collect()
    }
}

/// The step of an import that is saved with its batch.
pub(super) struct Step<'a> {
    pub(super) digest: &'a [u8],
    pub(super) from: i64,
    pub(super) to: ImportRow,
}

impl LocalRegister {
    /// Builds and seals a batch on worker threads. Of two records with one NIK the later counts.
    pub(super) async fn prepare<T, F>(&self, build: F) -> Result<Prepared<T>, BatchError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<(Vec<NewRecord>, T), BatchError> + Send + 'static,
    {
        let vault = self.context.vault.clone();
        let (records, extra) = tokio::task::spawn_blocking(move || {
            let (built, extra) = build()?;
            let mut places: HashMap<Vec<u8>, usize> = HashMap::with_capacity(built.len());
            let mut records: Indexed = Vec::with_capacity(built.len());
            for new in built {
                let index = vault.blind_index(Label::NikIndex, new.record.nik.as_str());
                match places.get(&index) {
                    Some(place) => records[*place].1 = new,
                    None => {
                        places.insert(index.clone(), records.len());
                        records.push((index, new));
                    }
                }
            }
            // In one order, so that two imports do not wait for each other in a circle.
            records.sort_by(|one, other| one.0.cmp(&other.0));
            Ok::<_, BatchError>((Arc::new(records), extra))
        })
        .await??;
        let sealed = self.seal(&records).await?;
        Ok(Prepared { records, sealed, extra })
    }

    /// Seals for the resident who has the NIK already, or for a new one, because a seal is bound to its row.
    async fn seal(&self, records: &Arc<Indexed>) -> Result<(Vec<RecordRow>, Vec<PortraitRow>), BatchError> {
        let indexes: Vec<Vec<u8>> = records.iter().map(|(index, _)| index.clone()).collect();
        let known: HashMap<Vec<u8>, Uuid> = {
            let mut tx = self.context.db.read().await?;
            store::find_residents(&mut tx, &indexes).await?.into_iter().collect()
        };
        let (records, context) = (Arc::clone(records), self.context.clone());
        let sealed = tokio::task::spawn_blocking(move || {
            let now = context.now();
            let (mut rows, mut portraits) = (Vec::with_capacity(records.len()), Vec::new());
            for (index, new) in records.iter() {
                let resident_id = known.get(index).copied().unwrap_or_else(|| context.random.uuid_v7(now));
                let sealed = context.vault.seal_row(&context.random, Self::RECORDS, resident_id, &new.record)?;
                rows.push(RecordRow { resident_id, nik_index: index.clone(), sealed });
                if let Some(jpeg) = new.portrait.as_ref().filter(|jpeg| jpeg.len() <= portrait::MAX_BYTES) {
                    let sealed = context.vault.seal_bytes(&context.random, Self::PORTRAITS, resident_id, jpeg)?;
                    portraits.push(PortraitRow { resident_id, sealed });
                }
            }
            Ok::<_, VaultError>((rows, portraits))
        })
        .await??;
        Ok(sealed)
    }

    /// Writes a batch in one transaction, together with the import's step and what it means for whoever listens.
    pub(super) async fn write<T>(&self, batch: &mut Prepared<T>, step: Option<Step<'_>>) -> Result<Heard, BatchError> {
        for _ in 1..TRIES {
            match self.try_write(batch, step.as_ref()).await {
                // One of the NIKs was inserted after the batch was sealed, so the batch must be sealed for that
                // resident: outside the transaction, because sealing takes workers.
                Err(BatchError::Db(DbError::Unique)) => batch.sealed = self.seal(&batch.records).await?,
                done => return done,
            }
        }
        self.try_write(batch, step.as_ref()).await
    }

    async fn try_write<T>(&self, batch: &Prepared<T>, step: Option<&Step<'_>>) -> Result<Heard, BatchError> {
        let now = self.context.now();
        let written: crate::error::Result<Heard> = transaction!(self.context.db, "register.put", |tx| {
            store::put_records(tx, &batch.sealed.0, now).await?;
            store::put_portraits(tx, &batch.sealed.1).await?;
            let heard = match &self.listener {
                Some(listener) => listener.hear(tx, &batch.said(), now).await?,
                None => Heard::default(),
            };
            if let Some(step) = step {
                store::advance_import(tx, step.digest, step.from, step.to, now).await?.demand()?;
            }
            Ok(heard)
        });
        Ok(written?)
    }

    /// Adds or replaces records in one transaction. For tests and small sets; imports stream.
    ///
    /// # Errors
    /// When the database refuses; then nothing was written.
    pub async fn put(&self, records: Vec<NewRecord>) -> Result<Heard, BatchError> {
        let mut batch = self.prepare(move || Ok((records, ()))).await?;
        self.write(&mut batch, None).await
    }
}
