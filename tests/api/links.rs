//! What a person sees who opens an address that something on the way rewrote, or one that is none.

use reqwest::Method;
use reqwest::redirect::Policy;

use support::Engine;
use support::client::Request;
use support::world::World;

/// What browsers send when somebody opens an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewritten_link_leads_to_its_page_and_an_unknown_address_says_what_to_do() {
    let world = World::on(Engine::Sqlite).await;
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let open = async |path: &str, accept: &str| {
        let answer = Request::new(&browser, Method::GET, &world.base, path).header("Accept", accept).send().await;
        let status = answer.status.as_u16();
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(status == 200 || answer.header("cache-control") == "no-store", "{path}");
        (status, answer.header("location").to_owned(), answer.header("content-type").to_owned(), answer.body())
    };
    let code = "01890a5d-ac96-774b-bcce-b302099a8057.012345";
    for (path, place) in [
        (format!("/aktivasi%23{code}"), format!("/aktivasi#{code}")),
        (format!("/aktivasi%2523{code}"), format!("/aktivasi#{code}")),
        (format!("/Aktivasi/%23{code}%3E"), format!("/aktivasi#{code}")),
        (format!("/aktivasi%23{code}?utm_source=mail"), format!("/aktivasi?utm_source=mail#{code}")),
        (String::from("/PETUGAS"), String::from("/petugas")),
        (String::from("/verifikasi/"), String::from("/verifikasi")),
        (String::from("/bantuan."), String::from("/bantuan")),
    ] {
        let (status, found, ..) = open(&path, BROWSER).await;
        assert_eq!((status, found), (307, place.clone()), "{path}");
        assert_eq!(open(place.split('#').next().unwrap(), BROWSER).await.0, 200, "{place}");
    }
    for path in ["/nowhere", "/aktivasi/kode", "/problems/none", "/mailbox/none"] {
        let (status, _, kind, page) = open(path, BROWSER).await;
        assert_eq!((status, kind.as_str()), (404, "text/html; charset=utf-8"), "{path}");
        assert!(page.contains("Halaman ini tidak ada") && page.contains("href=\"/\"") && page.contains("/bantuan"));
        let (status, _, kind, _) = open(path, "*/*").await;
        assert_eq!((status, kind.as_str()), (404, "application/problem+json"), "{path}");
    }
    // Programs get what programs read, whatever stands in Accept.
    for path in ["/v1/nothing", "/v1/me", "/web/none.js"] {
        assert_eq!(open(path, BROWSER).await.2, "application/problem+json", "{path}");
    }
    let english = world.get("/nowhere").header("Accept", "text/html").header("Accept-Language", "en");
    assert!(english.send().await.body().contains("There is no such page"));
}
