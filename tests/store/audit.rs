//! The audit chain: what it records, and each way of tampering that it must show.
//!
//! Tampering is done with SQL of the tests' own, as somebody with access to the database but not to the keys would.

use std::net::IpAddr;

use ikd::audit::model::{GENERAL, Wanted};
use ikd::audit::search;
use ikd::audit::{Action, Actor, Event, Fault, Outcome, Report, Service};
use ikd::context::Context;
use ikd::error::Code;
use ikd::execute;
use ikd::fair::{for_client, in_session};
use ikd::vault::Vault;
use uuid::Uuid;

use support::each_engine;

const OFFICE: Uuid = Uuid::from_u128(0xAA);
const OTHER: Uuid = Uuid::from_u128(0xBB);

fn event(chain: Uuid, subject: u128) -> Event {
    Event {
        chain,
        actor: Actor::Officer(Uuid::from_u128(7)),
        action: Action::Approval,
        subject_id: Uuid::from_u128(subject),
    }
}

/// Entries 1–6 in one office's chain, 1–2 in another's, 1–2 (the openings) in the general one.
async fn filled(context: &Context) -> Service {
    let log = Service::new(context.clone());
    for subject in 1..=3 {
        let intent = log.begin(event(OFFICE, subject)).await.unwrap();
        context.clock.advance(1);
        let outcome = if subject == 2 { Outcome::Refused(Code::AlreadyActive) } else { Outcome::Done };
        log.finish_alone(intent, outcome).await.unwrap();
    }
    let mut tx = context.db.write().await.unwrap();
    log.record(&mut tx, event(OTHER, 1), Outcome::Done).await.unwrap();
    log.record(&mut tx, event(OTHER, 2), Outcome::Done).await.unwrap();
    tx.commit().await.unwrap();
    let report = log.verify().await.unwrap();
    assert_eq!(report, Report { chains: 3, entries: 10, unfinished: 0, faults: vec![] });
    log
}

macro_rules! tamper {
    ($context:expr, $($sql:expr $(, $bind:expr)*);+ $(;)?) => {{
        let mut tx = $context.db.write().await.unwrap();
        $(assert_ne!(execute!(&mut tx, $sql $(, $bind)*).unwrap(), 0, "nothing was tampered with");)+
        tx.commit().await.unwrap();
    }};
}

#[tokio::test]
async fn the_newest_entry_is_that_of_any_chain() {
    each_engine(async |context| {
        assert_eq!(Service::new(context.clone()).newest().await.unwrap(), None);
        let log = filled(&context).await;
        let now = context.now();
        assert_eq!(log.newest().await.unwrap(), Some(now));
        // The last of its chain is what counts, however the clock went.
        for (ahead, chain, newest) in [(7, OFFICE, 7), (3, OTHER, 7), (9, OTHER, 9), (1, OFFICE, 9), (2, OTHER, 2)] {
            context.clock.advance(ahead);
            let mut tx = context.db.write().await.unwrap();
            log.record(&mut tx, event(chain, 5), Outcome::Done).await.unwrap();
            tx.commit().await.unwrap();
            context.clock.advance(-ahead);
            assert_eq!(log.newest().await.unwrap(), Some(now.plus_seconds(newest)), "{ahead}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_intent_without_an_outcome_stays_visible() {
    each_engine(async |context| {
        let log = filled(&context).await;
        let intent = log.begin(event(OFFICE, 9)).await.unwrap();
        // The action's transaction is undone together with its outcome.
        let mut tx = context.db.write().await.unwrap();
        log.finish(&mut tx, intent, Outcome::Done).await.unwrap();
        tx.rollback().await.unwrap();
        let report = log.verify().await.unwrap();
        assert_eq!((report.entries, report.unfinished, report.is_sound()), (11, 1, true));
    })
    .await;
}

#[tokio::test]
async fn every_altered_field_is_found() {
    each_engine(async |context| {
        let log = filled(&context).await;
        // Each is found, and putting it back heals the log: nothing but that field was the matter.
        macro_rules! found {
            ($($change:literal, $undo:literal;)+) => {$(
                tamper!(context, concat!("UPDATE audit_event SET ", $change, " WHERE chain = $1 AND seq = 4"), OFFICE);
                assert_eq!(log.verify().await.unwrap().faults, [Fault::Altered { chain: OFFICE, seq: 4 }], $change);
                tamper!(context, concat!("UPDATE audit_event SET ", $undo, " WHERE chain = $1 AND seq = 4"), OFFICE);
                assert!(log.verify().await.unwrap().is_sound(), $undo);
            )+};
        }
        found! {
            "outcome = 'done'", "outcome = 'refused:already_active'";
            "at = at + 1", "at = at - 1";
            "action = 'scan'", "action = 'approval'";
            "actor_kind = 'operator'", "actor_kind = 'officer'";
            "phase = 'intent'", "phase = 'outcome'";
        }
        tamper!(context, "UPDATE audit_event SET actor_id = $2 WHERE chain = $1 AND seq = 1", OFFICE, OTHER;
            "UPDATE audit_event SET subject_id = $2 WHERE chain = $1 AND seq = 3", OFFICE, OTHER;
            "UPDATE audit_event SET correlation_id = $2 WHERE chain = $1 AND seq = 6", OFFICE, OTHER);
        let altered = [1, 3, 6].map(|seq| Fault::Altered { chain: OFFICE, seq });
        assert_eq!(log.verify().await.unwrap().faults, altered);
    })
    .await;
}

#[tokio::test]
async fn where_an_entry_came_from_is_chained_with_it() {
    each_engine(async |context| {
        let node = Uuid::from_u128(0xCC);
        let log = Service::new(context.altered(|sources| sources.node = Some(node)));
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let act = async |session: &[u8]| {
            in_session(session);
            log.finish_alone(log.begin(event(OFFICE, 1)).await.unwrap(), Outcome::Done).await.unwrap();
        };
        for_client(here, act(b"one")).await;
        for_client(there, act(b"one")).await;
        for_client(here, act(b"two")).await;
        // Nobody asked for this; and a command of before has no node either.
        act(b"nobody's").await;
        let command = Service::new(context.clone());
        command.finish_alone(command.begin(event(OFFICE, 1)).await.unwrap(), Outcome::Done).await.unwrap();
        assert!(log.verify().await.unwrap().is_sound());

        let mut tx = context.db.read().await.unwrap();
        let found = search::lines(&mut tx, OFFICE, &Wanted::default(), i64::MAX, 10).await.unwrap();
        drop(tx);
        let origins: Vec<_> = found.into_iter().rev().map(|line| line.origin).collect();
        let [Some(first), Some(second), Some(third), Some(own), None] = &origins[..] else { panic!("{origins:?}") };
        assert_eq!((first.node, own.node), (Some(node), Some(node)));
        assert_eq!(first.session, second.session);
        assert_ne!(first.session, third.session);
        assert_eq!(first.network, third.network);
        assert_ne!(first.network, second.network);
        assert!(first.session.is_some() && first.network.is_some());
        assert_eq!((&own.session, &own.network), (&None, &None));
        assert!(!format!("{origins:?}").contains("192.0.2"), "an address");

        // Whoever moves an act to another session, or takes away where it came from, is found.
        for change in [
            "UPDATE audit_event SET node_id = NULL WHERE chain = $1 AND seq = 4",
            "UPDATE audit_event SET session_digest = NULL WHERE chain = $1 AND seq = 2",
            "UPDATE audit_event SET network_digest = '' WHERE chain = $1 AND seq = 8",
            "UPDATE audit_event SET session_digest = network_digest, network_digest = session_digest WHERE chain = $1 AND seq = 6",
            "UPDATE audit_event SET session_digest = '1-00' WHERE chain = $1 AND seq = 10",
        ] {
            tamper!(context, change, OFFICE);
        }
        let altered = [2, 4, 6, 8, 10].map(|seq| Fault::Altered { chain: OFFICE, seq });
        assert_eq!(log.verify().await.unwrap().faults, altered);
    })
    .await;
}

#[tokio::test]
async fn deleted_entries_are_found_at_the_beginning_in_the_middle_and_at_the_end() {
    each_engine(async |context| {
        let log = filled(&context).await;
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1 AND seq IN (1, 3, 4)", OFFICE);
        let missing = |from, to| Fault::Missing { chain: OFFICE, from, to };
        assert_eq!(log.verify().await.unwrap().faults, [missing(1, 1), missing(3, 4)]);
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1 AND seq >= 5", OFFICE);
        let truncated = Fault::Truncated { chain: OFFICE, last: 2, head: 6 };
        assert_eq!(log.verify().await.unwrap().faults, [missing(1, 1), truncated]);
    })
    .await;
}

#[tokio::test]
async fn a_shortened_chain_is_found_even_when_the_head_is_turned_back_and_work_goes_on() {
    each_engine(async |context| {
        let log = filled(&context).await;
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1 AND seq > 4", OFFICE;
            "UPDATE audit_head SET seq = 4 WHERE chain = $1", OFFICE);
        assert_eq!(log.verify().await.unwrap().faults, [Fault::HeadAltered { chain: OFFICE }]);
        // The forger copies the entry's own digest into the head: it is not what a head carries.
        tamper!(
            context,
            "UPDATE audit_head SET digest = (SELECT e.digest FROM audit_event e
            WHERE e.chain = audit_head.chain AND e.seq = 4) WHERE chain = $1",
            OFFICE
        );
        assert_eq!(log.verify().await.unwrap().faults, [Fault::HeadAltered { chain: OFFICE }]);
        // The service goes on working; what it adds must not hide the place.
        let intent = log.begin(event(OFFICE, 10)).await.unwrap();
        log.finish_alone(intent, Outcome::Done).await.unwrap();
        assert_eq!(log.verify().await.unwrap().faults, [Fault::Altered { chain: OFFICE, seq: 5 }]);
    })
    .await;
}

#[tokio::test]
async fn swapped_renumbered_copied_and_invented_entries_are_found() {
    each_engine(async |context| {
        let log = filled(&context).await;
        // One that is invented before all others, where no page of entries begins.
        tamper!(context, "INSERT INTO audit_event (chain, seq, at, correlation_id, actor_kind, actor_id, action, subject_id, phase, outcome, digest) \
             SELECT chain, -1, at, correlation_id, actor_kind, actor_id, action, subject_id, phase, outcome, digest FROM audit_event \
             WHERE chain = $1 AND seq = 2", OFFICE);
        let before = Fault::BeforeFirst { chain: OFFICE, seq: -1 };
        assert_eq!(log.verify().await.unwrap().faults, std::slice::from_ref(&before));
        assert_eq!(log.verify_part(OFFICE, 0, 2).await.unwrap().unwrap().report.faults, [before]);
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1 AND seq = -1", OFFICE);
        tamper!(context, "UPDATE audit_event SET seq = 100 WHERE chain = $1 AND seq = 2", OFFICE;
            "UPDATE audit_event SET seq = 2 WHERE chain = $1 AND seq = 4", OFFICE;
            "UPDATE audit_event SET seq = 4 WHERE chain = $1 AND seq = 100", OFFICE);
        let faults = log.verify().await.unwrap().faults;
        for seq in [2, 4] {
            assert!(faults.contains(&Fault::Altered { chain: OFFICE, seq }), "{faults:?}");
        }
        // An entry of this chain, moved into another.
        tamper!(context, "UPDATE audit_event SET chain = $2, seq = 3 WHERE chain = $1 AND seq = 6", OFFICE, OTHER);
        let faults = log.verify().await.unwrap().faults;
        assert!(faults.contains(&Fault::BehindHead { chain: OTHER, last: 3, head: 2 }), "{faults:?}");
        tamper!(context, "UPDATE audit_head SET seq = 3 WHERE chain = $1", OTHER);
        let faults = log.verify().await.unwrap().faults;
        assert!(faults.contains(&Fault::Altered { chain: OTHER, seq: 3 }), "{faults:?}");
        assert!(faults.contains(&Fault::HeadAltered { chain: OTHER }), "{faults:?}");
    })
    .await;
}

#[tokio::test]
async fn a_whole_chain_cannot_vanish() {
    each_engine(async |context| {
        let log = filled(&context).await;
        tamper!(context, "DELETE FROM audit_head WHERE chain = $1", OTHER);
        assert_eq!(log.verify().await.unwrap().faults, [Fault::HeadMissing { chain: OTHER }]);
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1", OTHER);
        assert_eq!(log.verify().await.unwrap().faults, [Fault::ChainMissing { chain: OTHER }]);
        // The office goes on working.
        let mut tx = context.db.write().await.unwrap();
        log.record(&mut tx, event(OTHER, 3), Outcome::Done).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(log.verify().await.unwrap().faults, [Fault::ChainReopened { chain: OTHER }]);
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1", GENERAL; "DELETE FROM audit_head WHERE chain = $1", GENERAL);
        let unknown = [OFFICE, OTHER].map(|chain| Fault::ChainUnknown { chain });
        assert_eq!(log.verify().await.unwrap().faults, unknown);
    })
    .await;
}

#[tokio::test]
async fn an_emptied_chain_does_not_begin_anew_in_silence() {
    each_engine(async |context| {
        let log = filled(&context).await;
        let nothing = Vec::<u8>::new();
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1", OTHER;
            "UPDATE audit_head SET seq = 0, digest = $2 WHERE chain = $1", OTHER, nothing);
        assert_eq!(log.verify().await.unwrap().faults, [Fault::HeadAltered { chain: OTHER }]);
        let mut tx = context.db.write().await.unwrap();
        log.record(&mut tx, event(OTHER, 3), Outcome::Done).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(log.verify().await.unwrap().faults, [Fault::Altered { chain: OTHER, seq: 1 }]);
    })
    .await;
}

#[tokio::test]
async fn digests_need_the_root_secret() {
    each_engine(async |context| {
        filled(&context).await;
        let stranger = context.altered(|sources| sources.vault = Vault::single([8; 32]));
        let report = Service::new(stranger).verify().await.unwrap();
        assert_eq!(report.faults.iter().filter(|fault| matches!(fault, Fault::Altered { .. })).count(), 10);
        // A version that has no key is not a way around.
        let zeros = [vec![9], vec![0; 32]].concat();
        tamper!(
            context,
            "UPDATE audit_event SET action = 'scan', digest = $2 WHERE chain = $1 AND seq = 6",
            OFFICE,
            zeros.clone()
        );
        let faults = Service::new(context.clone()).verify().await.unwrap().faults;
        assert!(faults.contains(&Fault::Altered { chain: OFFICE, seq: 6 }), "{faults:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_recorders_share_a_chain_without_a_gap() {
    each_engine(async |context| {
        let log = Service::new(context.clone());
        let recorders = (0..16).map(|number| {
            let log = log.clone();
            tokio::spawn(async move {
                let chain = if number % 2 == 0 { OFFICE } else { OTHER };
                let intent = log.begin(event(chain, number)).await.unwrap();
                log.finish_alone(intent, Outcome::Done).await.unwrap();
            })
        });
        for done in futures_util::future::join_all(recorders).await {
            done.unwrap();
        }
        let report = log.verify().await.unwrap();
        assert_eq!(report, Report { chains: 3, entries: 34, unfinished: 0, faults: vec![] });
    })
    .await;
}
