//! Rows of how long things are kept.

use ikd::retention::store::Setting;
use ikd::retention::{Period, ports, store};
use support::each_engine;
use uuid::Uuid;

#[tokio::test]
async fn a_period_is_decided_once_at_a_time_and_counts_what_was_decided() {
    each_engine(async |context| {
        let now = context.now();
        let (asker, granter) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let by = |seconds| (asker, granter, now.plus_seconds(seconds));
        let mut tx = context.db.write().await.unwrap();
        assert_eq!(store::lookup(&mut tx, Period::Searches).await.unwrap(), None);
        assert!(
            !store::put(&mut tx, Period::Searches, (60, 90), 1, by(0)).await.unwrap().happened(),
            "nothing is there"
        );
        assert!(store::put(&mut tx, Period::Searches, (60, 90), 0, by(0)).await.unwrap().happened());
        assert!(!store::put(&mut tx, Period::Searches, (50, 90), 0, by(1)).await.unwrap().happened(), "there is one");
        assert!(store::put(&mut tx, Period::Searches, (120, 60), 1, by(2)).await.unwrap().happened());
        assert!(!store::put(&mut tx, Period::Searches, (50, 60), 1, by(3)).await.unwrap().happened(), "an old version");
        assert!(store::put(&mut tx, Period::Refusals, (7, 30), 0, by(4)).await.unwrap().happened());
        let all = store::all(&mut tx).await.unwrap();
        assert_eq!(all.iter().map(|one| one.name).collect::<Vec<_>>(), [Period::Refusals, Period::Searches]);
        let searches = Setting {
            name: Period::Searches,
            days: 120,
            former_days: 60,
            version: 2,
            changed_at: now.plus_seconds(2),
            asked_by: asker,
            granted_by: granter,
        };
        assert_eq!(store::lookup(&mut tx, Period::Searches).await.unwrap(), Some(searches));

        let day = ikd::clock::DAY;
        let since = ports::kept_since(&context, &mut tx, Period::Refusals, now).await.unwrap();
        assert_eq!(since, now.plus_seconds(-30 * day), "the former days for a day");
        let tomorrow = now.plus_seconds(4 + day);
        let since = ports::kept_since(&context, &mut tx, Period::Refusals, tomorrow).await.unwrap();
        assert_eq!(since, tomorrow.plus_seconds(-7 * day));
        let states = ports::all(&context, &mut tx, now).await.unwrap();
        assert_eq!(states.len(), Period::ALL.len());
        let default = states.iter().find(|state| state.period == Period::ViewReasons).unwrap();
        assert_eq!((default.days, default.counts, default.version()), (365, 365, 0));

        // The days that count when it is decided again are the former ones, however often that is within a day.
        ports::set(&context, &mut tx, (Period::Refusals, 10, 1), (asker, granter), now.plus_seconds(9)).await.unwrap();
        let twice = ports::set(&context, &mut tx, (Period::Refusals, 20, 1), (asker, granter), now).await;
        assert!(twice.is_err(), "an old version");
        let state = ports::one(&context, &mut tx, Period::Refusals, now.plus_seconds(10)).await.unwrap();
        assert_eq!((state.days, state.counts), (10, 30));
    })
    .await;
}
