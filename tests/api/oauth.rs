//! Systems of relying parties log in with a key: assertions that hold and those that do not, the tokens that they become, and their ends.
//! Signatures are made by another implementation (ring) than the one that judges them.

use data_encoding::BASE64URL_NOPAD;
use ikd::attribute::AttributeSet;
use ikd::clock::Timestamp;
use ikd::config::{ApiKeys, FeedPublicKey, LastDay};
use ikd::register::Date;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use support::answer::Answer;
use support::record::csv_of;
use support::world::{BANK, World, purpose};
use support::{Engine, both_engines, each_engine};

use crate::partner::{Desk, administrator, administrator_of};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A pair of keys of a system.
enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl Pair {
    fn ed25519(seed: u8) -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn p256() -> Self {
        let (chance, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(kind, &chance).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &chance).unwrap())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    fn jwk(&self) -> Value {
        match self {
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())})
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])})
            }
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed =
            format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
        let signature = match self {
            Self::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", base64url(&signature))
    }
}

/// A system with a registered key.
struct System<'a> {
    world: &'a World,
    pair: Pair,
    registered: Value,
}

impl<'a> System<'a> {
    async fn of(desk: &Desk<'a>, pair: Pair) -> Self {
        let registered = register(desk, &pair.jwk()).await.expect(201).json;
        Self { world: desk.world, pair, registered }
    }

    fn member(&self, name: &str) -> &str {
        self.registered[name].as_str().unwrap()
    }

    fn header(&self) -> Value {
        json!({"alg": self.pair.alg(), "kid": self.member("key_id"), "typ": "JWT"})
    }

    fn claims(&self) -> Value {
        let (now, id) = (self.world.context.now().seconds(), self.member("client_id"));
        json!({"iss": id, "sub": id, "aud": self.member("issuer"), "iat": now, "exp": now + 60, "jti": self.world.key()})
    }

    fn assertion(&self) -> String {
        self.pair.sign(&self.header(), &self.claims())
    }

    async fn token(&self) -> String {
        let answer = ask(self.world, &self.world.base, &self.assertion()).await.expect(200);
        assert_eq!((&answer.json["token_type"], answer.header("cache-control")), (&json!("Bearer"), "no-store"));
        answer.text("access_token")
    }
}

async fn register(desk: &Desk<'_>, jwk: &Value) -> Answer {
    let last_day = Date::in_jakarta(desk.world.context.now()).plus_days(30).unwrap();
    let body = json!({"label": "Inti", "last_day": last_day, "jwk": jwk});
    desk.send(Method::POST, "/v1/partner/public-keys", &body).await
}

/// A form as it is sent; values without characters that would have to be escaped, but for colons, which need not be.
fn form(words: &[(&str, &str)]) -> String {
    words.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

async fn post(world: &World, base: &str, body: String) -> Answer {
    let request = world.request_at(base, Method::POST, "/v1/oauth/token");
    request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await
}

async fn ask(world: &World, base: &str, assertion: &str) -> Answer {
    let words =
        [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    post(world, base, form(&words)).await
}

#[track_caller]
fn refused(answer: &Answer, error: &str, what: &str) {
    assert_eq!((answer.status.as_u16(), &answer.json["error"]), (400, &json!(error)), "{what}: {}", answer.body());
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    // RFC 6749 §5.2: what a description may consist of.
    let description = answer.text("error_description");
    assert!(description.bytes().all(|byte| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\'), "{what}");
}

async fn opens(world: &World, base: &str, token: &str) -> Answer {
    world.bank_at(base, token).get("/v1/annulled-verifications").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registered_key_becomes_a_token_that_ends_with_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (rina, there) = (administrator(&world, "rina").await, world.another_node().await);
        let system = System::of(&rina, Pair::ed25519(7)).await;
        // RFC 7638 §3.1: the required members in this order, without spaces.
        let canonical =
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, system.pair.jwk()["x"].as_str().unwrap());
        let thumbprint = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
        assert_eq!(system.member("thumbprint"), base64url(thumbprint.as_ref()));
        assert_eq!(system.member("issuer"), world.base);
        assert_eq!(system.member("token_endpoint"), format!("{}/v1/oauth/token", world.base));
        let published = world.get("/.well-known/oauth-authorization-server").send().await.expect(200).json;
        assert_eq!(
            (&published["issuer"], &published["token_endpoint"]),
            (&system.registered["issuer"], &system.registered["token_endpoint"])
        );

        // On every node, beside the API key, for as long as it says.
        let token = system.token().await;
        for base in [&world.base, &there] {
            opens(&world, base, &token).await.expect(200);
            opens(&world, base, &world.api_key).await.expect(200);
        }
        world.app.relying_parties.authentication().note_uses().await.unwrap();
        let listed = rina.get("/v1/partner/keys").await.expect(200).json;
        let kinds: Vec<_> = listed["items"].as_array().unwrap().iter().map(|key| key["kind"].clone()).collect();
        assert_eq!(kinds, ["api_key", "public_key"]);
        assert_eq!(
            listed["items"][1]["last_used_at"],
            json!(world.context.now()),
            "its uses are noted as an API key's"
        );
        // It is the same party, whose question is answered, and it opens no sandbox.
        let asked = world.bank_at(&world.base, &token).verify("X", "open_account", &world.key()).await;
        assert_eq!(asked.expect(200).verdict(), "malformed");
        let sandbox = world.bank_at(&format!("{}/sandbox", world.base), &token);
        sandbox.verify("X", "open_account", "one").await.expect_problem(401, "api_key_invalid");
        world.later(15 * 60 - 1);
        opens(&world, &there, &token).await.expect(200);
        world.later(1);
        let over = opens(&world, &there, &token).await.expect_problem(401, "api_key_invalid");
        assert!(over.text("detail").contains("/v1/oauth/token"), "what to do");

        // The next key takes over, of the other kind; a third has no room, and no key comes back.
        let next = System::of(&rina, Pair::p256()).await;
        register(&rina, &Pair::ed25519(8).jwk()).await.expect_problem(409, "wrong_state");
        let (old, new) = (system.token().await, next.token().await);
        for token in [&old, &new] {
            opens(&world, &world.base, token).await.expect(200);
        }
        let path = format!("/v1/partner/keys/{}", system.member("key_id"));
        for _ in 0..2 {
            rina.send(Method::DELETE, &path, &Value::Null).await.expect(204);
            opens(&world, &world.base, &old).await.expect_problem(401, "api_key_invalid");
        }
        // A node that has not seen the key asks at once; one that has, within a second.
        opens(&world, &world.another_node().await, &old).await.expect_problem(401, "api_key_invalid");
        refused(&ask(&world, &world.base, &system.assertion()).await, "invalid_client", "a revoked key");
        let again = register(&rina, &system.pair.jwk()).await.expect_problem(422, "invalid_field");
        assert_eq!(again.json["fields"][0]["field"], "jwk");
        opens(&world, &world.base, &new).await.expect(200);

        // A party that is suspended gets none, and its tokens open nothing.
        world.app.relying_parties.suspend(BANK, "Uji").await.unwrap();
        refused(&ask(&world, &world.base, &next.assertion()).await, "invalid_client", "a suspended party");
        opens(&world, &world.another_node().await, &new).await.expect_problem(401, "api_key_invalid");
    })
    .await;
}

/// Assertions of a system, each wrong in one thing.
fn wrong_ones(system: &System<'_>, other: &System<'_>) -> Vec<(&'static str, &'static str, String)> {
    let now = system.world.context.now().seconds();
    let claims = |name: &str, value: Value| {
        let mut claims = system.claims();
        claims[name] = value;
        system.pair.sign(&system.header(), &claims)
    };
    let without = |name: &str| {
        let mut claims = system.claims();
        claims.as_object_mut().unwrap().remove(name);
        system.pair.sign(&system.header(), &claims)
    };
    let header = |name: &str, value: Value| {
        let mut header = system.header();
        header[name] = value;
        system.pair.sign(&header, &system.claims())
    };
    let good = system.assertion();
    let (rest, _) = good.rsplit_once('.').unwrap();
    // HMAC under the public key, as libraries were once talked into (RFC 8725 §2.1).
    let public = system.pair.jwk().to_string();
    let mut hmac_header = system.header();
    hmac_header["alg"] = json!("HS256");
    let signed = format!("{}.{}", base64url(hmac_header.to_string().as_bytes()), good.split('.').nth(1).unwrap());
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
    let hmac = format!("{signed}.{}", base64url(ring::hmac::sign(&key, signed.as_bytes()).as_ref()));
    let mut none_header = system.header();
    none_header["alg"] = json!("none");
    let none = format!("{}.{}.", base64url(none_header.to_string().as_bytes()), rest.split_once('.').unwrap().1);
    let issuer = json!(system.member("issuer"));
    vec![
        ("another iss", "iss and sub", claims("iss", json!(other.member("client_id")))),
        ("another sub", "iss and sub", claims("sub", json!(other.member("client_id")))),
        ("the key's id as sub", "iss and sub", claims("sub", json!(system.member("key_id")))),
        ("another aud", "aud", claims("aud", json!("https://bank.example"))),
        ("the token endpoint as aud", "aud", claims("aud", json!(system.member("token_endpoint")))),
        ("a list of auds", "aud", claims("aud", json!([issuer, "https://bank.example"]))),
        ("a list of one aud", "aud", claims("aud", json!([issuer]))),
        ("over", "exp is over", claims("exp", json!(now - 10))),
        ("too long", "exp is more", claims("exp", json!(now + 311))),
        ("endless", "exp is more", claims("exp", json!(1e300))),
        ("to come (nbf)", "nbf or iat", claims("nbf", json!(now + 11))),
        ("to come (iat)", "nbf or iat", claims("iat", json!(now + 11))),
        ("an empty jti", "jti is", claims("jti", json!(""))),
        ("a long jti", "jti is", claims("jti", json!("j".repeat(257)))),
        ("no jti", "client_assertion is no", without("jti")),
        ("no exp", "client_assertion is no", without("exp")),
        ("no aud", "client_assertion is no", without("aud")),
        ("no sub", "client_assertion is no", without("sub")),
        ("no kid", "client_assertion is no", header("kid", Value::Null)),
        ("an unknown kid", "kid names", header("kid", json!("0192f0c1-0000-7000-8000-000000000000"))),
        ("another party's kid", "kid names", header("kid", json!(other.member("key_id")))),
        ("another algorithm", "kid names", header("alg", json!("ES256"))),
        ("alg none", "kid names", none),
        ("an HMAC", "kid names", hmac),
        ("another typ", "the header's typ", header("typ", json!("dpop+jwt"))),
        ("crit", "the header's typ", header("crit", json!(["b64"]))),
        ("another key's signature", "kid names", Pair::ed25519(99).sign(&system.header(), &system.claims())),
        ("no signature", "kid names", format!("{rest}.")),
        ("a key of another party, with this party's name", "iss and sub", {
            let mut header = other.header();
            header["alg"] = json!(other.pair.alg());
            other.pair.sign(&header, &system.claims())
        }),
        ("huge", "client_assertion is no", claims("more", json!("x".repeat(4_000)))),
        ("no assertion at all", "client_assertion is no", String::from("x")),
        ("four parts", "kid names", format!("{good}.x")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_that_is_wrong_in_one_thing_is_refused() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let system = System::of(&administrator(&world, "rina").await, Pair::ed25519(7)).await;
        world.app.relying_parties.add("Toko", AttributeSet::FULL, &[purpose("age_check")]).await.unwrap();
        let other = System::of(&administrator_of(&world, "Toko", "tono").await, Pair::p256()).await;
        for place in 0..wrong_ones(&system, &other).len() {
            // Made anew each time: an assertion counts for a minute, and each has to be refused for what is wrong with it.
            let (what, said, assertion) = wrong_ones(&system, &other).swap_remove(place);
            let answer = ask(&world, &world.base, &assertion).await;
            refused(&answer, "invalid_client", what);
            assert!(answer.text("error_description").starts_with(said), "{what}: {}", answer.body());
            // An address has thirty wrong ones, and then one in ten seconds.
            world.later(10);
        }
        // What is at the edge holds, and both names of Ed25519; and a signature of P-256 in either of its two spellings.
        let now = world.context.now().seconds();
        for (name, value) in [("exp", now + 310), ("exp", now - 9), ("nbf", now + 10), ("iat", now + 10)] {
            let mut claims = system.claims();
            claims[name] = json!(value);
            ask(&world, &world.base, &system.pair.sign(&system.header(), &claims)).await.expect(200);
        }
        let mut header = system.header();
        (header["alg"], header["typ"]) = (json!("Ed25519"), json!("client-authentication+jwt"));
        ask(&world, &world.base, &system.pair.sign(&header, &system.claims())).await.expect(200);
        for _ in 0..8 {
            // Of eight, the larger s is in all or none with a chance of 1 in 128; each has to hold.
            ask(&world, &world.base, &other.assertion()).await.expect(200);
        }

        // The form around it.
        let good = system.assertion();
        let words =
            [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &good)];
        let with = |more: &[(&str, &str)]| form(&[&words[..], more].concat());
        let but = |name: &str, value: &str| {
            form(&words.map(|(known, before)| (known, if known == name { value } else { before })))
        };
        for (what, body, error) in [
            ("another grant", but("grant_type", "authorization_code"), "unsupported_grant_type"),
            ("no grant", form(&words[1..]), "invalid_request"),
            (
                "another type",
                but("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
                "invalid_request",
            ),
            ("no assertion", form(&words[..2]), "invalid_request"),
            ("twice", with(&[("client_assertion", "x")]), "invalid_request"),
            ("a scope", with(&[("scope", "all")]), "invalid_scope"),
            ("a secret too", with(&[("client_secret", "x")]), "invalid_request"),
            ("another client_id beside it", with(&[("client_id", other.member("client_id"))]), "invalid_client"),
        ] {
            refused(&post(&world, &world.base, body).await, error, what);
        }
        let json = world.post("/v1/oauth/token").json(&json!({"grant_type": "client_credentials"})).send().await;
        json.expect_problem(415, "unsupported_media_type");
        post(&world, &world.base, with(&[("more", &"x".repeat(9_000))])).await.expect_problem(413, "too_large");
        // None of these used it up; now it works once, here and elsewhere.
        post(&world, &world.base, with(&[("client_id", system.member("client_id")), ("resource", "x")]))
            .await
            .expect(200);
        for base in [&world.base, &world.another_node().await] {
            refused(&ask(&world, base, &good).await, "invalid_client", "used before");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_assertion_at_two_nodes_one_is_answered() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let system = System::of(&administrator(&world, "rina").await, Pair::ed25519(7)).await;
        let there = world.another_node().await;
        for _ in 0..4 {
            let assertion = system.assertion();
            let (one, two, three) = tokio::join!(
                ask(&world, &world.base, &assertion),
                ask(&world, &there, &assertion),
                ask(&world, &there, &assertion)
            );
            let good = [&one, &two, &three].into_iter().filter(|answer| answer.status == 200).count();
            assert_eq!(good, 1, "{} {} {}", one.status, two.status, three.status);
        }
        // It is forgotten when it cannot count any more, and not before.
        let now = world.context.now();
        assert_eq!(ikd::oauth::service::sweep(&world.context).await.unwrap(), 0);
        world.later(60 + 10 + 59);
        assert_eq!(ikd::oauth::service::sweep(&world.context).await.unwrap(), 0);
        world.later(1);
        assert_eq!(ikd::oauth::service::sweep(&world.context).await.unwrap(), 4, "since {}", now.to_rfc3339());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_gets_sixty_tokens_a_minute_and_a_wrong_assertion_costs_turns() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let system = System::of(&administrator(&world, "rina").await, Pair::ed25519(7)).await;
        for _ in 0..60 {
            system.token().await;
        }
        let assertion = system.assertion();
        let full = ask(&world, &world.base, &assertion).await.expect_problem(429, "too_many");
        assert!(full.retry_after.is_some_and(|seconds| seconds <= 60));
        // What was refused for that was not used up.
        world.later(60);
        ask(&world, &world.base, &assertion).await.expect(200);

        for _ in 0..30 {
            refused(&ask(&world, &world.base, "x").await, "invalid_client", "a wrong one");
        }
        ask(&world, &world.base, "x").await.expect_problem(429, "too_many");
        system.token().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_their_last_day_api_keys_open_nothing_and_registered_keys_go_on() {
    both_engines(async |context| {
        let last = Date::in_jakarta(context.now());
        let until = ApiKeys::try_from(last.to_string()).unwrap();
        let world = World::open_with(context, |config| config.relying_party.api_keys = until).await;
        let rina = administrator(&world, "rina").await;
        let system = System::of(&rina, Pair::p256()).await;
        opens(&world, &world.base, &world.api_key).await.expect(200);
        let listed = rina.get("/v1/partner/keys").await.expect(200).json;
        assert_eq!((&listed["api_keys_taken"], &listed["api_keys_until"]), (&json!(true), &json!(last)));
        let test = json!({"label": "CI", "last_day": last.plus_days(9)});
        rina.send(Method::POST, "/v1/partner/test-keys", &test).await.expect(201);

        let end: Timestamp = last.plus_days(1).unwrap().midnight();
        world.later(end.seconds_since(world.context.now()) + 1);
        assert!(world.context.now() >= end);
        let closed = opens(&world, &world.base, &world.api_key).await.expect_problem(401, "api_key_invalid");
        assert!(closed.text("detail").contains("kunci publik"), "what to do");
        opens(&world, &world.base, &system.token().await).await.expect(200);
        let rina = administrator(&world, "rina-2").await;
        let body = json!({"label": "Kasir", "last_day": last.plus_days(9)});
        rina.send(Method::POST, "/v1/partner/keys", &body).await.expect_problem(409, "wrong_state");
        let listed = rina.get("/v1/partner/keys").await.expect(200).json;
        assert_eq!((&listed["api_keys_taken"], &listed["api_keys_until"]), (&json!(false), &Value::Null));
        register(&rina, &Pair::p256().jwk()).await.expect(201);
        // Nor does an operator make one; a party without a key can be registered.
        let parties = &world.app.relying_parties;
        assert!(parties.add_key(BANK).await.is_err());
        let purposes = [purpose("age_check")];
        assert!(parties.add("Toko", AttributeSet::AGE, &purposes).await.is_err());
        parties.add_without_key("Toko", AttributeSet::AGE, &purposes).await.unwrap();
        let (_, key_id) = parties.register_key("Toko", &Pair::ed25519(3).jwk(), Some("Inti"), None).await.unwrap();
        parties.revoke_key(key_id).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_public_key_is_not_registered() {
    let world = World::on(Engine::Sqlite).await;
    let rina = administrator(&world, "rina").await;
    let good = Pair::ed25519(7).jwk();
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    for jwk in [
        json!("x"),
        json!(7),
        json!({}),
        json!([good]),
        with("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
        with("use", json!("enc")),
        with("alg", json!("ES256")),
        with("crv", json!("X25519")),
        with("x", json!("AAAA")),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "oct", "k": "AAAA"}),
        json!({"keys": [good, Pair::ed25519(8).jwk()]}),
    ] {
        let refused = register(&rina, &jwk).await.expect_problem(422, "invalid_field");
        assert_eq!(refused.json["fields"][0]["field"], "jwk", "{jwk}");
    }
    register(&rina, &json!({"keys": [good]})).await.expect(201);
    // Whoever has no key of this kind is no administrator of another party's.
    world.app.relying_parties.add("Toko", AttributeSet::AGE, &[purpose("age_check")]).await.unwrap();
    let tono = administrator_of(&world, "Toko", "tono").await;
    register(&tono, &good).await.expect_problem(422, "invalid_field");
    let teller = Desk { world: &world, cookie: world.teller("tari").await };
    register(&teller, &Pair::ed25519(9).jwk()).await.expect_problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_has_keys_and_tokens_of_its_own() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let rina = administrator(&world, "rina").await;
        let (pair, sandbox) = (Pair::ed25519(7), format!("{}/sandbox", world.base));
        let last_day = Date::in_jakarta(world.context.now()).plus_days(30).unwrap();
        let body = json!({"label": "CI", "last_day": last_day, "jwk": pair.jwk()});
        let registered = rina.send(Method::POST, "/v1/partner/test-public-keys", &body).await.expect(201).json;
        rina.send(Method::POST, "/v1/partner/test-public-keys", &body).await.expect_problem(422, "invalid_field");
        let system = System { world: &world, pair, registered };
        assert_eq!(system.member("issuer"), sandbox);
        let published = world.get("/.well-known/oauth-authorization-server/sandbox").send().await.expect(200).json;
        assert_eq!(published["token_endpoint"], system.registered["token_endpoint"]);
        refused(&ask(&world, &world.base, &system.assertion()).await, "invalid_client", "a test key outside");
        let token = ask(&world, &sandbox, &system.assertion()).await.expect(200).text("access_token");
        let asked = async |token: &str| {
            let request = world.request_at(&sandbox, Method::POST, "/v1/presentations").bearer(token);
            request.json(&json!({"person": "siti"})).send().await
        };
        asked(&token).await.expect(200);
        opens(&world, &world.base, &token).await.expect_problem(401, "api_key_invalid");
        world.later(15 * 60);
        let over = asked(&token).await.expect_problem(401, "api_key_invalid");
        assert!(over.text("detail").contains("/sandbox/v1/oauth/token"), "what to do");
        let token = ask(&world, &sandbox, &system.assertion()).await.expect(200).text("access_token");
        let path = format!("/v1/partner/test-keys/{}", system.member("key_id"));
        let rina = administrator(&world, "rina-2").await;
        rina.send(Method::DELETE, &path, &Value::Null).await.expect(204);
        asked(&token).await.expect_problem(401, "api_key_invalid");
        refused(&ask(&world, &sandbox, &system.assertion()).await, "invalid_client", "a revoked test key");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_register_s_side_logs_in_with_a_configured_key() {
    both_engines(async |context| {
        let (pair, last) = (Pair::p256(), Date::in_jakarta(context.now()).plus_days(1).unwrap());
        let until = LastDay::try_from(last.to_string()).unwrap();
        let jwk = pair.jwk().to_string();
        let keys = vec![FeedPublicKey { jwk, until }];
        let digest = ring::digest::digest(&ring::digest::SHA256, b"ikd_feed_uji");
        let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let world = World::open_with(context, |config| {
            (config.register.feed_public_keys, config.register.feed_key_sha256) = (keys, digest);
            config.register.feed_key_until = Some(until);
        })
        .await;
        // RFC 7638 §3.1: the required members in this order, without spaces.
        let (x, y) = (pair.jwk()["x"].clone(), pair.jwk()["y"].clone());
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#);
        let kid = base64url(ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes()).as_ref());
        let registered = json!({"key_id": kid, "client_id": "register", "issuer": world.base});
        let system = System { world: &world, pair, registered };
        let sent = async |token: &str| {
            let feed = csv_of([&world.people[0]]).into_bytes();
            let request = world.post("/v1/register/changes").bearer(token).header("content-type", "text/csv");
            request.body(feed).send().await
        };
        let token = system.token().await;
        assert_eq!(sent(&token).await.expect(200).json["accepted"], 1);
        sent("ikd_feed_uji").await.expect(200);
        // It opens nothing of relying parties, nor does theirs open this.
        opens(&world, &world.base, &token).await.expect_problem(401, "api_key_invalid");
        let bank = System::of(&administrator(&world, "rina").await, Pair::ed25519(7)).await;
        sent(&bank.token().await).await.expect_problem(401, "api_key_invalid");
        world.later(15 * 60);
        sent(&token).await.expect_problem(401, "api_key_invalid");
        // Both end with their last day; a token does not outlive its key.
        let end = last.plus_days(1).unwrap().midnight();
        world.later(end.seconds_since(world.context.now()) - 60);
        let short = ask(&world, &world.base, &system.assertion()).await.expect(200);
        assert!(short.json["expires_in"].as_i64().unwrap() <= 61, "{}", short.json);
        sent(&short.text("access_token")).await.expect(200);
        world.later(61);
        sent(&short.text("access_token")).await.expect_problem(401, "api_key_invalid");
        sent("ikd_feed_uji").await.expect_problem(401, "api_key_invalid");
        refused(&ask(&world, &world.base, &system.assertion()).await, "invalid_client", "a key that ended");
    })
    .await;
}

/// What an administrator of a party does about public keys, for `acts`.
pub async fn every_act(world: &World) {
    register(&administrator(world, "rina.kunci").await, &Pair::ed25519(7).jwk()).await.expect(201);
}
