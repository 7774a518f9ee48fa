//! Rows of what relying parties look after: keys with an end, people, figures, notices, the webhook and what waits for it.

use ikd::attribute::AttributeSet;
use ikd::clock::{DAY, HOUR, Timestamp};
use ikd::context::Context;
use ikd::error::{Code, Language};
use ikd::register::Date;
use ikd::relying_party::model::Contract;
use ikd::relying_party::model::{Quota, Span};
use ikd::relying_party::notice::About;
use ikd::relying_party::store::{self, key, notice, quota, usage};
use ikd::relying_party::{Allowance, Purpose, RelyingParties};
use ikd::secret::Redacted;
use ikd::staff::invitation::{Contact, Kind, State as LinkState, employee};
use ikd::staff::model::{AccountState, Affiliation, Realm};
use ikd::staff::store::invitation::{self, Invitation};
use ikd::staff::store::{account, party as people};
use ikd::staff::{Accounts, Post, Role};
use ikd::webhook::model::{Fault, State};
use ikd::webhook::store as hook;
use uuid::Uuid;

use support::each_engine;

async fn bank(context: &Context) -> (RelyingParties, Uuid, Uuid) {
    let parties = RelyingParties::new(context.clone());
    let text = |text: &str| text.to_owned();
    let purpose = Purpose { code: text("open_account"), text_id: text("Membuka rekening"), text_en: text("Opening") };
    let (id, key) = parties.add("Bank Uji", AttributeSet::FULL, &[purpose]).await.unwrap();
    (parties, id, key.key_id)
}

#[tokio::test]
async fn keys_and_contracts_have_ends() {
    each_engine(async |context| {
        let (_, party, first) = bank(&context).await;
        let now = context.now();
        let later = |seconds| now.plus_seconds(seconds);
        let mut tx = context.db.write().await.unwrap();
        assert!(store::hold(&mut tx, party).await.unwrap().happened());
        assert!(!store::hold(&mut tx, first).await.unwrap().happened());
        let new = key::NewKey {
            key_id: Uuid::from_u128(7),
            party,
            proof: key::Proof::Secret(&[7; 32]),
            label: Some("Kasir"),
            expires_at: Some(later(9)),
        };
        key::add(&mut tx, new, now).await.unwrap();
        let rows = key::of(&mut tx, party).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.key_id, row.label.as_deref(), row.expires_at)).collect();
        assert_eq!(seen.len(), 2);
        assert!(seen.contains(&(first, None, None)) && seen.contains(&(new.key_id, Some("Kasir"), Some(later(9)))));

        // A public key has no secret that could be guessed, and is there once for all parties.
        let public = key::NewKey { key_id: Uuid::from_u128(8), proof: key::Proof::Signature("{}"), ..new };
        key::add(&mut tx, public, now).await.unwrap();
        let living = key::living(&mut tx, public.key_id).await.unwrap().unwrap();
        assert_eq!((living.public_key.as_deref(), living.secret_hash.len()), (Some("{}"), 0));
        assert!(key::living(&mut tx, new.key_id).await.unwrap().unwrap().public_key.is_none());
        let listed = key::of(&mut tx, party).await.unwrap();
        assert_eq!(listed.iter().filter(|row| row.public_key.is_some()).count(), 1);
        // It may end sooner or later, not beyond the latest day, and not again after its end.
        for (end, at, latest, happens) in [(20, 0, 19, false), (20, 0, 20, true), (30, 21, 50, false)] {
            let set = key::set_end(&mut tx, public.key_id, later(end), (later(at), later(latest))).await.unwrap();
            assert_eq!(set.happened(), happens, "{end} at {at}, {latest} at most");
        }
        assert!(key::revoke(&mut tx, public.key_id, now).await.unwrap().happened());

        assert!(key::note_use(&mut tx, first, now).await.unwrap().happened());
        assert!(!key::note_use(&mut tx, first, later(HOUR - 1)).await.unwrap().happened(), "the same hour");
        assert!(key::note_use(&mut tx, first, later(HOUR)).await.unwrap().happened());
        assert!(!key::note_use(&mut tx, Uuid::nil(), now).await.unwrap().happened());
        assert!(key::set_end(&mut tx, first, later(99), (now, later(50))).await.unwrap().happened());
        let found = key::living(&mut tx, first).await.unwrap().unwrap();
        assert_eq!(
            (found.expires_at, found.last_used_at, found.contract()),
            (Some(later(99)), Some(later(HOUR)), None)
        );
        assert!(!key::revoke_own(&mut tx, Uuid::nil(), first, now).await.unwrap().happened(), "another party's");
        assert!(key::revoke_own(&mut tx, party, first, now).await.unwrap().happened());
        assert!(!key::revoke_own(&mut tx, party, first, now).await.unwrap().happened());
        assert!(!key::revoke(&mut tx, first, now).await.unwrap().happened());
        assert!(
            !key::set_end(&mut tx, first, later(999), (now, later(999))).await.unwrap().happened(),
            "a revoked one"
        );
        assert!(key::living(&mut tx, first).await.unwrap().is_none());
        assert!(key::revoke(&mut tx, new.key_id, now).await.unwrap().happened());

        let contract = Contract { number: String::from("100/PKS"), begins_at: now, ends_at: later(50 * DAY) };
        assert!(store::set_contract(&mut tx, party, &contract).await.unwrap().happened());
        assert!(!store::set_contract(&mut tx, first, &contract).await.unwrap().happened());
        assert!(store::set_contact(&mut tx, party, b"sealed").await.unwrap().happened());
        let row = store::party(&mut tx, party).await.unwrap().unwrap();
        assert_eq!((row.contract(), row.contact_sealed.as_deref()), (Some(contract), Some(&b"sealed"[..])));
    })
    .await;
}

#[tokio::test]
async fn notices_are_found_once_for_each_span_and_the_nearest_says_it_all() {
    each_engine(async |context| {
        let (parties, party, first) = bank(&context).await;
        let today = Date::in_jakarta(context.now());
        parties.set_contract("Bank Uji", "100/PKS", (today, today.plus_days(19).unwrap())).await.unwrap();
        parties.set_key_end(first, today.plus_days(9).unwrap()).await.unwrap();
        let now = context.now();
        let span = |days| (now, now.plus_seconds(days * DAY));
        let mut tx = context.db.write().await.unwrap();
        assert!(notice::contracts(&mut tx, span(30), 30, 9).await.unwrap().is_empty(), "nobody said where");
        drop(tx);
        parties.set_contact("Bank Uji", "a@bank.example", Language::English).await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(notice::contracts(&mut tx, span(7), 7, 9).await.unwrap().is_empty());
        let ending = notice::contracts(&mut tx, span(30), 30, 9).await.unwrap()[0];
        assert_eq!((ending.relying_party_id, ending.subject_id), (party, party));
        let of_key = notice::keys(&mut tx, span(30), 30, 9).await.unwrap()[0];
        assert_eq!((of_key.relying_party_id, of_key.subject_id), (party, first));
        assert!(notice::contracts(&mut tx, span(30), 30, 0).await.unwrap().is_empty());
        let row = |id: u128, days| notice::NoticeRow {
            notice_id: Uuid::from_u128(id),
            relying_party_id: party,
            about: About::Contract,
            subject_id: party,
            ends_at: ending.ends_at,
            days,
        };
        assert!(notice::add(&mut tx, row(1, 30), now).await.unwrap().happened());
        assert!(!notice::add(&mut tx, row(2, 30), now).await.unwrap().happened());
        assert_eq!(notice::lookup(&mut tx, Uuid::from_u128(1)).await.unwrap(), Some(row(1, 30)));
        assert_eq!(notice::lookup(&mut tx, Uuid::from_u128(2)).await.unwrap(), None);
        for days in [30, 60] {
            assert!(notice::contracts(&mut tx, span(days), days, 9).await.unwrap().is_empty(), "{days}");
        }
        assert_eq!(notice::sweep(&mut tx, now.plus_seconds(-1), 9).await.unwrap(), 0);
        assert_eq!(notice::sweep(&mut tx, now, 9).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn figures_add_up_and_are_forgotten_by_their_day() {
    each_engine(async |context| {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut tx = context.db.write().await.unwrap();
        for (party, day, outcome, n) in [
            (one, 5, "valid", 2),
            (one, 5, "valid", 3),
            (one, 5, "expired", 1),
            (one, 6, "valid", 1),
            (other, 5, "valid", 9),
        ] {
            usage::count(&mut tx, party, day, outcome, n).await.unwrap();
        }
        let rows = usage::between(&mut tx, one, 5, 7).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.day, row.outcome.as_str(), row.questions)).collect();
        assert_eq!(seen, [(5, "expired", 1), (5, "valid", 5), (6, "valid", 1)]);
        assert_eq!(usage::between(&mut tx, one, 6, 6).await.unwrap(), []);
        assert_eq!((usage::sweep(&mut tx, 6, 1).await.unwrap(), usage::sweep(&mut tx, 6, 9).await.unwrap()), (1, 2));
        assert_eq!(usage::between(&mut tx, one, 0, 9).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn only_employees_of_the_own_party_are_switched() {
    each_engine(async |context| {
        let (_, party, _) = bank(&context).await;
        let accounts = Accounts::new(context.clone());
        let add = async |post, name: &str| accounts.add(post, name, name, None).await.unwrap().staff_id;
        let (rina, sari) = (
            add(Post::PartyAdministrator("Bank Uji"), "rina").await,
            add(Post::PartyAdministrator("Bank Uji"), "sari").await,
        );
        let dewi = add(Post::RelyingParty("Bank Uji"), "dewi").await;
        let mut tx = context.db.write().await.unwrap();
        let rows = people::of(&mut tx, party, "dewi", 9).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.username.as_str(), row.role)).collect();
        assert_eq!(seen, [("rina", Role::PartyAdministrator), ("sari", Role::PartyAdministrator)]);
        assert_eq!(people::of(&mut tx, party, "", 1).await.unwrap()[0].staff_id, dewi);
        let (off, on) = (AccountState::Disabled, AccountState::Active);
        for (of, whom, by, state) in
            [(party, sari, rina, off), (party, rina, rina, off), (dewi, dewi, rina, off), (party, dewi, rina, on)]
        {
            assert!(!people::switch(&mut tx, of, whom, by, state).await.unwrap().happened());
        }
        assert!(people::switch(&mut tx, party, dewi, rina, off).await.unwrap().happened());
        ikd::execute!(&mut tx, "UPDATE staff_account SET state = 'disabled' WHERE username = 'sari'").unwrap();
        assert!(!people::switch(&mut tx, party, dewi, sari, on).await.unwrap().happened(), "disabled meanwhile");
        assert!(people::switch(&mut tx, party, dewi, rina, on).await.unwrap().happened());
    })
    .await;
}

#[tokio::test]
async fn links_of_a_party_are_counted_within_a_day_and_taken_back_by_whoever_may() {
    each_engine(async |context| {
        let (_, party, _) = bank(&context).await;
        let accounts = Accounts::new(context.clone());
        let add = async |post, name: &str| accounts.add(post, name, name, None).await.unwrap().staff_id;
        let rina = add(Post::PartyAdministrator("Bank Uji"), "rina").await;
        let dewi = add(Post::RelyingParty("Bank Uji"), "dewi").await;
        let now = context.now();
        let later = |seconds| now.plus_seconds(seconds);
        let link = |n: u128, kind, role, asked_at: Timestamp| Invitation {
            invitation_id: Uuid::from_u128(n),
            kind,
            place: Affiliation::RelyingParty(party),
            staff_id: (kind == Kind::Renew).then_some(dewi),
            username: format!("orang{n}"),
            full_name: String::from("Orang"),
            role,
            region: None,
            ends_at: None,
            comes_back: 0,
            state: LinkState::Sent,
            asked_by: rina,
            asked_at,
            expires_at: Some(asked_at.plus_seconds(DAY)),
            sealed: Some(vec![1]),
        };
        let mut tx = context.db.write().await.unwrap();
        let (employee, administrator) = (Role::Employee, Role::PartyAdministrator);
        for one in [
            link(1, Kind::Join, employee, later(-2 * DAY)),
            link(2, Kind::Join, employee, now),
            link(3, Kind::Renew, employee, now),
            link(4, Kind::Join, administrator, now),
        ] {
            invitation::add(&mut tx, &one).await.unwrap();
        }
        let day = (later(-DAY), now);
        assert_eq!(invitation::count_of_party(&mut tx, party, day, None).await.unwrap(), (3, 3, 2));
        assert_eq!(invitation::count_of_party(&mut tx, rina, day, None).await.unwrap(), (0, 0, 0));
        // Who comes back takes a seat, once however many links count, and none beside the one of who asks about them.
        for n in [5, 6] {
            let back = Invitation { comes_back: 1, asked_at: later(-1), ..link(n, Kind::Renew, employee, now) };
            invitation::add(&mut tx, &back).await.unwrap();
        }
        assert_eq!(invitation::count_of_party(&mut tx, party, day, None).await.unwrap(), (5, 5, 3));
        assert_eq!(invitation::count_of_party(&mut tx, party, day, Some(rina)).await.unwrap(), (5, 5, 3));
        assert_eq!(invitation::count_of_party(&mut tx, party, day, Some(dewi)).await.unwrap(), (5, 5, 2));
        for n in [5, 6] {
            assert!(invitation::refuse(&mut tx, Uuid::from_u128(n), rina, now).await.unwrap().happened());
        }
        let rows = invitation::of_party(&mut tx, party, day, Uuid::from_u128(4), 9).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.invitation_id.as_u128()).collect::<Vec<_>>(), [3, 2]);
        assert!(
            invitation::of_party(&mut tx, party, (later(-DAY), later(DAY)), Uuid::max(), 9).await.unwrap().is_empty()
        );
        let realm = Realm::RelyingParty;
        assert!(invitation::is_promised(&mut tx, realm, "orang2", now).await.unwrap());
        assert!(!invitation::is_promised(&mut tx, Realm::Office, "orang2", now).await.unwrap());
        for gone in ["orang1", "orang3", "orang9"] {
            assert!(!invitation::is_promised(&mut tx, realm, gone, now).await.unwrap(), "{gone}");
        }
        let id = Uuid::from_u128;
        for (which, of) in [(4, party), (2, rina), (9, party)] {
            assert!(!invitation::withdraw(&mut tx, id(which), of, rina, now).await.unwrap().happened(), "{which}");
        }
        assert!(invitation::withdraw(&mut tx, id(2), party, rina, now).await.unwrap().happened());
        assert!(!invitation::withdraw(&mut tx, id(2), party, rina, now).await.unwrap().happened());
        assert_eq!(
            invitation::count_of_party(&mut tx, party, day, None).await.unwrap(),
            (5, 2, 1),
            "asked for all the same"
        );
        assert_eq!(invitation::withdraw_all(&mut tx, party, (dewi, later(-DAY)), (Some(rina), now)).await.unwrap(), 0);
        assert_eq!(invitation::withdraw_all(&mut tx, party, (rina, later(-DAY)), (Some(dewi), now)).await.unwrap(), 2);

        // What is open about somebody, or was asked by somebody alone, ends; what a second person granted, and what parties sent, does not.
        let of = |n: u128, state, place| Invitation { place, state, ..link(n, Kind::Renew, employee, now) };
        for (n, state, place) in [
            (11, LinkState::Asked, Affiliation::National),
            (12, LinkState::Sent, Affiliation::National),
            (13, LinkState::Asked, Affiliation::National),
            (14, LinkState::Sent, Affiliation::RelyingParty(party)),
            (15, LinkState::Done, Affiliation::National),
        ] {
            invitation::add(&mut tx, &of(n, state, place)).await.unwrap();
        }
        let until = Some(later(DAY));
        assert!(invitation::grant(&mut tx, id(13), LinkState::Sent, (dewi, now), until).await.unwrap().happened());
        assert_eq!(invitation::end_asked_by(&mut tx, dewi, now).await.unwrap(), 0);
        assert_eq!(invitation::end_asked_by(&mut tx, rina, now).await.unwrap(), 2);
        for (n, state) in
            [(11, LinkState::Refused), (12, LinkState::Refused), (13, LinkState::Sent), (14, LinkState::Sent)]
        {
            let row = invitation::lookup(&mut tx, id(n)).await.unwrap().unwrap();
            assert_eq!((row.state, row.sealed.is_none()), (state, state == LinkState::Refused), "{n}");
        }
        assert_eq!(invitation::end_about(&mut tx, rina, now).await.unwrap(), 0);
        // Somebody is to leave: new secrets do not end that, being stopped does.
        invitation::add(&mut tx, &Invitation { kind: Kind::Leave, ..of(16, LinkState::Asked, Affiliation::National) })
            .await
            .unwrap();
        assert_eq!(invitation::end_renewals(&mut tx, rina, now).await.unwrap(), 0);
        assert_eq!(invitation::end_renewals(&mut tx, dewi, now).await.unwrap(), 2);
        assert_eq!(invitation::end_about(&mut tx, dewi, now).await.unwrap(), 1);
        assert_eq!(invitation::lookup(&mut tx, id(15)).await.unwrap().unwrap().state, LinkState::Done);

        // What is over, what nobody decided and links that nobody used are forgotten, each after its time.
        let asked = Invitation { sealed: None, ..of(17, LinkState::Asked, Affiliation::National) };
        invitation::add(&mut tx, &asked).await.unwrap();
        let before = later(-2);
        assert_eq!(invitation::sweep(&mut tx, now, before, before).await.unwrap(), 1, "the link of two days ago");
        assert_eq!(invitation::sweep(&mut tx, now, now, before).await.unwrap(), 1, "17");
        assert!(invitation::lookup(&mut tx, id(17)).await.unwrap().is_none());
        let over = invitation::sweep(&mut tx, now, now, now).await.unwrap();
        assert!(over > 5 && invitation::lookup(&mut tx, id(15)).await.unwrap().is_none(), "{over}");

        assert_eq!(people::count_active(&mut tx, party).await.unwrap(), 2);
        assert!(people::contacts(&mut tx, party, 9).await.unwrap().is_empty());
        account::set_contact(&mut tx, dewi, b"sealed").await.unwrap().either_way();
        assert_eq!(people::contacts(&mut tx, party, 9).await.unwrap(), [(dewi, b"sealed".to_vec())]);
        // A notice goes where somebody was told when it was ordered.
        assert!(!account::add_notice(&mut tx, id(21), rina, now).await.unwrap().happened(), "no address is known");
        assert!(account::add_notice(&mut tx, id(22), dewi, now).await.unwrap().happened());
        account::set_contact(&mut tx, dewi, b"another").await.unwrap().either_way();
        assert_eq!(account::notice(&mut tx, id(22)).await.unwrap(), Some((dewi, b"sealed".to_vec())));
        assert_eq!(account::forget_notices(&mut tx, later(-1)).await.unwrap(), 0);
        assert_eq!(account::forget_notices(&mut tx, now).await.unwrap(), 1);
        assert_eq!(account::notice(&mut tx, id(22)).await.unwrap(), None);
        // Whoever may not act is not held as somebody who may.
        assert!(account::hold(&mut tx, dewi).await.unwrap().happened());
        assert!(!account::hold(&mut tx, id(99)).await.unwrap().happened());
        assert!(account::hold_acting(&mut tx, dewi, now).await.unwrap().happened());
        account::set_end(&mut tx, dewi, Some(now)).await.unwrap().either_way();
        assert!(!account::hold_acting(&mut tx, dewi, now).await.unwrap().happened(), "their time is over");
        account::set_end(&mut tx, dewi, None).await.unwrap().either_way();
        account::pause(&mut tx, dewi, now).await.unwrap().either_way();
        assert!(!account::hold_acting(&mut tx, dewi, now).await.unwrap().happened(), "their rights rest");
        account::restore(&mut tx, dewi).await.unwrap().either_way();
        account::set_state(&mut tx, dewi, AccountState::Disabled).await.unwrap().either_way();
        assert!(!account::hold_acting(&mut tx, dewi, now).await.unwrap().happened(), "they were disabled");
        account::set_state(&mut tx, dewi, AccountState::Active).await.unwrap().either_way();
        assert!(!people::stop(&mut tx, dewi, "x", now).await.unwrap().happened(), "an employee");
        assert!(people::stop(&mut tx, rina, "Ponsel dicuri", now).await.unwrap().happened());
        assert!(!people::stop(&mut tx, rina, "x", now).await.unwrap().happened());
        let row = &people::administrators(&mut tx, party).await.unwrap()[0];
        assert_eq!((row.stopped_at, row.stopped_reason.as_deref()), (Some(now), Some("Ponsel dicuri")));
        assert_eq!(people::count_active(&mut tx, party).await.unwrap(), 1);
        account::set_state(&mut tx, rina, AccountState::Active).await.unwrap().either_way();
        assert_eq!(people::administrators(&mut tx, party).await.unwrap()[0].stopped_at, None);
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_by_a_link_has_a_seat_and_takes_the_last_one_once() {
    each_engine(async |context| {
        let (_, party, _) = bank(&context).await;
        let accounts = Accounts::new(context.clone());
        let add = async |post, name: &str| accounts.add(post, name, name, None).await.unwrap().staff_id;
        let rina = add(Post::PartyAdministrator("Bank Uji"), "rina").await;
        let gone =
            [add(Post::RelyingParty("Bank Uji"), "dewi").await, add(Post::RelyingParty("Bank Uji"), "budi").await];
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let like = account::by_id(&mut tx, gone[0]).await.unwrap().unwrap();
        for person in gone {
            account::set_state(&mut tx, person, AccountState::Disabled).await.unwrap().either_way();
        }
        for n in 2..employee::MOST_PEOPLE {
            let mut one = like.clone();
            one.person.staff_id = Uuid::from_u128(n as u128);
            one.person.username = format!("orang{n}");
            account::add(&mut tx, &one, now).await.unwrap();
        }
        // One seat is left.
        assert_eq!(people::count_active(&mut tx, party).await.unwrap(), employee::MOST_PEOPLE - 1);
        let by = employee::Inviter { party, staff_id: rina, now };
        let contact = || Contact { email: Redacted(String::from("a@bank.example")), language: Language::Indonesian };
        employee::renew(&context, &mut tx, by, gone[0], contact()).await.unwrap();
        let full = employee::renew(&context, &mut tx, by, gone[1], contact()).await.unwrap_err();
        assert_eq!(full.code(), Some(Code::TooMany), "the other one's link has the seat");
        employee::require_seat(&mut tx, party, gone[1], now).await.unwrap_err();
        // The same person again, by another link, the same one sent anew, or at once, takes no second seat.
        employee::renew(&context, &mut tx, by, gone[0], contact()).await.unwrap();
        employee::require_seat(&mut tx, party, gone[0], now).await.unwrap();
        let open = employee::open(&mut tx, by, Uuid::max(), 9).await.unwrap();
        employee::resend(&context, &mut tx, by, open[0].invitation_id).await.unwrap();
        // Sent anew it needs the seat that it had: who came meanwhile has it.
        for one in employee::open(&mut tx, by, Uuid::max(), 9).await.unwrap().iter().skip(1) {
            employee::withdraw(&mut tx, by, one.invitation_id).await.unwrap();
        }
        let left = employee::open(&mut tx, by, Uuid::max(), 9).await.unwrap();
        let mut last = like.clone();
        (last.person.staff_id, last.person.username) = (Uuid::from_u128(1), String::from("terakhir"));
        account::add(&mut tx, &last, now).await.unwrap();
        let full = employee::resend(&context, &mut tx, by, left[0].invitation_id).await.unwrap_err();
        assert_eq!(full.code(), Some(Code::TooMany));
    })
    .await;
}

#[tokio::test]
async fn nodes_give_out_exactly_what_a_quota_has() {
    each_engine(async |context| {
        let (parties, party, _) = bank(&context).await;
        parties.set_quota("Bank Uji", Quota { per_minute: None, per_day: Some(300) }).await.unwrap();
        let now = context.now();
        let mut tx = context.db.read().await.unwrap();
        let found = ikd::relying_party::ports::active(&mut tx, party).await.unwrap().unwrap();
        drop(tx);
        let nodes = [Allowance::new(context.clone()), Allowance::new(context.clone())];
        let asked = (0..400).map(|n| nodes[n % 2].take(&found, now));
        let given = futures_util::future::join_all(asked).await;
        assert_eq!(given.iter().filter(|one| one.is_ok()).count(), 300);
        nodes[0].refund(&found, now).await;
        assert!(nodes[0].take(&found, now).await.is_ok() && nodes[0].take(&found, now).await.is_err());

        let mut tx = context.db.write().await.unwrap();
        let day = (party, Span::Day);
        let number = Span::Day.number(now);
        assert_eq!(quota::taken(&mut tx, party, Span::Day, number).await.unwrap(), 300);
        assert_eq!(quota::taken(&mut tx, party, Span::Minute, number).await.unwrap(), 0);
        assert_eq!(quota::take(&mut tx, day, number, (1, 300)).await.unwrap(), None);
        assert_eq!(quota::take(&mut tx, day, number, (4, 302)).await.unwrap(), Some((number, 304)), "more was agreed");
        assert_eq!(quota::take(&mut tx, day, number + 1, (5, 300)).await.unwrap(), Some((number + 1, 5)));
        // A node whose clock is behind takes from the day that has begun.
        assert_eq!(quota::take(&mut tx, day, number, (5, 300)).await.unwrap(), Some((number + 1, 10)));
        assert_eq!(quota::taken(&mut tx, party, Span::Day, number).await.unwrap(), 0);
        let other = Quota { per_minute: Some(7), per_day: None };
        assert!(quota::set(&mut tx, party, other).await.unwrap().happened());
        assert!(!quota::set(&mut tx, Uuid::nil(), other).await.unwrap().happened());
        assert_eq!(store::party(&mut tx, party).await.unwrap().unwrap().quota(), other);
    })
    .await;
}

#[tokio::test]
async fn a_webhook_is_held_by_one_and_what_it_took_is_gone() {
    each_engine(async |context| {
        let (_, party, _) = bank(&context).await;
        let now = context.now();
        let later = |seconds| now.plus_seconds(seconds);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let message = |n: u128| Uuid::from_u128(n);
        let mut tx = context.db.write().await.unwrap();
        assert!(!hook::enqueue(&mut tx, party, message(1), "{}", now).await.unwrap().happened(), "there is none");
        hook::set(&mut tx, party, b"first", now).await.unwrap();
        assert!(!hook::enqueue(&mut tx, party, message(1), "{}", now).await.unwrap().happened(), "it has not answered");
        assert!(!hook::verified(&mut tx, party, 9).await.unwrap().happened(), "another address");
        assert!(hook::verified(&mut tx, party, 1).await.unwrap().happened());
        assert!(!hook::verified(&mut tx, party, 1).await.unwrap().happened());
        assert!(hook::due(&mut tx, now, 9).await.unwrap().is_empty(), "nothing waits");
        for n in [3, 2] {
            assert!(hook::enqueue(&mut tx, party, message(n), "{}", now).await.unwrap().happened());
        }
        assert_eq!(hook::due(&mut tx, now, 9).await.unwrap(), [party]);
        assert!(hook::due(&mut tx, later(-1), 9).await.unwrap().is_empty());
        assert_eq!(
            (hook::waiting(&mut tx, party, 9).await.unwrap(), hook::waiting(&mut tx, party, 1).await.unwrap()),
            (2, 1)
        );
        assert_eq!(hook::next(&mut tx, party, 1).await.unwrap()[0].message_id, message(2), "the oldest first");

        assert!(hook::lease(&mut tx, party, one, later(60), now).await.unwrap().happened());
        assert!(!hook::lease(&mut tx, party, other, later(60), now).await.unwrap().happened());
        assert!(hook::due(&mut tx, now, 9).await.unwrap().is_empty());
        assert!(!hook::delivered(&mut tx, party, other, message(2), now).await.unwrap().happened(), "another's lease");
        assert!(hook::delivered(&mut tx, party, one, message(2), now).await.unwrap().happened());
        assert_eq!(hook::waiting(&mut tx, party, 9).await.unwrap(), 1);
        assert!(!hook::failed(&mut tx, (party, other), Fault::Tls, now, later(9)).await.unwrap().happened());
        assert!(hook::failed(&mut tx, (party, one), Fault::Tls, now, later(9)).await.unwrap().happened());
        let row = hook::lookup(&mut tx, party).await.unwrap().unwrap();
        assert_eq!(
            (row.failures, row.fault, row.failing_since, row.delivered_at),
            (1, Some(Fault::Tls), Some(now), Some(now))
        );
        assert!(hook::due(&mut tx, later(8), 9).await.unwrap().is_empty());

        // A dead node's lease runs out; who comes back late notes nothing.
        assert!(hook::lease(&mut tx, party, one, later(20), later(9)).await.unwrap().happened());
        assert!(hook::lease(&mut tx, party, other, later(99), later(20)).await.unwrap().happened());
        assert!(!hook::release(&mut tx, party, one).await.unwrap().happened());
        assert!(hook::failed(&mut tx, (party, other), Fault::Refused, later(21), later(30)).await.unwrap().happened());
        let row = hook::lookup(&mut tx, party).await.unwrap().unwrap();
        assert_eq!((row.failures, row.failing_since), (2, Some(now)), "since the first");
        assert!(hook::lease(&mut tx, party, one, later(99), later(30)).await.unwrap().happened());
        assert!(hook::release(&mut tx, party, one).await.unwrap().happened());
        assert!(hook::lease(&mut tx, party, one, later(99), later(30)).await.unwrap().happened());
        assert!(hook::stop(&mut tx, (party, one), Fault::Gone, later(31)).await.unwrap().happened());
        assert_eq!(hook::lookup(&mut tx, party).await.unwrap().unwrap().state, State::Stopped);
        assert!(!hook::stop(&mut tx, (party, one), Fault::Gone, later(31)).await.unwrap().happened());
        assert_eq!(hook::forget(&mut tx, party).await.unwrap(), 1);

        // Set anew while somebody held it: their word counts no more.
        hook::set(&mut tx, party, b"second", later(40)).await.unwrap();
        let row = hook::lookup(&mut tx, party).await.unwrap().unwrap();
        assert_eq!((row.state, row.revision, row.failures, row.delivered_at), (State::Unverified, 2, 0, None));
        assert!(hook::remove(&mut tx, party).await.unwrap().happened());
        assert!(!hook::remove(&mut tx, party).await.unwrap().happened());
    })
    .await;
}
