//! Keys and nodes: publishing, reports of nodes, taking over, retiring; and the keyring that follows them.

use std::sync::Arc;

use ikd::context::Context;
use ikd::credential::{FileSigner, KeyPurpose, SealedRecord, Signer, TokenKind, VerifyingKeys};
use ikd::db::DbError;
use ikd::jobs::take_lease;
use ikd::keyring::store::{self, NewKey};
use ikd::keyring::{KeyState, Keyring};
use uuid::Uuid;

use support::each_engine;

const NODE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const TOKEN: KeyPurpose = KeyPurpose::Token;

#[tokio::test]
async fn a_key_is_published_promoted_once_and_retired() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let [first, second, third, fourth] = [1, 2, 3, 4].map(|seed| *FileSigner::from_seed(&[seed; 32]).public_key());
        let published = |key, purpose, state| NewKey { key, purpose, state, published_at: now };
        let waiting = NewKey { published_at: now.plus_seconds(1), ..published(&second, TOKEN, KeyState::Next) };
        store::add(&mut tx, &published(&first, TOKEN, KeyState::Active)).await.unwrap();
        store::add(&mut tx, &waiting).await.unwrap();
        store::add(&mut tx, &published(&third, KeyPurpose::Receipt, KeyState::Active)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let refused = store::add(&mut tx, &published(&fourth, TOKEN, KeyState::Active)).await;
        assert!(matches!(refused, Err(DbError::Unique)), "one active key a purpose");
        tx.rollback().await.unwrap();

        let later = now.plus_seconds(10);
        let mut tx = context.db.write().await.unwrap();
        let place = Some(first.kid());
        let place = place.as_ref().map(<[u8; 8]>::as_slice);
        for (taken, whose) in
            [(Some(&third.kid()[..]), "another purpose's"), (Some(&second.kid()[..]), "a waiting one's")]
        {
            assert!(!store::promote(&mut tx, &second.kid(), TOKEN, taken, later).await.unwrap().happened(), "{whose}");
        }
        assert!(store::promote(&mut tx, &second.kid(), TOKEN, place, later).await.unwrap().happened());
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(
            !store::promote(&mut tx, &second.kid(), TOKEN, place, later).await.unwrap().happened(),
            "another node was first"
        );
        tx.rollback().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert_eq!(store::retire(&mut tx, later.plus_seconds(-1), later).await.unwrap(), 0);
        let mut states: Vec<_> =
            store::all(&mut tx).await.unwrap().into_iter().map(|row| (row.key().unwrap(), row.state)).collect();
        // Two were published at once: their ids say which comes first.
        if states[0].0 == third {
            states.swap(0, 1);
        }
        let expected = [(first, KeyState::Retiring), (third, KeyState::Active), (second, KeyState::Active)];
        assert_eq!(states, expected);
        assert_eq!(store::retire(&mut tx, later, later).await.unwrap(), 1);
        let rows = store::all(&mut tx).await.unwrap();
        let first = rows.into_iter().find(|row| row.key() == Some(first)).unwrap();
        assert_eq!((first.state, first.retired_at), (KeyState::Retired, Some(later)));
    })
    .await;
}

#[tokio::test]
async fn nodes_report_what_they_hold_and_are_forgotten() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        store::report(&mut tx, NODE, &[[1; 8], [2; 8]], now).await.unwrap();
        store::report(&mut tx, NODE, &[[1; 8], [2; 8], [3; 8]], now).await.unwrap();
        store::report(&mut tx, NODE, &[[1; 8], [2; 8]], now).await.unwrap();
        assert_eq!(store::lacking(&mut tx, &[3; 8], now.plus_seconds(-100)).await.unwrap(), 1, "a lost file");
        store::report(&mut tx, OTHER, &[[1; 8]], now.plus_seconds(-60)).await.unwrap();
        let lacking = async |tx: &mut _, kid: [u8; 8], since| store::lacking(tx, &kid, now.plus_seconds(since)).await;
        assert_eq!(lacking(&mut tx, [1; 8], -100).await.unwrap(), 0);
        let holding = async |tx: &mut _, kid: [u8; 8], since| store::holding(tx, &kid, now.plus_seconds(since)).await;
        assert_eq!(
            (holding(&mut tx, [1; 8], -100).await.unwrap(), holding(&mut tx, [1; 8], -30).await.unwrap()),
            (2, 1)
        );
        assert_eq!(holding(&mut tx, [3; 8], -100).await.unwrap(), 0);
        let seen = store::nodes(&mut tx).await.unwrap();
        let seen: Vec<_> = seen.into_iter().map(|node| (node.node_id, node.seen_at)).collect();
        assert_eq!(seen, [(NODE, now), (OTHER, now.plus_seconds(-60))]);
        let held = store::held(&mut tx).await.unwrap();
        assert_eq!(held, [(NODE, vec![1; 8]), (NODE, vec![2; 8]), (OTHER, vec![1; 8])]);
        assert_eq!(lacking(&mut tx, [2; 8], -100).await.unwrap(), 1);
        assert_eq!(lacking(&mut tx, [2; 8], -30).await.unwrap(), 0, "a silent node does not count");
        store::forget_dead(&mut tx, now.plus_seconds(-59)).await.unwrap();
        assert_eq!(lacking(&mut tx, [2; 8], -100).await.unwrap(), 0);
        store::forget(&mut tx, NODE).await.unwrap();
        assert_eq!(lacking(&mut tx, [3; 8], -100).await.unwrap(), 0);
    })
    .await;
}

fn token(keyring: &Keyring, context: &Context) -> (String, [u8; 8]) {
    let record =
        SealedRecord { kind: TokenKind::Counter, subject: NODE, generation: 0, issued: context.now(), attributes: 0 };
    let signer = keyring.signer(KeyPurpose::Token).unwrap();
    (keyring.issuer(signer.as_ref()).issue(record).unwrap().token, signer.kid())
}

#[tokio::test]
async fn a_rotation_waits_for_every_living_node_and_old_tokens_stay_good_for_a_while() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        assert!(Keyring::init(&context).await.unwrap().is_empty(), "nothing is made twice");
        let first = Keyring::open(context.clone()).await.unwrap();
        // A second node with a key directory of its own, to which the files were copied.
        let folder = tempfile::tempdir().unwrap();
        let copy = || {
            for entry in std::fs::read_dir(&context.config.keys.directory).unwrap().flatten() {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        };
        copy();
        let mut config = (*context.config).clone();
        config.keys.directory = folder.path().to_owned();
        let other = context.altered(|sources| sources.config = Arc::new(config));
        let second = Keyring::open(other.clone()).await.unwrap();
        let (old_token, old_kid) = token(&first, &context);

        let new_kid = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        first.refresh().await.unwrap();
        second.refresh().await.unwrap();
        first.refresh().await.unwrap();
        assert_eq!(token(&first, &context).1, old_kid, "the second node does not hold the new key yet");
        assert!(first.jwks().keys.len() == 6, "it is published meanwhile");
        copy();
        second.refresh().await.unwrap();
        first.refresh().await.unwrap();
        let (new_token, kid) = token(&first, &context);
        assert_eq!(kid, new_kid);
        // The second node has not read the rows since, but verifies the new token at once.
        context.clock.advance(2);
        assert!(second.authenticate(&new_token, &[TokenKind::Counter]).await.is_ok());
        assert!(second.authenticate(&old_token, &[TokenKind::Counter]).await.is_ok(), "retiring keys verify");
        context.clock.advance(119);
        first.refresh().await.unwrap();
        assert!(first.find(&old_kid, KeyPurpose::Token).is_none(), "retired");
        assert!(first.find(&new_kid, KeyPurpose::Token).is_some());
        assert!(first.find(&new_kid, KeyPurpose::Receipt).is_none(), "a key has one purpose");
        assert!(!first.jwks().keys.iter().any(|key| key.kid == Some(ikd::credential::jwk::kid_text(&old_kid))));
    })
    .await;
}

#[tokio::test]
async fn a_stolen_key_is_revoked_at_once() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let (stolen, kid) = token(&keyring, &context);
        let refused = Keyring::revoke(&context, kid).await.unwrap_err();
        assert_eq!(refused.code(), Some(ikd::error::Code::WrongState), "nothing waits to replace it");
        assert!(keyring.authenticate(&stolen, &[TokenKind::Counter]).await.is_ok());
        let mut config = (*context.config).clone();
        config.keys.publish_ahead_seconds = 86_400;
        let context = context.altered(|sources| sources.config = Arc::new(config));
        let next = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        Keyring::revoke(&context, kid).await.unwrap();
        keyring.refresh().await.unwrap();
        assert!(keyring.authenticate(&stolen, &[TokenKind::Counter]).await.is_err());
        assert_eq!(token(&keyring, &context).1, next);
        assert!(Keyring::revoke(&context, kid).await.is_err(), "twice");
    })
    .await;
}

#[tokio::test]
async fn the_newest_key_that_every_node_holds_follows_one_that_was_stolen() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let active = token(&keyring, &context).1;
        let mut config = (*context.config).clone();
        config.keys.publish_ahead_seconds = 86_400;
        let context = context.altered(|sources| sources.config = Arc::new(config));
        let mut waiting = Vec::new();
        for _ in 0..3 {
            context.clock.advance(1);
            waiting.push(Keyring::rotate(&context, KeyPurpose::Token).await.unwrap());
        }
        let [old, everywhere, newest] = waiting[..] else { unreachable!() };
        let mut tx = context.db.write().await.unwrap();
        let now = context.now();
        store::report(&mut tx, NODE, &[active, old, everywhere, newest], now).await.unwrap();
        store::report(&mut tx, OTHER, &[active, old, everywhere], now).await.unwrap();
        for (without, expected) in [(None, everywhere), (Some(everywhere), old), (Some(old), newest)] {
            if let Some(kid) = without {
                store::revoke(&mut tx, &kid, TOKEN, now).await.unwrap().either_way();
            }
            let found = ikd::keyring::ports::retirement(&mut tx, &active, now).await.unwrap();
            assert_eq!(found.successor, Some(expected), "where nothing is everywhere, what most nodes have");
        }
    })
    .await;
}

#[tokio::test]
async fn another_root_secret_is_refused() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let stranger = context.altered(|sources| sources.vault = ikd::vault::Vault::single([8; 32]));
        let error = Keyring::open(stranger).await.err().unwrap().to_string();
        assert!(error.contains("root secret"), "{error}");
        Keyring::check_root(&context).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_publish_ahead_time_is_waited_for() {
    each_engine(async |context| {
        let mut config = (*context.config).clone();
        config.keys.publish_ahead_seconds = 3_600;
        let context = context.altered(|sources| sources.config = Arc::new(config));
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let new = Keyring::rotate(&context, KeyPurpose::Receipt).await.unwrap();
        context.clock.advance(3_599);
        keyring.refresh().await.unwrap();
        assert_ne!(keyring.signer(KeyPurpose::Receipt).unwrap().kid(), new);
        context.clock.advance(1);
        keyring.refresh().await.unwrap();
        assert_eq!(keyring.signer(KeyPurpose::Receipt).unwrap().kid(), new);
        // Of two that wait people let the newer one take over early: the older one does not replace it by itself afterwards.
        let older = Keyring::rotate(&context, KeyPurpose::Receipt).await.unwrap();
        context.clock.advance(60);
        let newer = Keyring::rotate(&context, KeyPurpose::Receipt).await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let promoted = store::promote(&mut tx, &newer, KeyPurpose::Receipt, Some(&new), context.now()).await.unwrap();
        assert!(promoted.happened());
        tx.commit().await.unwrap();
        context.clock.advance(3_600);
        keyring.refresh().await.unwrap();
        assert_eq!(keyring.signer(KeyPurpose::Receipt).unwrap().kid(), newer);
        assert!(
            keyring.jwks().keys.iter().any(|key| key.kid == Some(ikd::base64url::encode(&older))),
            "it still waits"
        );
        // Receipts must be checkable for ten years: their old keys stay published and verify.
        context.clock.advance(400 * 86_400);
        keyring.refresh().await.unwrap();
        let receipts = keyring.jwks().keys.iter().filter(|key| key.purpose.as_deref() == Some("receipt")).count();
        assert_eq!(receipts, 4);
    })
    .await;
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_expires() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let until = now.plus_seconds(60);
        assert!(take_lease(&mut tx, "sweep", NODE, until, now).await.unwrap().happened());
        assert!(take_lease(&mut tx, "sweep", NODE, until, now).await.unwrap().happened(), "its holder keeps it");
        assert!(!take_lease(&mut tx, "sweep", OTHER, until, now).await.unwrap().happened());
        assert!(take_lease(&mut tx, "other", OTHER, until, now).await.unwrap().happened());
        assert!(take_lease(&mut tx, "sweep", OTHER, until.plus_seconds(60), until).await.unwrap().happened());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_moves_keys_at_the_same_time_leaves_one_active_key() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        for _ in 0..20 {
            // Two keys wait; nodes promote both while the active one is revoked and a waiting one too.
            let mut tx = context.db.read().await.unwrap();
            let active = store::all(&mut tx)
                .await
                .unwrap()
                .into_iter()
                .find(|row| row.purpose == TOKEN && row.state == KeyState::Active);
            drop(tx);
            let active: [u8; 8] = active.unwrap().kid.try_into().unwrap();
            let first = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
            let second = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
            let promote = |kid: [u8; 8]| {
                let context = context.clone();
                tokio::spawn(async move {
                    let mut tx = context.db.write().await.unwrap();
                    // Committed whatever came of it: a miss has to leave everything as it was.
                    match store::promote(&mut tx, &kid, TOKEN, Some(&active), context.now()).await {
                        Ok(changed) => {
                            changed.either_way();
                            tx.commit().await.unwrap();
                        }
                        Err(DbError::Unique | DbError::Contention) => tx.rollback().await.unwrap(),
                        Err(error) => panic!("{error}"),
                    }
                })
            };
            let revoke = |kid: [u8; 8]| {
                let context = context.clone();
                tokio::spawn(async move {
                    if let Err(error) = Keyring::revoke(&context, kid).await {
                        assert!(matches!(
                            error,
                            ikd::error::Error::Refused(_) | ikd::error::Error::Db(DbError::Contention)
                        ));
                    }
                })
            };
            for done in [promote(first), revoke(active), promote(second), promote(first), revoke(second)] {
                done.await.unwrap();
            }
            let mut tx = context.db.read().await.unwrap();
            let rows = store::all(&mut tx).await.unwrap();
            assert_eq!(rows.iter().filter(|row| row.purpose == TOKEN && row.state == KeyState::Active).count(), 1);
        }
    })
    .await;
}
