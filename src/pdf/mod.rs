//! Paper: pages of text, lines, pictures and QRs as PDF/UA-1, so that they can be printed, searched and read aloud. Pure: what is drawn is
//! an argument, and the same drawing is the same bytes.
//!
//! Lengths are in millimetres from the upper left corner. The typeface is Atkinson Hyperlegible, which the Braille Institute made for people
//! who see little; it is embedded, as far as it is used.

mod draw;
pub mod flow;
mod letters;

pub use draw::write;
pub use flow::Flow;

/// Points in a millimetre.
const POINTS: f32 = 72.0 / 25.4;
/// A4 (ISO 216): width and height.
pub const A4: (f32, f32) = (210.0, 297.0);

/// A PDF cannot be made; the text is for the log and has no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the PDF cannot be made: {0}")]
pub struct PdfError(&'static str);

/// What a text is to a reader aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The heading of a page.
    Title,
    /// The heading of a part.
    Heading,
    /// A paragraph.
    Text,
}

/// How a text looks and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Height of the type, in points.
    pub points: f32,
    /// Whether it is bold.
    pub bold: bool,
    /// How dark: 0 is black, 255 white.
    pub grey: u8,
    /// What it is.
    pub role: Role,
}

impl Style {
    /// Black text of a size.
    pub const fn text(points: f32) -> Self {
        Self { points, bold: false, grey: 0, role: Role::Text }
    }

    /// The same in bold.
    #[must_use]
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same in another grey.
    #[must_use]
    pub const fn grey(self, grey: u8) -> Self {
        Self { grey, ..self }
    }

    /// The same as a heading.
    #[must_use]
    pub const fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// From one line to the next, in millimetres.
    pub fn leading(self) -> f32 {
        self.points * 1.22 / POINTS
    }
}

enum Drawn {
    /// Lines of one paragraph, from the first baseline.
    Text { at: (f32, f32), lines: Vec<String>, style: Style },
    /// A row of a table; rows of one table, which has a number, may lie on several pages.
    Row { table: usize, kind: RowKind, cells: Vec<Cell>, style: Style },
    /// A line that belongs to the page and not to the text: a page number, or the head of a table that is drawn again.
    Aside { at: (f32, f32), text: String, style: Style },
    /// A filled area, decoration.
    Area { at: (f32, f32), size: (f32, f32), grey: u8 },
    /// The outline of an area, decoration; dashed where it is to be cut or folded.
    Outline { at: (f32, f32), size: (f32, f32), dash: Option<f32> },
    /// A line, decoration.
    Line { from: (f32, f32), to: (f32, f32), dash: Option<f32> },
    /// The dark modules of a QR without its quiet zone.
    Modules { at: (f32, f32), side: f32, dark: Vec<bool>, across: usize, says: String },
    /// A JPEG.
    Jpeg { at: (f32, f32), size: (f32, f32), bytes: Vec<u8>, says: String },
}

/// What the cells of a row are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowKind {
    /// All name their columns.
    Head,
    /// The first names the row.
    Named,
    /// All hold values.
    Values,
}

/// The lines of a cell, from the first baseline.
struct Cell {
    at: (f32, f32),
    lines: Vec<String>,
}

/// A page to draw on.
pub struct Page {
    size: (f32, f32),
    drawn: Vec<Drawn>,
}

impl Page {
    /// An empty page of this width and height.
    pub const fn new(size: (f32, f32)) -> Self {
        Self { size, drawn: Vec::new() }
    }

    /// One line from a point of its baseline.
    pub fn line_of_text(&mut self, at: (f32, f32), style: Style, text: &str) {
        self.drawn.push(Drawn::Text { at, lines: vec![text.to_owned()], style });
    }

    /// A paragraph from its first baseline, broken at blanks so that it is at most `width` wide; gives the baseline of the line after it.
    pub fn paragraph(&mut self, at: (f32, f32), width: f32, style: Style, text: &str) -> f32 {
        let lines = letters::broken(text, style, width);
        let next = at.1 + lines.len() as f32 * style.leading();
        self.drawn.push(Drawn::Text { at, lines, style });
        next
    }

    /// A paragraph that takes at most `most` lines: the type is made smaller until it fits, not below `least` points. Gives the baseline of
    /// the line after it.
    pub fn fitted(&mut self, at: (f32, f32), (width, most): (f32, usize), style: Style, least: f32, text: &str) -> f32 {
        let mut style = style;
        while style.points > least && letters::broken(text, style, width).len() > most {
            style.points -= 0.25;
        }
        self.paragraph(at, width, style, text)
    }

    /// A filled area.
    pub fn area(&mut self, at: (f32, f32), size: (f32, f32), grey: u8) {
        self.drawn.push(Drawn::Area { at, size, grey });
    }

    /// The outline of an area; with `dash`, in strokes of this length.
    pub fn outline(&mut self, at: (f32, f32), size: (f32, f32), dash: Option<f32>) {
        self.drawn.push(Drawn::Outline { at, size, dash });
    }

    /// A line; with `dash`, in strokes of this length.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), dash: Option<f32>) {
        self.drawn.push(Drawn::Line { from, to, dash });
    }

    /// A QR of `across` modules a side, `side` wide; whoever places it leaves the quiet zone of four modules around it. `says` is read
    /// aloud.
    pub fn qr(&mut self, at: (f32, f32), side: f32, (dark, across): (Vec<bool>, usize), says: &str) {
        self.drawn.push(Drawn::Modules { at, side, dark, across, says: says.to_owned() });
    }

    /// A JPEG, as large as fits into an area and in its middle. `says` is read aloud.
    pub fn jpeg(&mut self, at: (f32, f32), size: (f32, f32), bytes: &[u8], says: &str) {
        self.drawn.push(Drawn::Jpeg { at, size, bytes: bytes.to_vec(), says: says.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_shrinks_until_a_name_fits() {
        let mut page = Page::new(A4);
        let name = "RADEN AJENG SITI NURHALIZAH PUTRI KUSUMANINGRUM WIDYASTUTI HADININGRAT";
        page.fitted((0.0, 0.0), (50.0, 2), Style::text(12.0), 5.0, name);
        let Drawn::Text { lines, style, .. } = &page.drawn[0] else { panic!() };
        assert!(lines.len() <= 2 && style.points >= 5.0 && style.points < 12.0);
    }

    #[test]
    fn a_page_is_written_the_same_each_time_and_tagged() {
        let make = || {
            let mut page = Page::new(A4);
            page.line_of_text((20.0, 20.0), Style::text(12.0).role(Role::Title), "Kartu");
            page.line((20.0, 25.0), (50.0, 25.0), Some(1.0));
            page.qr((20.0, 30.0), 20.0, (vec![true; 9], 3), "QR");
            write("Kartu", "id", vec![page]).unwrap()
        };
        let pdf = make();
        assert_eq!(pdf, make());
        assert!(pdf.starts_with(b"%PDF-1.7"));
        let mut foreign = Page::new(A4);
        foreign.line_of_text((20.0, 20.0), Style::text(12.0), "Ṣiti Žižek Đoàn 王");
        assert!(write("x", "id", vec![foreign]).is_ok(), "a letter that the typeface lacks");
        let mut broken = Page::new(A4);
        broken.jpeg((0.0, 0.0), (10.0, 10.0), b"no picture", "nothing");
        assert!(write("x", "id", vec![broken]).is_err());
    }
}
