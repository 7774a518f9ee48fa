//! The program itself: several nodes on one PostgreSQL, killed and stopped, and every command with its exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod command_line;
mod commands;
mod demo;
mod logs;
mod people;
mod setup;
mod stop;
mod world;
