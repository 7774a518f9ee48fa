//! Rows of what administrators of the nation ask of each other; parties that are suspended, and invitations to a party.

use ikd::attribute::AttributeSet;
use ikd::clock::Timestamp;
use ikd::office::model::{Change, Edit};
use ikd::office::store::office;
use ikd::office::{Kind as OfficeKind, Offices, ports as offices};
use ikd::proposal::store::{self, Proposal};
use ikd::proposal::{Kind, State};
use ikd::relying_party::model::PartyState;
use ikd::relying_party::store as parties;
use ikd::relying_party::{Purpose, RelyingParties};
use ikd::staff::invitation::{self as invitations};
use ikd::staff::model::{Affiliation, Role};
use ikd::staff::store::invitation::{self as invitation, Invitation};
use ikd::staff::store::party as people;
use ikd::staff::{Accounts, Post};
use support::each_engine;
use uuid::Uuid;

fn proposal(id: u128, about: &str, now: Timestamp) -> Proposal {
    Proposal {
        proposal_id: Uuid::from_u128(id),
        kind: Kind::SetContact,
        about: about.to_owned(),
        subject_id: Uuid::from_u128(70),
        name: String::from("Bank Uji"),
        state: State::Waiting,
        reason: String::from("PKS"),
        asked_by: Uuid::from_u128(1),
        asked_at: now,
        expires_at: now.plus_seconds(100),
        decided_by: None,
        decided_at: None,
        refusal: None,
        sealed: Some(vec![7]),
    }
}

#[tokio::test]
async fn one_waits_and_ends_once_and_who_asks_never_grants() {
    each_engine(async |context| {
        let now = context.now();
        let later = |seconds| now.plus_seconds(seconds);
        let (asker, other, nobody) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(99));
        let id = Uuid::from_u128;
        let mut tx = context.db.write().await.unwrap();
        for (number, about) in [(10, "a"), (11, "b"), (12, "c"), (13, "d")] {
            store::add(&mut tx, &proposal(number, about, now)).await.unwrap();
        }
        assert_eq!(store::lookup(&mut tx, id(10)).await.unwrap(), Some(proposal(10, "a", now)));
        assert_eq!(store::lookup(&mut tx, nobody).await.unwrap(), None);

        assert!(!store::grant(&mut tx, id(10), (asker, now), false).await.unwrap().happened(), "one's own");
        assert!(!store::refuse(&mut tx, id(10), (asker, now), "x", false).await.unwrap().happened(), "one's own");
        assert!(!store::withdraw(&mut tx, id(10), (other, now), false).await.unwrap().happened(), "another's");
        assert!(!store::grant(&mut tx, id(10), (other, later(100)), false).await.unwrap().happened(), "too late");
        assert_eq!(store::count_waiting(&mut tx, now, other).await.unwrap(), 4);
        assert_eq!(store::count_waiting(&mut tx, now, asker).await.unwrap(), 0, "their own");
        assert_eq!(store::count_waiting(&mut tx, later(100), other).await.unwrap(), 0);

        // Each ends once; what names a person is forgotten with it, other things are not.
        assert!(store::grant(&mut tx, id(10), (other, later(1)), true).await.unwrap().happened());
        assert!(store::refuse(&mut tx, id(11), (other, later(2)), "tidak", false).await.unwrap().happened());
        assert!(store::withdraw(&mut tx, id(12), (asker, later(3)), true).await.unwrap().happened());
        for over in [id(10), id(11), id(12), nobody] {
            assert!(!store::grant(&mut tx, over, (other, now), false).await.unwrap().happened());
            assert!(!store::refuse(&mut tx, over, (other, now), "x", false).await.unwrap().happened());
            assert!(!store::withdraw(&mut tx, over, (asker, now), false).await.unwrap().happened());
        }
        let rows = store::all(&mut tx, Uuid::max(), 9).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.state, row.decided_by, row.sealed.is_some())).collect();
        assert_eq!(
            seen,
            [
                (State::Waiting, None, true),
                (State::Withdrawn, Some(asker), false),
                (State::Refused, Some(other), true),
                (State::Granted, Some(other), false)
            ]
        );
        assert_eq!(rows[2].refusal.as_deref(), Some("tidak"));
        assert_eq!(store::all(&mut tx, id(12), 1).await.unwrap(), [rows[2].clone()]);
        assert_eq!(store::waiting(&mut tx, now, Uuid::max(), 9).await.unwrap(), [rows[0].clone()]);
        assert_eq!(store::waiting(&mut tx, now, id(13), 9).await.unwrap(), []);
        assert_eq!(store::waiting(&mut tx, later(100), Uuid::max(), 9).await.unwrap(), []);

        // What ended makes way for another about the same; what is too old ends by itself, and is forgotten long after.
        store::add(&mut tx, &proposal(14, "a", later(50))).await.unwrap();
        assert_eq!(store::expire(&mut tx, later(100)).await.unwrap(), 1);
        assert_eq!(store::expire(&mut tx, later(100)).await.unwrap(), 0);
        let expired = store::lookup(&mut tx, id(13)).await.unwrap().unwrap();
        assert_eq!((expired.state, expired.decided_at, expired.sealed), (State::Expired, Some(later(100)), None));
        assert_eq!(store::sweep(&mut tx, later(99), 9).await.unwrap(), 0);
        assert_eq!(store::sweep(&mut tx, later(150), 3).await.unwrap(), 3);
        assert_eq!(store::sweep(&mut tx, later(150), 3).await.unwrap(), 1, "not what waits");
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let twice = store::add(&mut tx, &proposal(15, "a", now)).await;
        assert!(matches!(twice, Err(ikd::db::DbError::Unique)));
    })
    .await;
}

#[tokio::test]
async fn a_party_is_suspended_and_entitled_anew_and_its_people_are_invited() {
    each_engine(async |context| {
        let all = RelyingParties::new(context.clone());
        let purpose = |code: &str| {
            let text = |text: &str| text.to_owned();
            Purpose { code: text(code), text_id: text("Buka"), text_en: text("Open") }
        };
        let (party, _) = all.add("Bank Uji", AttributeSet::AGE, &[purpose("open")]).await.unwrap();
        all.add("Bank Lain", AttributeSet::AGE, &[purpose("open")]).await.unwrap();
        let accounts = Accounts::new(context.clone());
        for (post, name) in [(Post::PartyAdministrator("Bank Uji"), "rina"), (Post::RelyingParty("Bank Uji"), "dewi")] {
            accounts.add(post, name, "Orang Bank", None).await.unwrap();
        }
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let page = parties::parties_after(&mut tx, "Bank Lain", "%", 9).await.unwrap();
        assert_eq!(page.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Bank Uji"]);
        assert_eq!(parties::parties_after(&mut tx, "", "%", 1).await.unwrap()[0].name, "Bank Lain");

        let nobody = Uuid::from_u128(99);
        assert!(!parties::resume(&mut tx, party).await.unwrap().happened());
        assert!(parties::suspend(&mut tx, party, "Bocor", now).await.unwrap().happened());
        assert!(!parties::suspend(&mut tx, party, "Lagi", now).await.unwrap().happened());
        assert!(!parties::suspend(&mut tx, nobody, "Lagi", now).await.unwrap().happened());
        let row = parties::party(&mut tx, party).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.suspended_at, row.suspended_reason.as_deref()),
            (PartyState::Disabled, Some(now), Some("Bocor"))
        );
        assert!(parties::resume(&mut tx, party).await.unwrap().happened());
        let row = parties::party(&mut tx, party).await.unwrap().unwrap();
        assert_eq!((row.state, row.suspended_at, row.suspended_reason), (PartyState::Active, None, None));

        assert!(parties::set_attributes(&mut tx, party, AttributeSet::FULL).await.unwrap().happened());
        assert!(!parties::set_attributes(&mut tx, nobody, AttributeSet::FULL).await.unwrap().happened());
        assert_eq!(parties::remove_purposes(&mut tx, party).await.unwrap(), 1);
        assert!(parties::purposes(&mut tx, party).await.unwrap().is_empty());

        let administrators = people::administrators(&mut tx, party).await.unwrap();
        assert_eq!(administrators.iter().map(|one| one.username.as_str()).collect::<Vec<_>>(), ["rina"]);

        let row = Invitation {
            invitation_id: Uuid::from_u128(5),
            kind: invitations::Kind::Join,
            place: Affiliation::RelyingParty(party),
            staff_id: None,
            username: String::from("baru"),
            full_name: String::from("Orang Baru"),
            region: None,
            role: Role::PartyAdministrator,
            ends_at: None,
            comes_back: 0,
            state: invitations::State::Sent,
            asked_by: nobody,
            asked_at: now,
            expires_at: Some(now.plus_seconds(9)),
            sealed: None,
        };
        invitation::add(&mut tx, &row).await.unwrap();
        let found = invitation::lookup(&mut tx, row.invitation_id).await.unwrap().unwrap();
        assert_eq!(found.place, Affiliation::RelyingParty(party));
    })
    .await;
}

#[tokio::test]
async fn the_tree_is_read_level_by_level_and_a_change_demands_what_it_replaces() {
    each_engine(async |context| {
        let all = Offices::new(context.clone());
        for (code, kind) in
            [("A", OfficeKind::Dinas), ("B", OfficeKind::Dinas), ("C", OfficeKind::Upt), ("D", OfficeKind::Upt)]
        {
            all.add(&format!("{code}{code}"), code, kind).await.unwrap();
        }
        for code in ["CC", "DD"] {
            all.edit(code, Edit { parent: Some(String::from("AA")), ..Edit::default() }).await.unwrap();
        }
        let accounts = Accounts::new(context.clone());
        for (name, role) in
            [("satu", Role::Officer), ("dua", Role::Officer), ("tiga", Role::Head), ("empat", Role::Officer)]
        {
            accounts.add(Post::Office("AA", role), name, "Orang Kantor", None).await.unwrap();
        }
        accounts.set_active(ikd::staff::Realm::Office, "empat", false).await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let top = offices::by_code(&mut tx, "AA").await.unwrap().unwrap().office_id;
        let below = offices::by_code(&mut tx, "CC").await.unwrap().unwrap().office_id;
        let codes = |rows: Vec<office::Entry>| rows.into_iter().map(|row| row.office.code).collect::<Vec<_>>();
        assert_eq!(codes(office::roots(&mut tx, "", 9).await.unwrap()), ["AA", "BB"]);
        assert_eq!(codes(office::roots(&mut tx, "AA", 9).await.unwrap()), ["BB"]);
        assert_eq!(codes(office::below(&mut tx, top, "", 1).await.unwrap()), ["CC"]);
        assert_eq!(codes(office::below(&mut tx, top, "CC", 9).await.unwrap()), ["DD"]);
        assert!(office::below(&mut tx, below, "", 9).await.unwrap().is_empty());
        let counted = ikd::staff::store::account::counted(&mut tx, top, context.now()).await.unwrap();
        assert_eq!(counted, [(Role::Head, 1), (Role::Officer, 2)], "not who was disabled");

        let (name, is) = offices::described(&mut tx, below).await.unwrap();
        assert_eq!((name.as_str(), is.parent.as_deref(), is.kind), ("C", Some("AA"), Some(OfficeKind::Upt)));
        let change = |parent: &str| Change { parent: Some(parent.to_owned()), ..Change::default() };
        assert!(offices::change(&mut tx, below, &change("BB"), &change("DD")).await.is_err(), "it stands below AA");
        offices::change(&mut tx, below, &change("AA"), &change("BB")).await.unwrap();
        let (_, is) = offices::described(&mut tx, below).await.unwrap();
        assert_eq!(is.parent.as_deref(), Some("BB"));
    })
    .await;
}
