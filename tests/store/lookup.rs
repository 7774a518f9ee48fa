//! Words by which registrations are found, and how much is looked for.

use ikd::clerk::Clerk;
use ikd::clock::DAY;
use ikd::context::Context;
use ikd::db::DbError;
use ikd::error::{Code, Error};
use ikd::lookup::browsing;
use ikd::lookup::{Kind, Person, Query, ports as lookup};
use support::each_engine;
use uuid::Uuid;

const OFFICE: Uuid = Uuid::from_u128(0xA);
const OTHER: Uuid = Uuid::from_u128(0xB);

/// What a transaction gives, tried again as long as it collides.
macro_rules! committed {
    ($context:expr, |$tx:ident| $body:expr) => {
        loop {
            let mut transaction = $context.db.write().await.unwrap();
            let $tx = &mut transaction;
            let done: ikd::error::Result<()> = $body;
            match done {
                Ok(()) => match transaction.commit().await {
                    Ok(()) => break Ok(()),
                    Err(DbError::Contention) => {}
                    Err(error) => panic!("{error}"),
                },
                Err(error) => {
                    transaction.rollback().await.unwrap();
                    if !matches!(error, Error::Db(DbError::Contention)) {
                        break Err(error.code());
                    }
                }
            }
        }
    };
}

async fn keep(context: &Context, office: Uuid, id: u128, name: &str) {
    let nik = format!("317101570890{id:04}").parse().unwrap();
    let person = Person { nik: &nik, full_name: name, email: Some("a@example.id"), phone: "+6281234567890" };
    let mut tx = context.db.write().await.unwrap();
    lookup::keep(&context.vault, &mut tx, office, Uuid::from_u128(id), &person).await.unwrap();
    tx.commit().await.unwrap();
}

async fn find(context: &Context, office: Uuid, query: &str, before: Uuid, limit: i64) -> Vec<u128> {
    let mut tx = context.db.read().await.unwrap();
    let query = Query::read(query).unwrap();
    let found = lookup::find(&context.vault, &mut tx, office, &query, before, limit).await.unwrap();
    found.into_iter().map(|id| id.as_u128()).collect()
}

#[tokio::test]
async fn words_are_found_together_and_forgotten() {
    each_engine(async |context| {
        for (id, name) in [(1, "Siti Rahma"), (2, "Siti Nur Aini"), (3, "Nur Rahma Siti Dewi Putri"), (4, "Budi")] {
            keep(&context, OFFICE, id, name).await;
        }
        let all = Uuid::max();
        assert_eq!(find(&context, OFFICE, "siti", all, 9).await, [3, 2, 1]);
        assert_eq!(find(&context, OFFICE, "siti", Uuid::from_u128(3), 1).await, [2]);
        assert_eq!(find(&context, OFFICE, "rahma siti", all, 9).await, [3, 1]);
        assert_eq!(find(&context, OFFICE, "dewi nur putri rahma siti", all, 9).await, [3], "of five words four narrow");
        assert_eq!(find(&context, OFFICE, "Sitinuraini", all, 9).await, [2], "written in one");
        assert_eq!(find(&context, OFFICE, "siti budi", all, 9).await, [0_u128; 0]);
        assert_eq!(find(&context, OTHER, "siti", all, 9).await, [0_u128; 0]);
        // At another office, under another name.
        keep(&context, OTHER, 1, "Rahmawati").await;
        assert_eq!(find(&context, OFFICE, "siti", all, 9).await, [3, 2]);
        assert_eq!(find(&context, OTHER, "rahmawati", all, 9).await, [1]);
        let mut tx = context.db.write().await.unwrap();
        lookup::reached_at(&context.vault, &mut tx, Uuid::from_u128(1), "baru@example.id").await.unwrap();
        lookup::reached_at(&context.vault, &mut tx, Uuid::from_u128(9), "baru@example.id").await.unwrap();
        lookup::forget(&mut tx, Uuid::from_u128(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(find(&context, OTHER, "baru@example.id", all, 9).await, [1]);
        // A later address outlives what was registered, and gives way to the next.
        keep(&context, OTHER, 1, "Rahmawati").await;
        assert_eq!(find(&context, OTHER, "baru@example.id", all, 9).await, [1]);
        let mut tx = context.db.write().await.unwrap();
        lookup::reached_at(&context.vault, &mut tx, Uuid::from_u128(1), "lagi@example.id").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(find(&context, OTHER, "baru@example.id", all, 9).await, [0_u128; 0]);
        assert_eq!(find(&context, OFFICE, "siti", all, 9).await, [3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_holds_however_many_ask_at_once_and_is_lifted_by_one() {
    each_engine(async |context| {
        let (officer, first, second) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let at = |officer_id| Clerk { officer_id, office_id: OFFICE };
        let asks = (0..70).map(|_| {
            let context = context.clone();
            tokio::spawn(async move {
                let now = context.now();
                let done: Result<(), Option<Code>> =
                    committed!(context, |tx| lookup::count(tx, at(officer), Kind::Search, false, now).await);
                done.is_ok()
            })
        });
        let mut went = 0;
        for ask in asks.collect::<Vec<_>>() {
            went += i64::from(ask.await.unwrap());
        }
        assert_eq!(went, Kind::Search.most_a_day());
        let lift = async |by| {
            let now = context.now();
            let done: Result<(), Option<Code>> =
                committed!(context, |tx| browsing::lift(tx, at(by), officer, now).await);
            done
        };
        let (a, b) = tokio::join!(lift(first), lift(second));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        assert_eq!(a.and(b).unwrap_err(), Some(Code::WrongState));
        assert_eq!(lift(officer).await.unwrap_err(), Some(Code::Forbidden));
        // One looks at the day, not two, and nobody at the own.
        let day = context.now().day_in_jakarta();
        let look = async |by| {
            let (now, words) = (context.now(), "Sudah ditanya");
            let done: Result<(), Option<Code>> =
                committed!(context, |tx| { browsing::look(&context, tx, at(by), (officer, day), words, now).await });
            done
        };
        assert_eq!(look(officer).await.unwrap_err(), Some(Code::Forbidden));
        let (a, b) = tokio::join!(look(first), look(second));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let mut tx = context.db.read().await.unwrap();
        let days = browsing::days(&context, &mut tx, at(first), context.now()).await.unwrap();
        assert_eq!((days.len(), days[0].looked.searches, days[0].former.is_some()), (1, 60, true));
        drop(tx);
        context.clock.advance(8 * DAY);
        let mut tx = context.db.read().await.unwrap();
        assert!(browsing::days(&context, &mut tx, at(first), context.now()).await.unwrap().is_empty());
    })
    .await;
}
