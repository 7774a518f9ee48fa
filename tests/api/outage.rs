//! The population register is down while people register and are approved: nobody has to come twice.

use ikd::register::LocalRegister;
use ikd::register::service::Switch;
use serde_json::json;

use support::each_engine;
use support::world::{Applicant, World};

async fn switch(world: &World, switch: Switch) {
    LocalRegister::new(world.context.clone()).set_switch(switch).await.unwrap();
}

/// The register is asked again when the time for it has come.
async fn back(world: &World) {
    switch(world, Switch::Open).await;
    world.later(world.context.config.register.retry_seconds);
    world.app.registrations.checks.check_due().await.unwrap();
    world.app.deliver_mail().await.unwrap();
}

async fn approved_while_closed(world: &World, applicant: &Applicant) {
    let desk = world.desk().await;
    let seen = world.scan(desk, applicant).await.expect(200).json;
    assert_eq!((&seen["check_state"], &seen["register"]), (&json!("pending"), &json!(null)), "says what has not come");
    assert_eq!(seen["has_selfie"], true);
    let approved = world.approve(desk, applicant).await.expect(200);
    assert_eq!(approved.json["state"], "approved_pending_register");
    let status = applicant.client.get(&applicant.path("")).await.expect(200).json;
    assert_eq!((&status["state"], &status["next"]), (&json!("approved_pending_register"), &json!("wait")));
    world.app.registrations.checks.check_due().await.unwrap();
    world.app.deliver_mail().await.unwrap();
    assert_eq!(world.letters_to(&applicant.email), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_during_registration_and_approval_the_resident_is_active_without_a_second_visit() {
    each_engine(async |context| {
        let world = World::open(context).await;
        switch(&world, Switch::Closed).await;
        let mut applicant = world.waiting(&world.people[0]).await;
        approved_while_closed(&world, &applicant).await;
        // An outage of days: nothing is lost.
        world.later(3 * 86_400);
        world.app.registrations.checks.check_due().await.unwrap();
        assert_eq!(world.state(&applicant).await, "approved_pending_register");
        back(&world).await;
        assert_eq!(world.state(&applicant).await, "code_sent");
        world.activate(&mut applicant).await;
        assert_eq!(world.verify(&world.present(&applicant, "basic").await).await, "valid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mismatch_returns_to_the_officer_who_decides_with_the_resident_present() {
    each_engine(async |context| {
        let world = World::open(context).await;
        switch(&world, Switch::Closed).await;
        let person = world.people[0].clone();
        let mut body = world.registration(&person, "warga@example.id");
        body["full_name"] = json!("NAMA KELIRU");
        let mut applicant = world.register_body(&person, &body).await;
        world.ready(&applicant).await;
        approved_while_closed(&world, &applicant).await;
        world.later(3_600);
        back(&world).await;
        assert_eq!(world.state(&applicant).await, "awaiting_officer");
        assert_eq!(world.letters_to("warga@example.id"), 0);

        let desk = world.desk().await;
        desk.post("/v1/officer/sessions/current/resume", &json!({"password": "kuda baterai staples"}))
            .await
            .expect(200);
        let colleague = world.officer("rekan", support::world::OFFICE).await;
        world.approve(&colleague, &applicant).await.expect_problem(409, "scan_required");
        let path = format!("/v1/officer/registrations/{}", applicant.id);
        let hidden = desk.get(&path).await.expect(403);
        assert_eq!(hidden.code(), "reason_required", "the resident has been gone for an hour");
        assert_eq!(world.approve(desk, &applicant).await.expect(409).code(), "scan_required", "an hour ago");
        let seen = world.scan(desk, &applicant).await.expect(200).json;
        assert_eq!((&seen["check_result"], &seen["may_decide"]), (&json!("differs"), &json!(true)));
        assert_eq!(world.approve(desk, &applicant).await.expect(200).json["state"], "code_sent");
        world.app.deliver_mail().await.unwrap();
        world.activate(&mut applicant).await;
        let me = applicant.client.get("/v1/me").await.json;
        assert_eq!(me["attributes"]["full_name"], person.full_name.as_str(), "the register's name counts");
    })
    .await;
}

/// Approved while the register was closed; its answer differs, and comes while the resident may still be there.
async fn sent_back(world: &World) -> Applicant {
    switch(world, Switch::Closed).await;
    let person = world.people[0].clone();
    let mut body = world.registration(&person, "warga@example.id");
    body["full_name"] = json!("NAMA KELIRU");
    let applicant = world.register_body(&person, &body).await;
    world.ready(&applicant).await;
    approved_while_closed(world, &applicant).await;
    back(world).await;
    assert_eq!(world.state(&applicant).await, "awaiting_officer");
    applicant
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_register_sent_back_needs_no_second_scan_while_nothing_changed() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = sent_back(&world).await;
        assert_eq!(world.approve(world.desk().await, &applicant).await.expect(200).json["state"], "code_sent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_ends_with_a_new_selfie_another_address_a_return_and_half_an_hour() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = sent_back(&world).await;
        let desk = world.desk().await;
        let gone = async |why: &str| {
            assert_eq!(world.approve(desk, &applicant).await.expect(409).code(), "scan_required", "{why}");
            world.later(1);
            world.scan(desk, &applicant).await.expect(200);
        };
        world.selfie(&applicant, "image/jpeg", support::world::portrait_bytes()).await.expect(200);
        gone("another selfie").await;
        for change in [json!({"email": "lain@example.id"}), json!({"phone": "0813 0000 1111"})] {
            let patch = |request: reqwest::RequestBuilder| request.json(&change);
            applicant.client.send(reqwest::Method::PATCH, &applicant.path(""), patch).await.expect(200);
            gone("other data").await;
        }
        let back = json!({"to": "selfie", "reason": "Wajah tidak terlihat", "release": []});
        world.decide(desk, &applicant, "return", &back).await.expect(200);
        world.ready(&applicant).await;
        gone("returned").await;
        world.later(1_801);
        desk.post("/v1/officer/sessions/current/resume", &json!({"password": "kuda baterai staples"}))
            .await
            .expect(200);
        gone("half an hour").await;
        let elsewhere = world.officer("rekan", support::world::OFFICE).await;
        world.later(1);
        world.scan(&elsewhere, &applicant).await.expect(200);
        gone("another officer has the person").await;
        world.approve(desk, &applicant).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_and_active_people_approved_in_an_outage_return_to_the_officer() {
    each_engine(async |context| {
        let world = World::open(context).await;
        world.active(&world.people[0]).await;
        let today = ikd::register::Date::parse("2026-11-21").unwrap();
        let unknown = world.somebody(500_000, |record| record.eligible_on(today));
        switch(&world, Switch::Closed).await;
        let (again, nobody) = (world.waiting(&world.people[0]).await, world.waiting(&unknown).await);
        for applicant in [&again, &nobody] {
            approved_while_closed(&world, applicant).await;
        }
        back(&world).await;
        for (applicant, code) in [(&again, "already_active"), (&nobody, "wrong_state")] {
            assert_eq!(world.state(applicant).await, "awaiting_officer");
            // Only what the officer saw can be decided: the register's answer came after the first look.
            let desk = world.desk().await;
            desk.get(&format!("/v1/officer/registrations/{}", applicant.id)).await.expect(200);
            assert_eq!(world.approve(desk, applicant).await.expect(409).code(), code);
            assert_eq!(world.letters_to(&applicant.email), 0);
        }
    })
    .await;
}
