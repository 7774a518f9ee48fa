//! Names of hosts that an operator lists. Pure.

/// Whether an entry of a list is one: a name (`hook.bank.example`), `*.` and a name for all that are below it, or `*` for any.
pub fn is_entry(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    // A webhook is never at an address in numbers (`check_url`).
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text == "*" || name.len() <= 253 && name.split('.').all(part) && !name.rsplit('.').next().is_some_and(is_number)
}

/// Whether a list has a host, whose name is in lower case.
pub fn has(entries: &[String], host: &str) -> bool {
    // The name of the root may stand behind it.
    let host = host.strip_suffix('.').unwrap_or(host);
    entries.iter().any(|entry| match entry.strip_prefix('*') {
        // The dot counts: nothing that only ends alike.
        Some(below) => below.is_empty() || host.len() > below.len() && host.ends_with(below),
        None => entry == host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_names_that_it_says_and_no_others() {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        let entries = list(&["hook.bank.example", "*.agency.example"]);
        for host in ["hook.bank.example", "hook.bank.example.", "a.agency.example", "a.b.agency.example"] {
            assert!(has(&entries, host), "{host}");
        }
        for host in [
            "bank.example",
            "x.hook.bank.example",
            "hook.bank.example.evil.example",
            "agency.example",
            "evilagency.example",
            ".agency.example",
            "",
        ] {
            assert!(!has(&entries, host), "{host}");
        }
        assert!(has(&list(&["*"]), "any.example") && !has(&[], "any.example"));
    }

    #[test]
    fn an_entry_is_a_name_in_lower_case() {
        for entry in ["localhost", "hook.bank.example", "*.bank.example", "*", "xn--bcher-kva.example"] {
            assert!(is_entry(entry), "{entry}");
        }
        for entry in [
            "",
            "*.",
            "*bank.example",
            "https://bank.example",
            "bank.example/",
            "bank.example:443",
            "Bank.example",
            "a..b",
            "-a.b",
            "a b",
            "192.0.2.1",
        ] {
            assert!(!is_entry(entry), "{entry}");
        }
    }
}
