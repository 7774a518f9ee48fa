//! What browsers load: the folder `web/`, embedded in the binary, in every build in the same way; the words of each page, put
//! together from its areas; and the pages' HTML.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

use axum::body::Bytes;
use data_encoding::HEXLOWER;
use rust_embed::RustEmbed;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::shell;

/// CSP of a page: scripts, styles, pictures and requests of this origin only; no inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'none'";
/// The service worker, which caches the app's files on the phone, all of one build.
const WORKER: &str = "app/sw.js";
/// The decoder of QR pictures is WebAssembly in a worker. A worker obeys the CSP of its own response, so the pages
/// themselves do not need `wasm-unsafe-eval`.
const DECODER: &str = "shared/scanner-worker.js";
const DECODER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The service's mark.
pub const ICON: &str = "shared/icons/icon.svg";

/// Areas with pages, and those whose words their modules use too. A page asks for the words of its area, `words/id.json`, and
/// gets them all at once: one request where there would be two or three.
const WORDS: [(&str, &[&str]); 8] = [
    ("app", &["shared", "app"]),
    ("counter", &["shared", "staff", "counter"]),
    ("admin", &["shared", "staff", "admin"]),
    ("invite", &["shared", "staff", "invite"]),
    ("teller", &["shared", "staff", "teller", "partner"]),
    ("help", &["shared", "help"]),
    ("block", &["shared", "block"]),
    ("check", &["shared", "check"]),
];
const LANGUAGES: [&str; 2] = ["id", "en"];

#[derive(RustEmbed)]
#[folder = "web/"]
struct Folder;

/// Something that is served as it is, with what is said about it.
pub struct Asset {
    pub plain: Bytes,
    /// Compressed on the first request.
    compressed: OnceLock<Bytes>,
    /// The part of the strong tag that the plain and the compressed form share.
    pub digest: String,
    pub media_type: &'static str,
    pub cache: &'static str,
    pub policy: &'static str,
}

impl Asset {
    fn new(name: &str, data: Cow<'static, [u8]>) -> Self {
        let vendored = name.starts_with("vendor/") && name.matches('/').count() > 1;
        Self {
            cache: if vendored { "public, max-age=31536000, immutable" } else { "no-cache" },
            ..Self::under(if name == DECODER { DECODER_POLICY } else { POLICY }, name, data)
        }
    }

    /// Under a policy of its own, asked about each time. The name's ending says what it is.
    pub fn under(policy: &'static str, name: &str, data: Cow<'static, [u8]>) -> Self {
        Self {
            digest: hex(&Sha256::digest(&data)),
            plain: match data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            },
            compressed: OnceLock::new(),
            media_type: media_type(name),
            cache: "no-cache",
            policy,
        }
    }

    /// With gzip (RFC 1952).
    ///
    /// # Errors
    /// When the memory for it is refused.
    pub fn compressed(&self) -> std::io::Result<Bytes> {
        if let Some(known) = self.compressed.get() {
            return Ok(known.clone());
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&self.plain)?;
        let bytes = Bytes::from(encoder.finish()?);
        Ok(self.compressed.get_or_init(|| bytes).clone())
    }
}

/// All of it. A name is looked up exactly as it was asked for: what is not here does not exist.
pub struct Assets {
    /// By their path below `web/`.
    pub files: HashMap<Cow<'static, str>, Asset>,
    /// By their address.
    pub pages: HashMap<&'static str, Asset>,
    /// The digest of all names and contents, in hexadecimal: the same on all nodes that run the same build.
    pub build: String,
}

/// All assets of this build.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let embedded = Folder::iter().filter_map(|name| Some((name.clone(), Folder::get(&name)?.data)));
    let mut files: BTreeMap<Cow<'static, str>, Cow<'static, [u8]>> = embedded.chain(words()).collect();
    let icon = files.get(ICON).map(|data| String::from_utf8_lossy(data).into_owned()).unwrap_or_default();
    let pages: BTreeMap<&'static str, String> = shell::PAGES
        .iter()
        .filter_map(|page| Some((page, shell::render(page, &icon).ok()?)))
        .flat_map(|(page, html)| page.addresses.iter().map(move |address| (*address, html.clone())))
        .collect();
    let build = digest(
        files
            .iter()
            .map(|(name, data)| (name.as_ref(), data.as_ref()))
            .chain(pages.iter().map(|(address, html)| (*address, html.as_bytes()))),
    );
    if let Some(worker) = files.get_mut(WORKER) {
        // A worker is another one when its bytes differ (Service Workers §2.2): whatever changed makes them so.
        let mut stamped = format!("const BUILD = \"{build}\";\n").into_bytes();
        stamped.extend_from_slice(worker);
        *worker = Cow::Owned(stamped);
    }
    let html = |html: String| Asset::new("page.html", Cow::Owned(html.into_bytes()));
    Assets {
        files: files.into_iter().map(|(name, data)| (name.clone(), Asset::new(&name, data))).collect(),
        pages: pages.into_iter().map(|(address, page)| (address, html(page))).collect(),
        build,
    }
});

/// The words of each page in each language.
fn words() -> impl Iterator<Item = (Cow<'static, str>, Cow<'static, [u8]>)> {
    WORDS.iter().flat_map(|(page, areas)| LANGUAGES.map(|language| (*page, *areas, language))).filter_map(
        |(page, areas, language)| {
            let mut words = Map::<String, Value>::new();
            for area in areas {
                let part = Folder::get(&format!("{area}/i18n/{language}.json"))?;
                words.extend(serde_json::from_slice::<Map<_, _>>(&part.data).ok()?);
            }
            let json = serde_json::to_vec(&words).ok()?;
            Some((Cow::Owned(format!("{page}/words/{language}.json")), Cow::Owned(json)))
        },
    )
}

fn digest<'a>(named: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut digest = Sha256::new();
    for (name, data) in named {
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update(Sha256::digest(data));
    }
    hex(&digest.finalize())
}

/// The first half of a digest.
fn hex(digest: &[u8]) -> String {
    HEXLOWER.encode(&digest[..16])
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "wasm" => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_filled_in_and_every_part_of_it_is_there() {
        let expected = shell::PAGES.iter().map(|page| page.addresses.len()).sum::<usize>();
        assert_eq!(ASSETS.pages.len(), expected);
        for (address, page) in &ASSETS.pages {
            let html = std::str::from_utf8(&page.plain).unwrap();
            assert!(
                html.contains("<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg%20xmlns=%22http://"),
                "{address}"
            );
            let parts: Vec<_> = html.split("=\"/web/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert!(parts.len() > 2, "{address}");
            for part in parts {
                assert!(ASSETS.files.contains_key(part), "{address} names {part}");
            }
        }
    }

    #[test]
    fn a_page_gets_the_words_of_all_its_areas_and_no_area_takes_a_word_of_another() {
        let words = |name: &str| -> Map<String, Value> {
            serde_json::from_slice(&ASSETS.files.get(name).unwrap_or_else(|| panic!("{name}")).plain).unwrap()
        };
        for (page, areas) in WORDS {
            for language in LANGUAGES {
                let all = words(&format!("{page}/words/{language}.json"));
                let parts: Vec<_> = areas.iter().map(|area| words(&format!("{area}/i18n/{language}.json"))).collect();
                assert_eq!(all.len(), parts.iter().map(Map::len).sum::<usize>(), "{page}: a key stands in two areas");
                assert!(parts.iter().flatten().all(|(key, word)| all.get(key) == Some(word)), "{page}");
            }
        }
    }
}
