//! Status lists over HTTP: an offline QR names a place, and whatever stops the digital KTP is seen there.

use ikd_token::status::{CWT_TYPE, JWT_TYPE, ListClaims, StatusReference, read};
use ikd_token::{Body, JwkSet, Status, TokenKind, verify};
use serde_json::json;

use crate::life::recover;
use support::each_engine;
use support::world::{Applicant, World};

/// Where the status of a new offline QR of this holder stands.
async fn reference(world: &World, holder: &Applicant) -> StatusReference {
    let body = json!({"share": ["full_name"], "offline": true});
    let token = holder.client.post("/v1/me/presentations", &body).await.expect(200).text("token");
    let (issuer, now) = (&world.context.config.service.issuer, world.context.now().seconds());
    let token = verify::check(&token, &[TokenKind::Offline], issuer, &keys(world).await, now).ok().unwrap();
    let Body::Offline { status, .. } = token.claims.body else { panic!("offline") };
    status.expect("a place in a list")
}

async fn keys(world: &World) -> JwkSet {
    serde_json::from_value(world.get("/.well-known/jwks.json").send().await.expect(200).json).unwrap()
}

/// The path of a list at this node.
fn path<'a>(world: &World, uri: &'a str) -> &'a str {
    uri.strip_prefix(world.context.config.service.public_url.trim_end_matches('/')).expect("a list of this service")
}

/// A list in one of its forms, judged with the published keys.
async fn list(world: &World, uri: &str, form: &str) -> ListClaims {
    let answer = world.get(path(world, uri)).header("accept", form).send().await.expect(200);
    assert_eq!(answer.headers["content-type"], form);
    read(&answer.bytes, uri, &keys(world).await, world.context.now().seconds()).unwrap()
}

/// What both forms say of a place.
async fn status(world: &World, at: &StatusReference) -> Status {
    // A node reads anew once a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let (jwt, cwt) = (list(world, &at.uri, JWT_TYPE).await, list(world, &at.uri, CWT_TYPE).await);
    assert_eq!(jwt, cwt);
    jwt.list.get(at.index).expect("a place in the list")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_stops_a_digital_ktp_is_seen_in_the_lists() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (siti, other) = (world.active(&world.people[0]).await, world.active(&world.people[1]).await);
        let (first, second) = (reference(&world, &siti).await, reference(&world, &siti).await);
        let foreign = reference(&world, &other).await;
        assert!(first.uri == second.uri && first.uri == foreign.uri, "one list for many people");
        assert!(first.index != second.index && first.index.abs_diff(second.index) != 1, "places tell no order");
        for at in [&first, &second, &foreign] {
            assert_eq!(status(&world, at).await, Status::Valid);
        }

        siti.client.post("/v1/me/block", &json!({})).await.expect(200);
        for at in [&first, &second] {
            assert_eq!(status(&world, at).await, Status::Invalid);
        }
        assert_eq!(status(&world, &foreign).await, Status::Valid, "nobody else's");

        // Lifted, it gets new places; what was void stays void.
        recover(&world, &siti).await;
        let third = reference(&world, &siti).await;
        assert_eq!(status(&world, &third).await, Status::Valid);
        assert_eq!(status(&world, &first).await, Status::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_named_cached_and_refused_as_the_web_does() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        assert_eq!(world.get("/v1/status-lists").send().await.expect(200).json, json!({"status_lists": []}));
        let at = reference(&world, &holder).await;
        let all = world.get("/v1/status-lists").send().await.expect(200);
        assert_eq!(all.json, json!({"status_lists": [at.uri]}));

        let found = world.get(path(&world, &at.uri)).send().await.expect(200);
        assert_eq!(found.headers["content-type"], JWT_TYPE, "who does not say gets the JWT");
        assert_eq!(found.headers["cache-control"], "public, max-age=60");
        assert_eq!(found.headers["access-control-allow-origin"], "*");
        let claims = read(&found.bytes, &at.uri, &keys(&world).await, world.context.now().seconds()).unwrap();
        assert_eq!((claims.ttl, claims.expires_at - claims.issued_at), (60, 86_400));
        assert!(at.uri.starts_with(&claims.aggregation_uri));
        let tag = found.headers["etag"].to_str().unwrap();
        world.get(path(&world, &at.uri)).header("if-none-match", tag).send().await.expect(304);

        let refused = world.get(path(&world, &at.uri)).header("accept", "text/html").send().await.expect(406);
        assert_eq!(refused.code(), "not_acceptable");
        for none in ["/v1/status-lists/1", "/v1/status-lists/-1", "/v1/status-lists/9223372036854775807"] {
            assert_eq!(world.get(none).send().await.expect(404).code(), "not_found");
        }
        world.get("/v1/status-lists/abc").send().await.expect(404);

        // The next day's tokens are in another list; this one is served a day longer, then neither named nor served.
        world.later(86_400);
        world.get(path(&world, &at.uri)).send().await.expect(200);
        world.later(86_400);
        tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
        world.get(path(&world, &at.uri)).send().await.expect(404);
        world.app.status_lists.sweep().await.unwrap();
        assert_eq!(world.get("/v1/status-lists").send().await.expect(200).json, json!({"status_lists": []}));
    })
    .await;
}
