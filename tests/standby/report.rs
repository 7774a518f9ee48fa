//! Figures of long runs, written into docs/assurance.md by the runs themselves.

use support::root;

/// Replaces a section of the document, where `IKD_WRITE` asks for it: what stands between `<!-- SECTION -->` and `<!-- end -->`.
pub fn write(section: &str, text: &str) {
    if std::env::var_os("IKD_WRITE").is_none() {
        return;
    }
    let path = root().join("docs/assurance.md");
    let before = std::fs::read_to_string(&path).unwrap();
    let mark = format!("<!-- {section} -->\n");
    let (head, rest) =
        before.split_once(&mark).unwrap_or_else(|| panic!("{} has no section {section}", path.display()));
    let (_, tail) = rest.split_once("<!-- end -->").unwrap();
    let now = ikd::register::Date::in_jakarta(ikd::clock::Clock::System.now());
    let text = format!("{head}{mark}\n{now}. {}\n\n<!-- end -->{tail}", text.trim());
    std::fs::write(path, text).unwrap();
}
