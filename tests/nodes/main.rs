//! The program itself: several nodes on one PostgreSQL, killed and stopped, and every command with its exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod accounts;
mod audit_file;
mod blocking;
mod cluster;
mod collector;
mod command_line;
mod commands;
mod crowd;
mod deaths;
mod decoder;
mod demo;
mod hardware;
mod listeners;
mod logs;
mod reseal;
mod restore;
mod security;
mod setup;
mod stop;
mod traces;
mod witness;
