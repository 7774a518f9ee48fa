//! Nothing is a dead end: whatever something has come to, somebody takes it further from there, and does so here. The states of each
//! domain are matched one by one: a new one does not compile before it has a way on.

use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::device::Purpose;
use ikd::register::LocalRegister;
use ikd::register::service::Switch;
use ikd::register::{Nationality, RegisterRecord};
use ikd::staff::Realm;
use ikd::{annulment, card, contact, correction, departure, dispute, recovery, registration, transfer, walk_in};
use serde_json::{Value, json};
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, pin_key};

const WORDS: &str = "Wajah dan KTP-el cocok";

async fn officer(world: &World) -> Officer {
    world.officer(&format!("petugas-{}", world.number()), OFFICE).await
}

async fn supervisor(world: &World) -> Officer {
    world.supervisor(&format!("penyelia-{}", world.number()), OFFICE).await
}

/// Registers the same person from the same phone again.
async fn anew(world: &World, ended: Applicant) -> Applicant {
    let email = format!("lagi{}@example.id", world.number());
    let applicant = world.waiting_from(ended.client, &ended.record, &email).await;
    assert_eq!(world.state(&applicant).await, "awaiting_officer");
    applicant
}

async fn switch(world: &World, to: Switch) {
    LocalRegister::new(world.context.clone()).set_switch(to).await.unwrap();
}

/// A registration that has come to a state.
async fn registration_in(world: &World, number: usize, state: registration::State) -> Applicant {
    use registration::State as S;
    let person = &world.people[number];
    let desk = officer(world).await;
    match state {
        S::NeedsSelfie => world.register(person).await,
        S::AwaitingOfficer => world.waiting(person).await,
        S::NeedsCorrection | S::Rejected => {
            let applicant = world.waiting(person).await;
            world.scan(&desk, &applicant).await.expect(200);
            let returned = json!({"to": "data", "reason": WORDS});
            let (act, body) = match state {
                S::Rejected => ("rejection", json!({"reason": WORDS})),
                _ => ("return", returned),
            };
            world.decide(&desk, &applicant, act, &body).await.expect(200);
            applicant
        }
        S::ApprovedPendingRegister => {
            switch(world, Switch::Closed).await;
            let applicant = world.waiting(person).await;
            world.scan(&desk, &applicant).await.expect(200);
            world.approve(&desk, &applicant).await.expect(200);
            switch(world, Switch::Open).await;
            applicant
        }
        S::CodeSent | S::NeedsPin => {
            let applicant = world.waiting(person).await;
            world.scan(&desk, &applicant).await.expect(200);
            world.approve(&desk, &applicant).await.expect(200);
            world.app.deliver_mail().await.unwrap();
            if state == S::NeedsPin {
                world.enter(&applicant, &world.code(&applicant)).await.expect(200);
            }
            applicant
        }
        S::Active => {
            let mut applicant = Box::pin(registration_in(world, number, S::CodeSent)).await;
            world.activate(&mut applicant).await;
            applicant
        }
        S::Cancelled => {
            let applicant = world.waiting(person).await;
            applicant.client.delete(&applicant.path("")).await.expect(200);
            applicant
        }
        S::Expired => {
            let applicant = world.waiting(person).await;
            world.later(31 * DAY);
            world.app.registrations.sweep().await.unwrap();
            applicant
        }
    }
}

/// Takes a registration further from where it is; gives what it, or the next one, has become.
async fn registration_goes_on(world: &World, mut applicant: Applicant, state: registration::State) -> Applicant {
    use registration::State as S;
    match state {
        S::NeedsSelfie => world.ready(&applicant).await,
        S::AwaitingOfficer => world.visit(&officer(world).await, &applicant).await,
        S::NeedsCorrection => {
            let path = applicant.path("");
            let body = json!({"full_name": applicant.record.full_name});
            let patch = |request: reqwest::RequestBuilder| request.json(&body);
            let answer = applicant.client.send(reqwest::Method::PATCH, &path, patch).await.expect(200);
            assert_eq!(answer.json["state"], "awaiting_officer");
        }
        S::ApprovedPendingRegister => {
            world.later(world.context.config.register.retry_seconds);
            world.app.registrations.checks.check_due().await.unwrap();
            assert_eq!(world.state(&applicant).await, "code_sent");
        }
        S::CodeSent => {
            // Wrong until nothing more is taken; then another code.
            let code = world.code(&applicant);
            let (first, rest) = code.split_at(1);
            let wrong = format!("{}{rest}", if first == "2" { "3" } else { "2" });
            for _ in 0..5 {
                world.enter(&applicant, &wrong).await;
            }
            world.enter(&applicant, &code).await.expect_problem(410, "code_expired");
            let captcha = json!({"captcha": applicant.client.captcha().await});
            applicant.client.post(&applicant.path("/activation-code/resend"), &captcha).await.expect(202);
            world.later(1);
            world.app.deliver_mail().await.unwrap();
            world.activate(&mut applicant).await;
        }
        S::NeedsPin => {
            let id = applicant.id.clone();
            applicant.client.enrol(&id, pin_key(&applicant.record)).await.expect(201);
        }
        S::Active => drop(applicant.client.unlock().await.expect(200)),
        S::Rejected | S::Expired | S::Cancelled => return anew(world, applicant).await,
    }
    applicant
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_registration_goes_on_or_makes_way_for_another() {
    use registration::State as S;
    const ALL: [S; 10] = [
        S::NeedsSelfie,
        S::AwaitingOfficer,
        S::NeedsCorrection,
        S::ApprovedPendingRegister,
        S::CodeSent,
        S::NeedsPin,
        S::Active,
        S::Rejected,
        S::Expired,
        S::Cancelled,
    ];
    each_engine(async |context| {
        let world = World::open(context).await;
        for state in ALL {
            let applicant = registration_in(&world, 0, state).await;
            assert_eq!(world.state(&applicant).await, state.as_str());
            let further = registration_goes_on(&world, applicant, state).await;
            // So that the next round begins with nothing.
            if world.state(&further).await != "active" {
                further.client.delete(&further.path("")).await.expect(200);
            }
            // Whatever has not ended can be given up by its resident: nobody is held by a step that does not come.
            let given_up = !matches!(state, S::Active | S::Rejected | S::Expired | S::Cancelled);
            if given_up {
                let applicant = registration_in(&world, 1, state).await;
                applicant.client.delete(&applicant.path("")).await.expect(200);
                let another = anew(&world, applicant).await;
                another.client.delete(&another.path("")).await.expect(200);
            }
            end(&world, 0).await;
        }
    })
    .await;
}

/// Puts an end to the digital KTP of a person, if any, so that the next round begins with nothing.
async fn end(world: &World, person: usize) {
    let resident = world.resident_id(&world.people[person]).await;
    if world.count("SELECT COUNT(*) FROM credential WHERE resident_id = $1", resident).await == 1 {
        world.change("UPDATE credential SET state = 'deactivated' WHERE resident_id = $1", resident).await;
    }
    world.later(MINUTE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_that_ended_is_begun_again() {
    use recovery::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        for state in [S::Refused, S::Lapsed, S::Withdrawn, S::Done] {
            let desk = officer(&world).await;
            match state {
                // What has not ended goes on by itself, or lapses.
                S::WaitingForScan | S::AtCounter | S::WaitingForSecondPerson | S::Granted => unreachable!(),
                S::Refused => {
                    let (id, seen) = crate::life::scanned(&holder, &desk).await;
                    let body = json!({"version": seen["version"], "reason": WORDS});
                    desk.post(&format!("/v1/officer/recoveries/{id}/refuse"), &body).await.expect(204);
                }
                S::Lapsed => {
                    crate::life::scanned(&holder, &desk).await;
                    world.later(31 * MINUTE);
                }
                S::Withdrawn => {
                    let (id, _) = crate::life::scanned(&holder, &desk).await;
                    holder.client.delete(&format!("/v1/recoveries/{id}")).await.expect(204);
                }
                S::Done => crate::life::recover(&world, &holder).await,
            }
            crate::life::recover(&world, &holder).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_lapsed_or_is_over_is_made_again() {
    use transfer::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut holder = world.active(&world.people[0]).await;
        let moved = async |holder: Applicant| -> Applicant {
            let (new, id) = crate::transfer::allowed(&world, &holder).await;
            crate::transfer::choose(&new, &id, &pin_key(&holder.record)).await.expect(200);
            new.unlock_with(&pin_key(&holder.record)).await.expect(200);
            Applicant { client: new, ..holder }
        };
        for state in [S::WaitingForScan, S::WaitingForPin, S::Allowed, S::Lapsed, S::Done] {
            world.later(DAY + 1);
            holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
            match state {
                // Left where it is, it lapses after ten minutes, and the old phone goes on.
                S::WaitingForScan => drop(crate::transfer::begin(&world).await),
                S::WaitingForPin => {
                    let (new, id) = crate::transfer::begin(&world).await;
                    crate::transfer::scan(&holder.client, &crate::transfer::token(&new, &id).await).await.expect(200);
                }
                S::Allowed | S::Lapsed => drop(crate::transfer::allowed(&world, &holder).await),
                S::Done => holder = moved(holder).await,
            }
            world.later(DAY + 1);
            holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
            holder = moved(holder).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_address_that_ended_is_asked_for_again() {
    use contact::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = crate::contact::settled(&world).await;
        for state in [S::CodeSent, S::Stopped, S::Lapsed, S::Cooling, S::Done] {
            match state {
                // The wrong address was typed: taken back.
                S::CodeSent => {
                    crate::contact::ask(&holder, "salah@example.id").await.expect(202);
                    holder.client.delete("/v1/me/contact").await.expect(204);
                }
                S::Stopped => {
                    crate::contact::cooling(&world, &holder).await;
                    holder.client.delete("/v1/me/contact").await.expect(204);
                }
                S::Lapsed => {
                    crate::contact::ask(&holder, "lain@example.id").await.expect(202);
                    world.later(DAY);
                    crate::contact::unlock(&holder).await;
                }
                // And is done.
                S::Cooling => {
                    crate::contact::cooling(&world, &holder).await;
                    world.later(DAY);
                    crate::contact::apply(&world).await;
                    // Nothing else moves for three days, and then everything does.
                    world.later(3 * DAY);
                    crate::contact::unlock(&holder).await;
                }
                S::Done => {}
            }
            world.later(DAY);
            crate::contact::unlock(&holder).await;
            crate::contact::ask(&holder, &format!("lagi{}@example.id", world.number())).await.expect(202);
            holder.client.delete("/v1/me/contact").await.expect(204);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_annulment_is_asked_for_again_or_leads_to_the_true_holder() {
    use annulment::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut holder = world.active(&world.people[0]).await;
        for state in [S::Granted, S::Asked, S::Refused, S::Lapsed] {
            let (first, second) =
                (supervisor(&world).await, world.head(&format!("kepala{}", world.number()), OFFICE).await);
            let asked = crate::annulment::ask(&first, &holder).await.expect(201).json;
            match state {
                // Who asked by mistake takes it back.
                S::Asked => drop(crate::annulment::refuse(&first, &asked).await.expect(204)),
                S::Refused => drop(crate::annulment::refuse(&second, &asked).await.expect(204)),
                S::Lapsed => world.later(7 * DAY),
                S::Granted => {
                    crate::annulment::grant(&second, &asked).await.expect(204);
                    crate::annulment::restore_desk(&world, &second).await;
                    holder = world.active(&world.people[0]).await;
                }
            }
        }
        let last = supervisor(&world).await;
        crate::annulment::ask(&last, &holder).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_card_any_more_gets_another() {
    use card::model::{Standing, State as S, VoidReason as V};
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        for state in [S::Prepared, S::Asked, S::Refused, S::Lapsed, S::Granted] {
            let people = crate::card::pair(&world).await;
            match state {
                // Prepared or asked for and left: the half hour ends it.
                S::Prepared | S::Lapsed => {
                    crate::card::prepared(&people.asker, person).await;
                    world.later(31 * MINUTE);
                }
                S::Asked => {
                    crate::card::asked(&world, &people.asker, person).await;
                    world.later(31 * MINUTE);
                }
                S::Refused => {
                    let card = crate::card::asked(&world, &people.asker, person).await;
                    let body = json!({"version": card["version"], "reason": WORDS});
                    people.granter.post(&crate::card::path(&card, "/refuse"), &body).await.expect(204);
                }
                S::Granted => drop(crate::card::issued(&world, &people, person).await),
            }
            let people = crate::card::pair(&world).await;
            crate::card::issued(&world, &people, person).await;
        }
        for reason in [V::Reprinted, V::Lost, V::Returned, V::Phone] {
            let people = crate::card::pair(&world).await;
            let card = crate::card::issued(&world, &people, person).await;
            match reason {
                V::Reprinted => drop(crate::card::issued(&world, &people, person).await),
                V::Lost | V::Returned => {
                    let body = json!({"version": card["version"], "reason": <&str>::from(reason)});
                    people.asker.post(&crate::card::path(&card, "/void"), &body).await.expect(204);
                }
                V::Phone => {
                    world.active(person).await;
                }
            }
            let people = crate::card::pair(&world).await;
            crate::card::issued(&world, &people, person).await;
        }
        for standing in [Standing::Good, Standing::Void, Standing::Expired] {
            match standing {
                // Seen above.
                Standing::Good | Standing::Void => {}
                Standing::Expired => world.later(366 * DAY),
            }
            let people = crate::card::pair(&world).await;
            crate::card::issued(&world, &people, person).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_came_without_the_phone_is_served_in_the_end() {
    use walk_in::model::{Kind, State as S};
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        world.active(person).await;
        for state in [S::Prepared, S::Asked, S::Refused, S::Lapsed, S::Granted] {
            let people = crate::card::pair(&world).await;
            match state {
                // Prepared or asked for and left: the half hour ends it.
                S::Prepared | S::Asked | S::Lapsed => {
                    crate::walk_in::asked(&world, &people.asker, person, "copy").await;
                    world.later(31 * MINUTE);
                }
                S::Refused => {
                    let asked = crate::walk_in::asked(&world, &people.asker, person, "copy").await;
                    let body = json!({"version": asked["version"], "reason": WORDS});
                    people.granter.post(&crate::walk_in::path(&asked, "/refuse"), &body).await.expect(204);
                }
                S::Granted => {
                    let asked = crate::walk_in::asked(&world, &people.asker, person, "copy").await;
                    crate::walk_in::grant(&people.granter, &asked).await.expect(204);
                }
            }
            let people = crate::card::pair(&world).await;
            let again = crate::walk_in::asked(&world, &people.asker, person, "copy").await;
            crate::walk_in::grant(&people.granter, &again).await.expect(204);
        }
        for kind in [Kind::Copy, Kind::Closure, Kind::ConsentWithdrawal] {
            let people = crate::card::pair(&world).await;
            let asked = crate::walk_in::asked(&world, &people.asker, person, kind.into()).await;
            crate::walk_in::grant(&people.granter, &asked).await.expect(204);
            match kind {
                Kind::Copy => {}
                // Who regrets it registers anew, at any time.
                Kind::Closure | Kind::ConsentWithdrawal => {
                    registration_in(&world, 0, registration::State::Active).await;
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_case_follows_one_that_ended() {
    use correction::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let fields = json!(["full_name"]);
        for state in [S::Opened, S::WaitingResident, S::InRegister, S::Refused, S::Lapsed, S::Resolved, S::Withdrawn] {
            let (right, applicant) = crate::correction::misspelt(&world, 0).await;
            let desk = officer(&world).await;
            let opened = crate::correction::open(&applicant, "name_change", &fields).await.expect(201).json;
            let taken =
                crate::correction::take(&desk, right.nik.as_str(), &opened["correction"]).await.expect(200).json;
            match state {
                // The office has it: it passes it on, or says what is missing.
                S::Opened => drop(crate::correction::step(&desk, &taken, "passing").await.expect(200)),
                S::WaitingResident => {
                    let back = crate::correction::step(&desk, &taken, "return").await.expect(200).json;
                    crate::correction::step(&desk, &back, "passing").await.expect(200);
                }
                // The register's word ends it.
                S::InRegister | S::Resolved => {
                    crate::correction::step(&desk, &taken, "passing").await.expect(200);
                    world.put(vec![right.clone()]).await;
                    assert_eq!(crate::correction::case_of(&applicant).await["state"], "resolved");
                    world.put(vec![world.people[0].clone()]).await;
                }
                S::Refused => {
                    crate::correction::step(&desk, &taken, "refusal").await.expect(204);
                    crate::correction::open(&applicant, "name_change", &fields).await.expect(201);
                }
                S::Withdrawn => {
                    applicant.client.delete(&applicant.path("/correction")).await.expect(200);
                    crate::correction::open(&applicant, "name_change", &fields).await.expect(201);
                }
                S::Lapsed => {
                    world.later(90 * DAY);
                    crate::correction::sweep(&world).await;
                    let again = anew(&world, applicant).await;
                    crate::correction::open(&again, "name_change", &fields).await.expect(201);
                    world.later(31 * DAY);
                    continue;
                }
            }
            // Three in thirty days for each NIK.
            applicant.client.delete(&applicant.path("")).await.expect(200);
            world.later(31 * DAY);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_that_ended_leaves_the_holder_a_way() {
    use dispute::model::{Ending, State as S};
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        for state in [S::Opened, S::AskedParty, S::Answered, S::Closed] {
            world.later(DAY);
            holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
            let check = crate::dispute::check(&world, &holder).await;
            let id = crate::dispute::dispute(&holder, &check).await.expect(201).text("dispute_id");
            let aside = format!("/v1/me/disputes/{id}");
            match state {
                // Asked at once, or when the party is back; taken back and said again.
                S::Opened | S::AskedParty => {
                    holder.client.delete(&aside).await.expect(204);
                    let again = crate::dispute::dispute(&holder, &check).await.expect(201);
                    assert_eq!(again.text("state"), "asked_party");
                }
                S::Answered => {
                    crate::dispute::answer(&world, &world.api_key, &id, "misused", "Ada penyalahgunaan")
                        .await
                        .expect(200);
                    holder.client.delete(&aside).await.expect(204);
                }
                S::Closed => {}
            }
        }
        for ending in [Ending::Withdrawn, Ending::Unanswered, Ending::Read] {
            match ending {
                Ending::Withdrawn => {}
                // Whoever is left without an answer, or does not believe it, blocks on the phone or comes to a counter.
                Ending::Unanswered | Ending::Read => {
                    crate::life::recover(&world, &holder).await;
                    holder.client.post("/v1/me/block", &Value::Null).await.expect(200);
                    crate::life::recover(&world, &holder).await;
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_second_person_did_not_grant_is_asked_for_again() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut body = world.registration(&world.people[0], "");
        body["no_email"] = true.into();
        let mut applicant = world.register_body(&world.people[0], &body).await;
        world.ready(&applicant).await;
        let request = format!("/v1/officer/registrations/{}", applicant.id);
        for end in ["refused", "lapsed", "asker gone", "granted"] {
            let name = format!("peminta-{}", world.number());
            let (desk, other) = (world.officer(&name, OFFICE).await, supervisor(&world).await);
            world.later(1);
            world.scan(&desk, &applicant).await.expect(200);
            world.decide(&desk, &applicant, "approval/second", &support::world::approval()).await.expect(204);
            let asked = other.get(&format!("{request}/release")).await.expect(200);
            let version = json!({"version": asked.json["version"]});
            match end {
                "refused" => drop(other.post(&format!("{request}/release/refuse"), &version).await.expect(204)),
                "lapsed" => world.later(HOUR),
                "asker gone" => {
                    world.accounts().set_active(Realm::Office, &name, false).await.unwrap();
                    other.post(&format!("{request}/approval/second/grant"), &version).await.expect(404);
                }
                _ => drop(other.post(&format!("{request}/approval/second/grant"), &version).await.expect(200)),
            }
        }
        let id = applicant.id.clone();
        applicant.client.enrol(&id, pin_key(&applicant.record)).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_digital_ktp_is_followed_by_another_on_the_same_phone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for withdraw in [false, true] {
            let holder = world.active(&world.people[0]).await;
            let key = pin_key(&holder.record);
            let (challenge, signature) = holder.client.sign_challenge(&key, Purpose::Change).await;
            let body = json!({"challenge": challenge, "signature": signature, "withdraw_consent": withdraw});
            holder.client.post("/v1/me/closure", &body).await.expect(200);
            // The same phone, with a profile of its own: a device key is of one digital KTP.
            holder
                .client
                .post("/v1/registrations", &world.registration(&world.people[0], "a@example.id"))
                .await
                .expect(409);
            world.active(&world.people[0]).await;
            end(&world, 0).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_address_at_a_counter_is_asked_for_again() {
    use contact::visit::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = crate::contact_visit::settled(&world, 0).await;
        for state in [S::CodeSent, S::WaitingForScan, S::Refused, S::Lapsed, S::Withdrawn, S::Done] {
            world.later(DAY);
            let second = supervisor(&world).await;
            match state {
                // The wrong address, or no code came: taken back.
                S::CodeSent | S::WaitingForScan | S::Withdrawn => {
                    let begun = crate::contact_visit::begin(&holder, "salah@example.id").await.expect(201);
                    let id = begun.text("visit_id");
                    holder.client.delete(&format!("/v1/contact-visits/{id}")).await.expect(204);
                }
                S::Refused => {
                    let (id, seen) = crate::contact_visit::asked(&world, &holder, &second).await;
                    let refusing = crate::contact_visit::words(&seen);
                    second.post(&crate::contact_visit::path(&id, "/refuse"), &refusing).await.expect(204);
                }
                S::AtCounter | S::WaitingForSecondPerson | S::Lapsed => {
                    crate::contact_visit::asked(&world, &holder, &second).await;
                    world.later(31 * MINUTE);
                }
                S::Done => {
                    let (id, seen) = crate::contact_visit::asked(&world, &holder, &second).await;
                    let granting = crate::contact_visit::grant(&seen);
                    second.post(&crate::contact_visit::path(&id, "/grant"), &granting).await.expect(204);
                    world.later(4 * DAY);
                }
            }
            world.later(DAY);
            let again = crate::contact_visit::begin(&holder, "lagi@example.id").await.expect(201).text("visit_id");
            holder.client.delete(&format!("/v1/contact-visits/{again}")).await.expect(204);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_left_comes_back_with_the_register_s_word() {
    use departure::model::State as S;
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        world.active(person).await;
        let left = crate::departure::emigrated(person, Nationality::Foreign);
        world.put(vec![left.clone()]).await;
        for state in [S::Asked, S::Refused, S::Lapsed, S::Granted] {
            let (first, second) = (supervisor(&world).await, supervisor(&world).await);
            let asked = crate::departure::ask(&first, person).await.expect(201).json;
            let refusing = json!({"version": asked["version"], "reason": WORDS});
            let refuse = crate::departure::path(&asked, "/refuse");
            match state {
                S::Asked => drop(first.post(&refuse, &refusing).await.expect(204)),
                S::Refused => drop(second.post(&refuse, &refusing).await.expect(204)),
                S::Lapsed => world.later(7 * DAY),
                S::Granted => {
                    let granting = crate::departure::version(&asked);
                    second.post(&crate::departure::path(&asked, "/grant"), &granting).await.expect(204);
                    // A citizen again, back home: another digital KTP, as for anybody.
                    world.put(vec![RegisterRecord::clone(person)]).await;
                    let mut applicant = world.waiting(person).await;
                    world.visit(&officer(&world).await, &applicant).await;
                    world.activate(&mut applicant).await;
                }
            }
        }
    })
    .await;
}
