//! Used assertions, and public keys that are registered once.

use ikd::attribute::AttributeSet;
use ikd::db::DbError;
use ikd::oauth::store;
use ikd::relying_party::store::{self as parties, key};
use uuid::Uuid;

use support::each_engine;

#[tokio::test]
async fn an_assertion_is_used_once_until_it_is_forgotten() {
    each_engine(async |context| {
        let (now, one, two) = (context.now(), [1; 32], [2; 32]);
        let mut tx = context.db.write().await.unwrap();
        assert!(store::spend(&mut tx, &one, now.plus_seconds(9)).await.unwrap().happened());
        assert!(!store::spend(&mut tx, &one, now.plus_seconds(99)).await.unwrap().happened());
        assert!(store::spend(&mut tx, &two, now.plus_seconds(10)).await.unwrap().happened());
        assert_eq!(store::sweep(&mut tx, now.plus_seconds(8)).await.unwrap(), 0);
        assert_eq!(store::sweep(&mut tx, now.plus_seconds(9)).await.unwrap(), 1, "a second use prolongs nothing");
        assert!(!store::spend(&mut tx, &two, now).await.unwrap().happened());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_public_key_is_registered_once_for_all_parties() {
    each_engine(async |context| {
        let now = context.now();
        let new = |id, party| key::NewKey {
            key_id: Uuid::from_u128(id),
            party: Uuid::from_u128(party),
            proof: key::Proof::Signature("{}"),
            label: None,
            expires_at: None,
        };
        let mut tx = context.db.write().await.unwrap();
        for (id, name) in [(1, "Bank"), (2, "Toko")] {
            parties::add_party(&mut tx, Uuid::from_u128(id), name, AttributeSet::FULL, now).await.unwrap();
        }
        key::add(&mut tx, new(1, 1), now).await.unwrap();
        assert!(key::revoke(&mut tx, Uuid::from_u128(1), now).await.unwrap().happened());
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(matches!(key::add(&mut tx, new(2, 2), now).await, Err(DbError::Unique)), "not by another, not again");
    })
    .await;
}
