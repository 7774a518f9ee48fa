//! Names of their own for the staff and the documentation (docs/adr/0039-names-of-their-own.md).

use http::Method;
use reqwest::redirect::Policy;
use support::client::Request;
use support::each_engine;
use support::world::{OFFICE, World};

const STAFF: &str = "petugas.contoh.go.id";
const DOCUMENTATION: &str = "docs.contoh.go.id";

fn at(world: &World, host: &str, method: Method, path: &str) -> Request {
    world.request_at(&world.base, method, path).header("host", host)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_of_the_staff_open_nothing_under_another_name() {
    each_engine(async |context| {
        let world = World::open_with(context, |config| {
            config.service.staff_url = Some(format!("https://{STAFF}"));
            config.service.documentation_url = Some(format!("https://{DOCUMENTATION}"));
            config.http.documentation = true;
        })
        .await;
        // The world's residents go where it listens.
        let residents = world.base.strip_prefix("http://").unwrap();
        // Logged in under the staff's name, by whoever is asked; the browser would keep the cookie there.
        let body = world.log_in_body(&world.add_officer("petugas", OFFICE).await);
        for host in [residents, DOCUMENTATION, "10.0.0.7:8080"] {
            let refused = at(&world, host, Method::POST, "/v1/officer/sessions").json(&body).send().await;
            refused.expect_problem(421, "misdirected");
        }
        let in_ = at(&world, STAFF, Method::POST, "/v1/officer/sessions").json(&body).send().await.expect(201);
        let cookie = in_.header("set-cookie").split(';').next().unwrap().to_owned();
        for (host, status) in [(STAFF, 200), (residents, 421), (DOCUMENTATION, 421), ("petugas.contoh.go.id:8443", 421)]
        {
            let current = at(&world, host, Method::GET, "/v1/officer/sessions/current").header("cookie", &cookie);
            assert_eq!(current.send().await.status, status, "{host}");
        }
        // A page of residents is of the same site, so its request would carry the cookie: the origin says where it is from.
        let end = |origin: &str, site: &str| {
            let request = at(&world, STAFF, Method::DELETE, "/v1/officer/sessions/current").header("cookie", &cookie);
            request.header("origin", origin).header("sec-fetch-site", site)
        };
        end(&world.base, "same-site").send().await.expect_problem(403, "forbidden");
        // The own name in clear is another origin, which whoever sits on the way writes; old browsers send no `Sec-Fetch-Site`.
        for site in ["", "same-origin"] {
            for scheme in ["http", "HTTP", "ws"] {
                end(&format!("{scheme}://{STAFF}"), site).send().await.expect_problem(403, "forbidden");
            }
        }
        assert_eq!(end(&format!("https://{STAFF}"), "same-origin").send().await.status, 204);
        let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        // What needs no cookie is there under each name, and each page has one.
        for host in [residents, STAFF, DOCUMENTATION] {
            assert_eq!(at(&world, host, Method::GET, "/.well-known/jwks.json").send().await.status, 200, "{host}");
            assert_eq!(at(&world, host, Method::GET, "/web/app/main.js").send().await.status, 200, "{host}");
            for (path, home) in [("/", residents), ("/petugas", STAFF), ("/docs/", DOCUMENTATION)] {
                let answer = browser.get(format!("{}{path}", world.base)).header("host", host).send().await.unwrap();
                let location = answer.headers().get("location").map_or("", |value| value.to_str().unwrap());
                let led = (answer.status().as_u16(), location.to_owned());
                let wanted = match host == home {
                    true => (200, String::new()),
                    false if home == residents => (307, format!("{}{path}", world.base)),
                    false => (307, format!("https://{home}{path}")),
                };
                assert_eq!(led, wanted, "{path} at {host}");
            }
        }
    })
    .await;
}
