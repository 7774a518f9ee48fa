//! Rows of the sandbox: keys, up to where invented people's QRs are used, codes, checks.

use ikd::attribute::AttributeSet;
use ikd::clock::{HOUR, Timestamp};
use ikd::credential::Reason;
use ikd::db::DbError;
use ikd::sandbox::store;
use ikd::sandbox::store::check::{self, CheckRow};
use ikd::sandbox::store::key::{self, KeyRow};
use ikd::verification::model::Verdict;
use uuid::Uuid;

use support::each_engine;

const PARTY: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

fn key_row(id: u128, now: Timestamp) -> KeyRow {
    KeyRow {
        key_id: Uuid::from_u128(id),
        label: String::from("CI"),
        created_at: now,
        expires_at: now.plus_seconds(99),
        last_used_at: None,
        revoked_at: None,
        public_key: None,
    }
}

#[tokio::test]
async fn test_keys_are_a_party_s_and_end() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let (one, two) = (key_row(7, now), key_row(8, now));
        key::add(&mut tx, PARTY, &[7; 32], &one).await.unwrap();
        key::add(&mut tx, OTHER, &[8; 32], &two).await.unwrap();
        assert_eq!(key::of(&mut tx, PARTY).await.unwrap(), std::slice::from_ref(&one));
        let public = KeyRow { public_key: Some(String::from("{}")), ..key_row(9, now) };
        key::add(&mut tx, OTHER, &[], &public).await.unwrap();
        let living = key::living(&mut tx, public.key_id).await.unwrap().unwrap();
        assert_eq!((living.public_key.as_deref(), living.secret_hash.len()), (Some("{}"), 0));
        assert!(key::note_use(&mut tx, one.key_id, now).await.unwrap().happened());
        assert!(!key::note_use(&mut tx, one.key_id, now.plus_seconds(HOUR - 1)).await.unwrap().happened());
        assert!(key::note_use(&mut tx, one.key_id, now.plus_seconds(HOUR)).await.unwrap().happened());
        let living = key::living(&mut tx, one.key_id).await.unwrap().unwrap();
        let hour = Some(now.plus_seconds(HOUR));
        assert_eq!((living.secret_hash, living.relying_party_id, living.last_used_at), (vec![7; 32], PARTY, hour));
        assert!(!key::revoke(&mut tx, OTHER, one.key_id, now).await.unwrap().happened(), "another party's");
        assert!(key::revoke(&mut tx, PARTY, one.key_id, now).await.unwrap().happened());
        assert!(!key::revoke(&mut tx, PARTY, one.key_id, now).await.unwrap().happened());
        assert!(key::living(&mut tx, one.key_id).await.unwrap().is_none());
        assert_eq!(key::forget(&mut tx, now.plus_seconds(98)).await.unwrap(), 0);
        assert_eq!(key::forget(&mut tx, now.plus_seconds(99)).await.unwrap(), 3);
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_qr_is_used_once_and_voids_the_older_ones() {
    each_engine(async |context| {
        let (now, holder) = (context.now(), Uuid::from_u128(9));
        let at = |seconds| now.plus_seconds(seconds);
        let mut tx = context.db.write().await.unwrap();
        assert!(!store::spend(&mut tx, holder, now).await.unwrap().happened(), "nothing was shown");
        store::show(&mut tx, holder, "siti", now).await.unwrap();
        assert_eq!(store::person(&mut tx, holder).await.unwrap().as_deref(), Some("siti"));
        assert!(store::person(&mut tx, OTHER).await.unwrap().is_none());
        assert!(store::spend(&mut tx, holder, at(5)).await.unwrap().happened());
        for older in [5, 4] {
            assert!(!store::spend(&mut tx, holder, at(older)).await.unwrap().happened());
        }
        // Shown again, what was used stays so.
        store::show(&mut tx, holder, "siti", at(50)).await.unwrap();
        assert!(!store::spend(&mut tx, holder, at(5)).await.unwrap().happened());
        assert!(store::spend(&mut tx, holder, at(6)).await.unwrap().happened());

        assert!(store::add_code(&mut tx, &[1; 16], holder, b"token", at(90)).await.unwrap().happened());
        assert!(!store::add_code(&mut tx, &[1; 16], OTHER, b"other", at(90)).await.unwrap().happened(), "taken");
        assert_eq!(store::code(&mut tx, &[1; 16]).await.unwrap(), Some((holder, b"token".to_vec())));
        assert_eq!(store::void_codes(&mut tx, holder).await.unwrap(), 1);
        assert!(store::code(&mut tx, &[1; 16]).await.unwrap().is_none());
        assert!(store::add_code(&mut tx, &[2; 16], holder, b"token", at(90)).await.unwrap().happened());
        assert_eq!(store::forget(&mut tx, at(49), at(89)).await.unwrap(), 0);
        assert_eq!(store::forget(&mut tx, at(50), at(90)).await.unwrap(), 2);
        tx.commit().await.unwrap();
    })
    .await;
}

fn check_row(id: u128, party: Uuid, verified_at: Timestamp, verdict: Verdict) -> CheckRow {
    CheckRow {
        verification_id: Uuid::from_u128(id),
        relying_party_id: party,
        idempotency_key: id.to_be_bytes().to_vec(),
        body_hash: vec![1; 32],
        purpose: String::from("open_account"),
        verified_at,
        verdict,
        person: (verdict == Verdict::Valid).then(|| String::from("siti")),
        single_use: 1,
        disclosed: AttributeSet::BASIC,
        salt: vec![2; 16],
        receipt: vec![3; 9],
        proof: Some(vec![4; 9]),
    }
}

#[tokio::test]
async fn checks_are_a_party_s_and_kept_for_a_while() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let rows = [
            check_row(1, PARTY, now, Verdict::Valid),
            check_row(2, PARTY, now.plus_seconds(1), Verdict::Invalid(Reason::Malformed)),
            check_row(3, OTHER, now.plus_seconds(2), Verdict::Valid),
        ];
        for row in &rows {
            check::add(&mut tx, row).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let again = CheckRow { verification_id: Uuid::from_u128(4), ..rows[0].clone() };
        assert!(matches!(check::add(&mut tx, &again).await, Err(DbError::Unique)), "a key has one answer");
        drop(tx);
        let mut tx = context.db.write().await.unwrap();
        assert_eq!(check::by_key(&mut tx, PARTY, &rows[1].idempotency_key).await.unwrap().as_ref(), Some(&rows[1]));
        assert!(check::by_key(&mut tx, OTHER, &rows[1].idempotency_key).await.unwrap().is_none());
        assert_eq!(check::by_id(&mut tx, PARTY, rows[0].verification_id).await.unwrap().as_ref(), Some(&rows[0]));
        assert!(check::by_id(&mut tx, OTHER, rows[0].verification_id).await.unwrap().is_none());
        assert_eq!(check::last(&mut tx, PARTY, 9).await.unwrap(), [rows[1].clone(), rows[0].clone()]);
        assert_eq!(check::last(&mut tx, PARTY, 1).await.unwrap(), [rows[1].clone()]);
        assert_eq!(check::forget(&mut tx, now).await.unwrap(), 1);
        assert_eq!(check::last(&mut tx, PARTY, 9).await.unwrap(), [rows[1].clone()]);
        tx.commit().await.unwrap();
    })
    .await;
}
