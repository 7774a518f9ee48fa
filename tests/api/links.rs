//! What a person sees who opens an address that something on the way rewrote, or one that is none.

use reqwest::redirect::Policy;

use crate::world::World;
use support::{Engine, context};

/// What browsers send when somebody opens an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewritten_link_leads_to_its_page_and_an_unknown_address_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(context(Engine::Sqlite, folder.path()).await).await;
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let open = async |path: &str, accept: &str| {
        let request = browser.get(format!("{}{path}", world.base)).header("Accept", accept);
        let answer = request.send().await.unwrap();
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let (status, place, kind) = (answer.status().as_u16(), header("location"), header("content-type"));
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert!(status == 200 || header("cache-control") == "no-store", "{path}");
        (status, place, kind, answer.text().await.unwrap())
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
    let english =
        browser.get(format!("{}/nowhere", world.base)).header("Accept", "text/html").header("Accept-Language", "en");
    assert!(english.send().await.unwrap().text().await.unwrap().contains("There is no such page"));
}
