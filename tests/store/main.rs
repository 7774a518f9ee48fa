//! Contract tests of every store: the same body on SQLite, on PostgreSQL, and on PostgreSQL spread as on a cluster.
//!
//! One module per domain. A body gets a fresh, migrated database: `each_engine(async |context| { … }).await`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod activation;
mod annulment;
mod audit;
mod audit_file;
mod branch;
mod codes;
mod correction;
mod counter;
mod data_access;
mod devices;
mod dispute;
mod endings;
mod figures;
mod keyring;
mod life;
mod limits;
mod lookup;
mod mail;
mod mail_delivery;
mod migration;
mod oauth;
mod officers;
mod offices;
mod partner;
mod proofs;
mod proposal;
mod races;
mod receipts;
mod refusals;
mod register;
mod registration;
mod reopening;
mod reseal;
mod residents;
mod retention;
mod rotation;
mod sandbox;
mod shards;
mod signers;
mod status_list;
mod stop_log;
mod teller;
mod tlog;
mod verification;
mod verification_batch;
mod verification_http;
mod wallet;
mod windows;
