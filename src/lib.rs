//! IKD (Identitas Kependudukan Digital): the service behind Indonesia's digital KTP.
//!
//! Start at ARCHITECTURE.md for the map. Each domain folder has the same rooms: `model` (pure), `service` (use cases,
//! owns transactions), `store` (SQL), `http` (routes), `mail` (messages).

// A future lies in the memory of each request that waits for it, and is copied by each function that hands it on. Opening a
// connection alone is 30 kB: such rare ways are boxed.
#![deny(clippy::large_futures)]

pub mod activation;
pub mod activation_code;
pub mod admin;
pub mod annulment;
pub mod app;
pub mod attribute;
pub mod audit;
pub mod base64url;
pub mod batcher;
pub mod branch;
pub mod captcha;
pub mod card;
pub mod changed;
pub mod clerk;
pub mod cli;
pub mod clock;
pub mod closure;
pub mod config;
pub mod contact;
pub mod context;
pub mod correction;
pub mod counter;
pub mod credential;
pub mod db;
pub mod decoder;
#[cfg(feature = "demo")]
pub mod demo;
pub mod departure;
pub mod device;
pub mod directory;
pub mod disclosure;
pub mod dispute;
pub mod duty;
pub mod employee;
pub mod error;
pub mod export;
pub mod failpoint;
pub mod fair;
pub mod figure;
pub mod fraud;
pub mod health;
pub mod helper;
pub mod holder;
pub mod input;
pub mod jobs;
pub mod keyring;
pub mod life;
pub mod login;
pub mod lookup;
pub mod mail;
pub mod metric;
pub mod module;
pub mod oauth;
pub mod office;
pub mod outreach;
pub mod page;
pub mod partner;
pub mod pdf;
pub mod picture;
pub mod proposal;
pub mod random;
pub mod recovery;
pub mod refresh;
pub mod register;
pub mod registration;
pub mod relying_party;
pub mod reseal;
pub mod restore;
pub mod retention;
pub mod sandbox;
pub mod secret;
pub mod security;
pub mod setting;
pub mod staff;
pub mod status_list;
pub mod stop_log;
pub mod telemetry;
pub mod throttle;
pub mod tlog;
pub mod transaction;
pub mod transfer;
pub mod vault;
pub mod verification;
pub mod walk_in;
pub mod wallet;
pub mod web;
pub mod webhook;
pub mod window;
