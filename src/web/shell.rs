//! The HTML of the pages for people: one template, filled in for each of them. What a page shows is drawn by its script.

use askama::Template;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a `data:` address cannot hold as it is, in an attribute of HTML.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'<').add(b'>');

/// One page. Its parts are paths below `web/`.
pub struct Page {
    /// Where it is found; the first is its own.
    pub addresses: &'static [&'static str],
    title: &'static str,
    script: &'static str,
    /// Beside the styles that all pages share.
    styles: &'static [&'static str],
    /// Modules that the script needs at once: without this each would be found only when the one before has come.
    preloads: &'static [&'static str],
    /// Whether it can be put on the home screen of a phone.
    is_installable: bool,
}

impl Page {
    const fn new(
        addresses: &'static [&'static str],
        title: &'static str,
        script: &'static str,
        styles: &'static [&'static str],
    ) -> Self {
        Self { addresses, title, script, styles, preloads: &[], is_installable: false }
    }
}

/// All pages.
pub const PAGES: &[Page] = &[
    Page {
        preloads: &[
            "shared/dom.js",
            "shared/i18n.js",
            "shared/http.js",
            "shared/storage.js",
            "app/profiles.js",
            "app/router.js",
            "app/ui.js",
        ],
        is_installable: true,
        ..Page::new(&["/", "/aktivasi"], "IKD", "app/main.js", &["app/app.css"])
    },
    Page::new(&["/mulai"], "IKD", "help/start.js", &["help/help.css"]),
    Page::new(&["/blokir"], "Blokir KTP Digital", "block/main.js", &["block/block.css"]),
    Page::new(&["/cek", "/cek/{code}"], "Cek petugas", "check/main.js", &["check/check.css"]),
    Page::new(
        &["/petugas"],
        "Loket IKD",
        "counter/main.js",
        &["staff/staff.css", "staff/figures.css", "counter/counter.css"],
    ),
    Page::new(
        &["/admin"],
        "Administrasi IKD",
        "admin/main.js",
        &["staff/staff.css", "staff/figures.css", "admin/admin.css"],
    ),
    Page::new(&["/undangan"], "Undangan IKD", "invite/main.js", &["staff/staff.css", "invite/invite.css"]),
    Page::new(&["/loket"], "Loket Dukcapil", "help/offices.js", &["help/help.css", "help/offices.css"]),
    Page::new(&["/antrean"], "Antrean loket IKD", "help/calls.js", &["help/help.css", "help/offices.css"]),
    Page::new(
        &["/terima"],
        "Tempat yang menerima KTP Digital",
        "help/accept.js",
        &["help/help.css", "help/offices.css"],
    ),
    Page::new(&["/status"], "Status layanan IKD", "help/status.js", &["help/help.css", "help/offices.css"]),
    Page::new(
        &["/verifikasi"],
        "Verifikasi IKD",
        "teller/main.js",
        &["staff/staff.css", "teller/teller.css", "partner/partner.css"],
    ),
    Page::new(&["/bantuan"], "Bantuan IKD", "help/help.js", &["help/help.css"]),
    Page::new(&["/poster"], "Poster IKD", "help/poster.js", &["help/help.css", "help/print.css"]),
    Page::new(&["/poster-cek"], "Poster petugas IKD", "help/check-poster.js", &["help/help.css", "help/print.css"]),
    Page::new(&["/selebaran"], "Selebaran IKD", "help/leaflet.js", &["help/help.css", "help/print.css"]),
];

#[derive(Template)]
#[template(path = "page.html")]
struct Shell<'a> {
    page: &'a Page,
    icon: String,
}

/// The HTML of a page. `icon` is an SVG: it stands in the page itself, which saves a request on a slow network.
///
/// # Errors
/// When the template cannot be filled in.
pub fn render(page: &Page, icon: &str) -> askama::Result<String> {
    let icon = format!("data:image/svg+xml,{}", utf8_percent_encode(icon.trim(), ESCAPED));
    Shell { page, icon }.render()
}
