//! Initials, which distinguish waiting people on an officer's screen without naming them.

/// Initials shown at most.
const MOST: usize = 4;

/// The first letter of each of the first words: `S. R.` for Siti Rahma. A name without a letter is a dash.
pub fn initials(full_name: &str) -> String {
    let letters: Vec<String> = full_name
        .split(|c: char| c.is_whitespace() || c == '-')
        .filter_map(|word| word.chars().find(|c| c.is_alphabetic()))
        .take(MOST)
        .map(|letter| format!("{}.", letter.to_uppercase()))
        .collect();
    if letters.is_empty() { String::from("–") } else { letters.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_name_nobody() {
        for (name, expected) in [
            ("Siti Rahma", "S. R."),
            ("i wayan sudarma", "I. W. S."),
            ("O'Brien-Sitorus, S.H., M.Kn. yang panjang", "O. S. S. M."),
            ("(ALM) ‘Abdul  Rahman", "A. A. R."),
            ("Élodie", "É."),
            ("  ", "–"),
            ("12 &", "–"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
