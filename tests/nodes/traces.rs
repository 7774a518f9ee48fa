//! Traces reach a collector, and its absence harms nobody.

use support::world::World;
use support::{Engine, http, until};

use crate::collector::{Collector, said};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_their_transactions_are_one_trace() {
    let world = World::with_people(Engine::Sqlite, 1).await;
    let collector = Collector::start().await;
    let node = world.node(&[("TRACES__ENDPOINT", &collector.endpoint()), ("TRACES__SAMPLE", "1")]).await;
    let resident = world.waiting(&[&node.base], 0, "jejak@surel.example").await;
    // What strangers say of a trace, and what they call a method, is theirs.
    let theirs = "4bf92f3577b34da6a3ce929d0e0e4736";
    let strange = http()
        .request(reqwest::Method::from_bytes(b"KENARI").unwrap(), format!("{}/v1/offices", node.base))
        .header("traceparent", format!("00-{theirs}-00f067aa0ba902b7-01"));
    assert_eq!(strange.send().await.unwrap().status(), 405);
    drop(resident);
    let spans = until("the requests are traced", 30, async || {
        let spans = collector.spans();
        let come = |name: &str| spans.iter().any(|span| span.name == name);
        (come("POST /v1/registrations") && come("_OTHER /v1/offices")).then_some(spans)
    })
    .await;
    let registered = spans.iter().find(|span| span.name == "POST /v1/registrations").unwrap();
    assert_eq!(said(registered, "http.response.status_code").as_deref(), Some("201"));
    assert_eq!(said(registered, "http.route").as_deref(), Some("/v1/registrations"));
    assert!(registered.end_time_unix_nano > registered.start_time_unix_nano && registered.parent_span_id.is_empty());
    let begun = spans.iter().filter(|span| span.parent_span_id == registered.span_id).collect::<Vec<_>>();
    assert!(
        begun.iter().any(|span| span.trace_id == registered.trace_id && said(span, "db.transaction").is_some()),
        "{begun:?}"
    );
    let refused = spans.iter().find(|span| span.name == "_OTHER /v1/offices").unwrap();
    assert_eq!(said(refused, "error.code").as_deref(), Some("method_not_allowed"));
    let text = collector.text();
    assert!(!text.contains("KENARI"), "a method that is none");
    assert!(
        spans.iter().all(|span| span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect::<String>() != theirs)
    );
    assert!(spans.iter().all(|span| span.events.is_empty()), "logs are no part of traces");
    assert!(spans.iter().any(|span| said(span, "job.name").is_some()), "work in the background");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_the_service_serves_and_says_so_once() {
    let world = World::with_people(Engine::Sqlite, 1).await;
    let gone = Collector::start().await;
    let address = gone.endpoint();
    drop(gone);
    let mut node = world.node(&[("TRACES__ENDPOINT", &address), ("TRACES__SAMPLE", "1")]).await;
    let ask = || http().get(format!("{}/v1/offices", node.base)).send();
    let away = "the collector of traces does not take them";
    until("it is said", 40, async || {
        assert_eq!(ask().await.unwrap().status(), 200);
        node.printed().contains(away).then_some(())
    })
    .await;
    let back = Collector::at(address.trim_start_matches("http://")).await;
    until("it takes traces again", 40, async || {
        assert_eq!(ask().await.unwrap().status(), 200);
        back.spans().iter().any(|span| span.name == "GET /v1/offices").then_some(())
    })
    .await;
    until("that is said too", 10, async || node.printed().contains("takes traces again").then_some(())).await;
    assert_eq!(node.printed().matches(away).count(), 1);
    // What still waits is sent when it ends.
    let before = back.spans().len();
    assert_eq!(ask().await.unwrap().status(), 200);
    node.terminate();
    assert_eq!(node.ended(20).await, Some(0));
    assert!(back.spans().len() > before);
}
