//! Rows of branches, of what is reported of them, and of how often.

use ikd::branch::model::{About, Happened, ReportState, State};
use ikd::branch::store::There;
use ikd::branch::store::report::{self, BranchCount, NewReport, PartyCount};
use ikd::branch::{ports, store};
use ikd::clock::DAY;
use support::each_engine;
use uuid::Uuid;

const BANK: Uuid = Uuid::from_u128(1);
const SHOP: Uuid = Uuid::from_u128(2);

fn about(name: &str, shown: bool) -> About {
    About { name: name.into(), address: "Jl. 50% Off".into(), regency: "5108".into(), hours: None, shown }
}

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(100 + number)
}

#[tokio::test]
async fn branches_are_kept_by_their_party_and_told_while_they_are_shown() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let before = store::revision(&mut tx).await.unwrap();
        store::hold(&mut tx).await.unwrap();
        assert_eq!(ports::revision(&mut tx).await.unwrap(), before + 1);
        for (number, party, name, shown) in
            [(1, BANK, "KCP B", true), (2, BANK, "KCP A", false), (3, SHOP, "Toko", true), (4, BANK, "KCP A", true)]
        {
            store::add(&mut tx, (id(number), party), &about(name, shown), now).await.unwrap();
        }
        let ids = |rows: Vec<ikd::branch::Branch>| rows.into_iter().map(|one| one.branch_id).collect::<Vec<_>>();
        assert_eq!(ids(ports::shown_after(&mut tx, Uuid::nil(), 9).await.unwrap()), [id(1), id(3), id(4)]);
        assert_eq!(ids(ports::shown_after(&mut tx, id(1), 1).await.unwrap()), [id(3)]);
        let start = ("", Uuid::nil());
        assert_eq!(ids(store::of_party(&mut tx, BANK, start, "%", 9).await.unwrap()), [id(2), id(4), id(1)]);
        assert_eq!(ids(store::of_party(&mut tx, BANK, ("KCP A", id(2)), "%", 1).await.unwrap()), [id(4)]);
        assert_eq!(ids(store::of_party(&mut tx, BANK, start, "%kcp%b%", 9).await.unwrap()), [id(1)]);
        assert_eq!(ids(store::of_party(&mut tx, SHOP, start, "%50!% off%", 9).await.unwrap()), [id(3)]);
        assert!(store::of_party(&mut tx, SHOP, start, "%5!%%", 9).await.unwrap().is_empty(), "a sign, no pattern");
        assert_eq!(store::count(&mut tx, BANK).await.unwrap(), There { listed: 3, ended: 0 });
        assert_eq!(store::count(&mut tx, Uuid::nil()).await.unwrap(), There { listed: 0, ended: 0 });

        let next = About { hours: Some("08.00".into()), ..about("KCP C", true) };
        for (of, revision, changes) in [((id(2), SHOP), 0, false), ((id(2), BANK), 1, false), ((id(2), BANK), 0, true)]
        {
            let changed = store::change(&mut tx, of, revision, &next).await.unwrap();
            assert_eq!(changed.happened(), changes, "{of:?} {revision}");
        }
        let found = store::lookup(&mut tx, id(2)).await.unwrap().unwrap();
        assert_eq!((found.about, found.state, found.revision), (next.clone(), State::Shown, 1));
        assert!(!store::end(&mut tx, (id(2), SHOP), now).await.unwrap().happened());
        assert!(store::end(&mut tx, (id(2), BANK), now).await.unwrap().happened());
        assert!(!store::end(&mut tx, (id(2), BANK), now).await.unwrap().happened(), "it has ended");
        assert!(!store::change(&mut tx, (id(2), BANK), 2, &next).await.unwrap().happened());
        assert_eq!(ids(store::of_party(&mut tx, BANK, start, "%", 9).await.unwrap()), [id(4), id(1)]);
        assert_eq!(store::count(&mut tx, BANK).await.unwrap(), There { listed: 2, ended: 1 });
        // Of one that ended something is counted, of the other nothing.
        let new = NewReport {
            report_id: id(9),
            branch_id: id(2),
            relying_party_id: BANK,
            what: Happened::Refused,
            day: "2026-11-09",
            sealed: None,
        };
        report::add(&mut tx, &new, "2026-11", now).await.unwrap();
        assert!(store::end(&mut tx, (id(4), BANK), now).await.unwrap().happened());
        let before = now.plus_seconds(-1);
        assert_eq!(store::forget(&mut tx, before, before).await.unwrap(), 0);
        assert_eq!(store::forget(&mut tx, before, now).await.unwrap(), 1);
        assert_eq!(store::lookup(&mut tx, id(4)).await.unwrap(), None, "nothing is counted of it");
        assert_eq!(store::forget(&mut tx, now, before).await.unwrap(), 1);
        assert_eq!(store::lookup(&mut tx, id(2)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn reports_are_counted_closed_and_forgotten_and_their_counts_stay() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        for (number, party) in [(1, BANK), (2, BANK), (3, SHOP)] {
            store::add(&mut tx, (id(number), party), &about(&format!("Tempat {number}"), true), now).await.unwrap();
        }
        let told = [
            (1, 1, BANK, Happened::Photocopy, "2026-11", Some(&[7_u8, 8][..])),
            (2, 2, BANK, Happened::Refused, "2026-11", None),
            (3, 2, BANK, Happened::Photocopy, "2026-11", None),
            (4, 3, SHOP, Happened::Refused, "2026-11", None),
            (5, 1, BANK, Happened::Refused, "2026-10", None),
        ];
        for (number, branch, relying_party_id, what, month, sealed) in told {
            let day = format!("{month}-09");
            let new = NewReport {
                report_id: Uuid::from_u128(number),
                branch_id: id(branch),
                relying_party_id,
                what,
                day: &day,
                sealed,
            };
            report::add(&mut tx, &new, month, now.plus_seconds(number as i64)).await.unwrap();
        }
        let open = report::of_party(&mut tx, BANK, ReportState::Open, Uuid::max(), 9).await.unwrap();
        let ids: Vec<_> = open.iter().map(|(one, _)| one.report_id.as_u128()).collect();
        assert_eq!(ids, [5, 3, 2, 1]);
        let (first, sealed) = &open[3];
        assert_eq!(
            (first.branch.as_str(), first.day.as_str(), first.what),
            ("Tempat 1", "2026-11-09", Happened::Photocopy)
        );
        assert_eq!((sealed.as_deref(), first.reported_at), (Some(&[7_u8, 8][..]), now.plus_seconds(1)));
        let rest = report::of_party(&mut tx, BANK, ReportState::Open, Uuid::from_u128(3), 1).await.unwrap();
        assert_eq!(rest[0].0.report_id, Uuid::from_u128(2));

        let (one, by) = (Uuid::from_u128(1), (Uuid::from_u128(9), now.plus_seconds(60)));
        assert!(!report::close(&mut tx, (one, SHOP), by).await.unwrap().happened(), "another party's");
        assert!(report::close(&mut tx, (one, BANK), by).await.unwrap().happened());
        assert!(!report::close(&mut tx, (one, BANK), by).await.unwrap().happened(), "once");
        assert_eq!(report::state(&mut tx, (one, BANK)).await.unwrap(), Some(ReportState::Closed));
        assert_eq!(report::state(&mut tx, (one, SHOP)).await.unwrap(), None);
        let closed = report::of_party(&mut tx, BANK, ReportState::Closed, Uuid::max(), 9).await.unwrap();
        assert_eq!(closed[0].0.closed_at, Some(now.plus_seconds(60)));

        let count = |number, photocopy, refused| BranchCount {
            branch_id: id(number),
            name: format!("Tempat {number}"),
            photocopy,
            refused,
        };
        let november = report::of_branches(&mut tx, BANK, "2026-11", 9).await.unwrap();
        assert_eq!(november, [count(2, 1, 1), count(1, 1, 0)], "the most reported first");
        assert_eq!(report::of_branches(&mut tx, BANK, "2026-11", 1).await.unwrap().len(), 1);
        let parties = ports::reported_parties(&mut tx, "2026-11", 9).await.unwrap();
        let party = |relying_party_id, photocopy, refused| PartyCount { relying_party_id, photocopy, refused };
        assert_eq!(parties, [party(BANK, 2, 1), party(SHOP, 0, 1)]);

        // What is open is kept longer than what was closed, counts longer than both.
        let at = |seconds: i64| now.plus_seconds(seconds);
        assert_eq!(report::sweep(&mut tx, at(-DAY), at(59), "2026-10").await.unwrap(), 0);
        assert_eq!(report::sweep(&mut tx, at(2), at(60), "2026-11").await.unwrap(), 3, "closed, old, October");
        assert!(report::of_branches(&mut tx, BANK, "2026-10", 9).await.unwrap().is_empty());
        assert_eq!(report::of_branches(&mut tx, BANK, "2026-11", 9).await.unwrap(), november);
        let left = report::of_party(&mut tx, BANK, ReportState::Open, Uuid::max(), 9).await.unwrap();
        assert_eq!(left.len(), 2);
    })
    .await;
}
