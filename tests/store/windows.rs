//! Counting over a window, on all engines.

use ikd::clock::Timestamp;
use ikd::window::{Counted, Remaining, Window, sweep};
use support::each_engine;

#[tokio::test]
async fn a_window_ends_so_long_after_its_first_use() {
    each_engine(async |context| {
        let (ten, start) = (Window { kind: "test", seconds: 600, most: 10 }, Timestamp::from_seconds(1_000_000));
        let (whom, whole) = ([&b"whom"[..]], Remaining { uses: 10, retry_after: 1 });
        let mut tx = context.db.write().await.unwrap();
        assert_eq!(ten.remaining(&mut tx, &whom, start).await.unwrap(), whole);
        for number in 1..=10 {
            let at = start.plus_seconds(number - 1);
            assert_eq!(ten.count(&mut tx, &whom, at).await.unwrap(), Counted::Use(number));
        }
        let last = start.plus_seconds(599);
        assert_eq!(ten.count(&mut tx, &whom, last).await.unwrap(), Counted::Full { retry_after: 1 });
        let hundred = Window { most: 100, ..ten };
        assert_eq!(ten.remaining(&mut tx, &whom, start).await.unwrap(), Remaining { uses: 0, retry_after: 600 });
        assert_eq!(hundred.remaining(&mut tx, &whom, start).await.unwrap().uses, 90);
        assert_eq!(ten.remaining(&mut tx, &whom, last).await.unwrap(), Remaining { uses: 0, retry_after: 1 });
        assert_eq!(ten.remaining(&mut tx, &whom, start.plus_seconds(600)).await.unwrap(), whole);
        assert_eq!(ten.count(&mut tx, &whom, start.plus_seconds(600)).await.unwrap(), Counted::Use(1));
    })
    .await;
}

#[tokio::test]
async fn each_kind_and_subject_has_a_window_of_its_own_until_it_is_swept() {
    each_engine(async |context| {
        let (one, start) = (Window { kind: "one", seconds: 60, most: 1 }, Timestamp::from_seconds(1_000_000));
        let long = Window { kind: "long", seconds: 120, ..one };
        let mut tx = context.db.write().await.unwrap();
        for (window, parts) in
            [(one, &[&b"ab"[..], b"c"][..]), (one, &[b"a", b"bc"]), (one, &[b"abc"]), (long, &[b"ab", b"c"])]
        {
            assert_eq!(window.count(&mut tx, parts, start).await.unwrap(), Counted::Use(1));
        }
        assert_eq!(sweep(&mut tx, start.plus_seconds(59)).await.unwrap(), 0);
        assert_eq!(sweep(&mut tx, start.plus_seconds(60)).await.unwrap(), 3);
        let full = long.count(&mut tx, &[b"ab", b"c"], start.plus_seconds(60)).await.unwrap();
        assert_eq!(full, Counted::Full { retry_after: 60 });
    })
    .await;
}

#[tokio::test]
async fn what_is_only_counted_is_never_full() {
    each_engine(async |context| {
        let (counted, now) = (Window { kind: "counted", seconds: 3_600, most: i64::MAX }, context.now());
        let mut tx = context.db.write().await.unwrap();
        for number in 1..=3 {
            assert_eq!(counted.count(&mut tx, &[b"this"], now).await.unwrap(), Counted::Use(number));
        }
        assert_eq!(counted.count(&mut tx, &[b"that"], now).await.unwrap(), Counted::Use(1), "another subject");
        assert_eq!(counted.count(&mut tx, &[b"this"], now.plus_seconds(3_599)).await.unwrap(), Counted::Use(4));
        let later = now.plus_seconds(3_600);
        assert_eq!(counted.count(&mut tx, &[b"this"], later).await.unwrap(), Counted::Use(1), "a new window");
        assert_eq!(sweep(&mut tx, later).await.unwrap(), 1);
        assert_eq!(counted.remaining(&mut tx, &[b"this"], later).await.unwrap().uses, i64::MAX - 1);
    })
    .await;
}
