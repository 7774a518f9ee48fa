//! Black-box tests over real HTTP: each flow, each refusal, each guard, on all engines. The program itself: `tests/nodes`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod activation;
mod acts;
mod annulment;
mod birth_date;
mod card;
mod card_races;
mod clock;
mod code;
mod contact;
mod contact_visit;
mod correction;
mod counter;
mod departure;
mod dispute;
mod dropped;
mod feed;
mod flow;
mod forms;
mod headers;
mod life;
mod links;
mod no_email;
mod outage;
mod permit;
mod pictures;
mod proofs;
mod refresh;
mod registration;
mod release;
mod rights;
mod session;
mod shares;
mod slow;
mod spending;
mod staff;
mod status_list;
mod table;
mod transfer;
mod unlocking;
