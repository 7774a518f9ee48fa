//! Status lists: places that are given out, voided and forgotten, on all engines.

use ikd::attribute::AttributeSet;
use ikd::audit::Actor;
use ikd::clock::DAY;
use ikd::error::Code;
use ikd::holder::Reason;
use ikd::keyring::Keyring;
use ikd::life::ports::{self as life, By};
use ikd::status_list::{Kind, StatusLists};

use crate::residents::{Holder, RESIDENT, later, number};
use crate::wallet::{service, session};
use support::each_engine;

const BY: By = By { actor: Actor::System, office_id: None };
const VALID_PLACES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM status_entry WHERE resident_id = $1 AND void = 0";
const PLACES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM status_entry WHERE resident_id = $1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offline_qr_that_is_made_while_the_ktp_is_stopped_is_refused_or_void() {
    each_engine(async |context| {
        let holder = Holder::make(&context).await;
        let service = service(&context).await;
        let (mut made, mut refused) = (0_i64, 0);
        for round in 0..24 {
            if round > 0 {
                let mut tx = context.db.write().await.unwrap();
                life::restart(&context, &mut tx, RESIDENT, |_| true, context.now(), BY).await.unwrap();
                tx.commit().await.unwrap();
            }
            let (_, session) = session(&service, &holder).await;
            let presenting = {
                let service = service.clone();
                tokio::spawn(async move { service.present(&session, AttributeSet::AGE, true).await })
            };
            let stopping = {
                let context = context.clone();
                tokio::spawn(async move {
                    let now = context.now();
                    let mut tx = context.db.write().await.unwrap();
                    life::stop(&context, &mut tx, RESIDENT, Reason::SelfBlock, (now, None), BY).await.unwrap();
                    tx.commit().await.unwrap();
                })
            };
            match presenting.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => {
                    assert_eq!(error.code(), Some(Code::SessionEnded));
                    refused += 1;
                }
            }
            stopping.await.unwrap();
            assert_eq!(
                number(&context, VALID_PLACES, RESIDENT).await,
                Some(0),
                "round {round}: a QR outlived the stop"
            );
            later(&context, 90);
        }
        assert_eq!(number(&context, PLACES, RESIDENT).await, Some(made), "each QR that was made has its place");
        println!("{made} made, {refused} refused");
    })
    .await;
}

#[tokio::test]
async fn lists_are_filled_by_nodes_side_by_side_and_forgotten_with_their_time() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        // As two nodes.
        let nodes = [(), ()].map(|()| StatusLists::new(context.clone(), keyring.clone()));
        let mut places = std::collections::HashSet::new();
        for _ in 0..100 {
            for node in &nodes {
                let place = node.take(Kind::Shown).await.unwrap().unwrap();
                assert!(places.insert((place.list_id, place.index)), "no place twice");
            }
        }
        let lists: std::collections::HashSet<i64> = places.iter().map(|(list, _)| *list).collect();
        assert_eq!(lists.len(), 1);
        // A full list is followed by the next of the day.
        let mut tx = context.db.write().await.unwrap();
        ikd::execute!(&mut tx, "UPDATE status_list SET given = 1048576").unwrap();
        tx.commit().await.unwrap();
        let other = StatusLists::new(context.clone(), keyring.clone()).take(Kind::Shown).await.unwrap().unwrap();
        assert_eq!(Some(other.list_id), lists.iter().next().map(|list| list + 1));
        assert_eq!(nodes[0].uris().await.unwrap().len(), 2);
        later(&context, 2 * DAY);
        assert_eq!(nodes[0].uris().await.unwrap().len(), 0);
        assert_eq!(nodes[0].list(other.list_id).await.unwrap_err().code(), Some(Code::NotFound));
        assert_eq!(nodes[0].sweep().await.unwrap(), 2);
        assert_eq!(
            nodes[1].take(Kind::Shown).await.unwrap().unwrap().list_id % 1_000,
            0,
            "and the lease of two days ago"
        );
    })
    .await;
}
