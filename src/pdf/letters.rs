//! Letters of the typeface: which glyph, how wide, and where a text is broken. Pure.

use krilla::text::{GlyphId, KrillaGlyph};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size as TypeSize};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

use super::{POINTS, Style};

pub(super) const REGULAR: &[u8] = include_bytes!("fonts/AtkinsonHyperlegible-Regular.ttf");
pub(super) const BOLD: &[u8] = include_bytes!("fonts/AtkinsonHyperlegible-Bold.ttf");

/// One of the two cuts, ready to be asked.
struct Face {
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
}

impl Face {
    fn of(bold: bool) -> Option<Self> {
        let font = FontRef::new(if bold { BOLD } else { REGULAR }).ok()?;
        let widths = font.glyph_metrics(TypeSize::new(1.0), LocationRef::default());
        Some(Self { letters: font.charmap(), widths })
    }

    /// The glyph of a letter and its width at a size of one. A letter that the typeface lacks is drawn without its marks, or as a question
    /// mark; what is searched and read aloud stays.
    fn glyph(&self, letter: char) -> (u32, f32) {
        let found = self.letters.map(letter);
        let found = found.or_else(|| std::iter::once(letter).nfd().find_map(|bare| self.letters.map(bare)));
        let glyph = found.or_else(|| self.letters.map('?')).unwrap_or_default();
        (glyph.to_u32(), self.widths.advance_width(glyph).unwrap_or_default())
    }
}

/// The glyphs of a line, one a letter from left to right: neither kerned nor joined, which Latin letters do without.
pub(super) fn glyphs(text: &str, bold: bool) -> Vec<KrillaGlyph> {
    let Some(face) = Face::of(bold) else { return Vec::new() };
    let drawn = |(at, letter): (usize, char)| {
        let (glyph, x_advance) = face.glyph(letter);
        KrillaGlyph {
            glyph_id: GlyphId::new(glyph),
            text_range: at..at + letter.len_utf8(),
            x_advance,
            x_offset: 0.0,
            y_offset: 0.0,
            y_advance: 0.0,
            location: None,
        }
    };
    text.char_indices().map(drawn).collect()
}

/// How wide a text is, in millimetres.
pub(super) fn width_of(text: &str, style: Style) -> f32 {
    let advances: f32 = glyphs(text, style.bold).iter().map(|glyph| glyph.x_advance).sum();
    advances * style.points / POINTS
}

/// The text in lines of at most this width, broken at blanks; within a word that is longer, an address say, behind a dot or a slash.
pub(super) fn broken(text: &str, style: Style, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let too_long = width_of(word, style) > width;
        let parts = if too_long { word.split_inclusive(['.', '/']).collect() } else { vec![word] };
        for (at, part) in parts.into_iter().enumerate() {
            let blank = if at == 0 { " " } else { "" };
            match lines.last_mut() {
                Some(line) if width_of(&format!("{line}{blank}{part}"), style) <= width => {
                    line.push_str(blank);
                    line.push_str(part);
                }
                _ => lines.push(part.to_owned()),
            }
        }
    }
    lines
}

/// As [`broken`], for a narrow column: a word that is too long is broken wherever it must be. Lines keep the blank at which they were
/// broken, so that what is searched, copied and read aloud is the text.
pub(super) fn wrapped(text: &str, style: Style, width: f32) -> Vec<String> {
    let Some(face) = Face::of(style.bold) else { return Vec::new() };
    let advance = |letter: char| face.glyph(letter).1 * style.points / POINTS;
    let blank = advance(' ');
    let (mut lines, mut line, mut wide) = (Vec::new(), String::new(), 0.0);
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            wide += blank;
            if wide + word.chars().map(advance).sum::<f32>() > width {
                lines.push(std::mem::take(&mut line));
                wide = 0.0;
            }
        }
        for letter in word.chars() {
            let own = advance(letter);
            if !line.is_empty() && wide + own > width {
                lines.push(std::mem::take(&mut line));
                wide = 0.0;
            }
            line.push(letter);
            wide += own;
        }
    }
    lines.extend((!line.is_empty()).then_some(line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_where_it_fits_no_more() {
        let style = Style::text(10.0);
        assert!((width_of("HHHHHHHHHH", style) - 10.0 * width_of("H", style)).abs() < 0.01);
        assert!((width_of("A", Style::text(20.0)) - 2.0 * width_of("A", style)).abs() < 0.01);
        let text = "Kartu ini bukan pengganti KTP-el dan dapat disalin";
        let lines = broken(text, style, 30.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width_of(line, style) <= 30.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(broken("DISDUKCAPILKOTAADMINISTRASI", style, 5.0).len(), 1);
        assert!(broken("", style, 5.0).is_empty());
        let address = broken("di ikd.dukcapil.kemendagri.example/blokir", style, 30.0);
        assert_eq!(address.concat().replace(' ', ""), "diikd.dukcapil.kemendagri.example/blokir");
        assert!(address.iter().all(|line| width_of(line, style) <= 30.0), "{address:?}");
    }

    #[test]
    fn a_column_holds_any_word_and_the_text_stays_whole() {
        let style = Style::text(8.5);
        let text = "Bank Nusantara Sejahtera DISDUKCAPILKOTAADMINISTRASIJAKARTASELATAN  cabang";
        let lines = wrapped(text, style, 28.0);
        assert!(lines.iter().all(|line| width_of(line.trim_end(), style) <= 28.0), "{lines:?}");
        assert_eq!(lines.concat(), text.replace("  ", " "));
        assert!(wrapped("", style, 28.0).is_empty() && wrapped("WW", style, 0.1).len() == 2);
    }
}
