//! Paper: pages of text, lines, pictures and QRs as PDF/UA-1, so that they can be printed, searched and read aloud. Pure: what is drawn is
//! an argument, and the same drawing is the same bytes.
//!
//! Lengths are in millimetres from the upper left corner. The typeface is Atkinson Hyperlegible, which the Braille Institute made for people
//! who see little; it is embedded, as far as it is used.

use std::num::NonZeroU16;

use krilla::color::luma;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use skrifa::instance::{LocationRef, Size as TypeSize};
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

const REGULAR: &[u8] = include_bytes!("fonts/AtkinsonHyperlegible-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/AtkinsonHyperlegible-Bold.ttf");
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
        let lines = broken(text, style, width);
        let next = at.1 + lines.len() as f32 * style.leading();
        self.drawn.push(Drawn::Text { at, lines, style });
        next
    }

    /// A paragraph that takes at most `most` lines: the type is made smaller until it fits, not below `least` points. Gives the baseline of
    /// the line after it.
    pub fn fitted(&mut self, at: (f32, f32), (width, most): (f32, usize), style: Style, least: f32, text: &str) -> f32 {
        let mut style = style;
        while style.points > least && broken(text, style, width).len() > most {
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

/// Writes pages as a tagged PDF with this title, in this language (RFC 3066).
///
/// # Errors
/// When a picture is no JPEG, or what was drawn breaks a rule of PDF/UA: a fault of ours.
pub fn write(title: &str, language: &str, pages: Vec<Page>) -> Result<Vec<u8>, PdfError> {
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| PdfError("the version does not allow tags"))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let fonts = Fonts::new()?;
    let mut tags = TagTree::new().with_lang(Some(language.to_owned()));
    for Page { size, drawn } in pages {
        let settings = PageSettings::from_wh(size.0 * POINTS, size.1 * POINTS).ok_or(PdfError("the size of a page"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for one in drawn {
            draw(&mut surface, &mut tags, &fonts, one)?;
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tags);
    document.set_metadata(Metadata::new().title(title.to_owned()).language(language.to_owned()));
    document.set_outline(krilla::outline::Outline::new());
    // The error may quote what was drawn.
    document.finish().map_err(|_| PdfError("what was drawn breaks a rule of PDF/UA"))
}

struct Fonts {
    regular: Font,
    bold: Font,
}

impl Fonts {
    fn new() -> Result<Self, PdfError> {
        let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or(PdfError("a font cannot be read"));
        Ok(Self { regular: font(REGULAR)?, bold: font(BOLD)? })
    }
}

fn draw(surface: &mut Surface<'_>, tags: &mut TagTree, fonts: &Fonts, drawn: Drawn) -> Result<(), PdfError> {
    match drawn {
        Drawn::Text { at, lines, style } => text(surface, tags, fonts, at, &lines, style),
        Drawn::Area { at, size, grey } => {
            decoration(surface, |surface| {
                surface.set_stroke(None);
                surface.set_fill(Some(fill(grey)));
                rectangles(surface, std::iter::once((at, size)));
            });
        }
        Drawn::Outline { at, size, dash } => decoration(surface, |surface| {
            pen(surface, dash);
            rectangles(surface, std::iter::once((at, size)));
        }),
        Drawn::Line { from, to, dash } => decoration(surface, |surface| {
            pen(surface, dash);
            let mut path = PathBuilder::new();
            path.move_to(from.0 * POINTS, from.1 * POINTS);
            path.line_to(to.0 * POINTS, to.1 * POINTS);
            path.finish().iter().for_each(|path| surface.draw_path(path));
        }),
        Drawn::Modules { at, side, dark, across, says } => {
            figure(surface, tags, says, |surface| {
                surface.set_stroke(None);
                surface.set_fill(Some(fill(0)));
                rectangles(surface, runs(&dark, across, at, side / across as f32));
                Ok(())
            })?;
        }
        Drawn::Jpeg { at, size, bytes, says } => {
            let image = Image::from_jpeg(bytes.into(), true).map_err(|_| PdfError("a picture is no JPEG"))?;
            figure(surface, tags, says, |surface| picture(surface, at, size, image))?;
        }
    }
    Ok(())
}

fn text(surface: &mut Surface<'_>, tags: &mut TagTree, fonts: &Fonts, at: (f32, f32), lines: &[String], style: Style) {
    let heading = |level| TagGroup::new(Tag::Hn(level, Some(lines.join(" "))));
    let mut group = match style.role {
        Role::Title => heading(NonZeroU16::MIN),
        Role::Heading => heading(NonZeroU16::MIN.saturating_add(1)),
        Role::Text => TagGroup::new(Tag::P),
    };
    surface.set_stroke(None);
    surface.set_fill(Some(fill(style.grey)));
    let font = if style.bold { &fonts.bold } else { &fonts.regular };
    for (line, words) in lines.iter().enumerate() {
        let y = (at.1 + line as f32 * style.leading()) * POINTS;
        let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        let start = Point::from_xy(at.0 * POINTS, y);
        surface.draw_glyphs(start, &glyphs(words, style.bold), font.clone(), words, style.points, false);
        surface.end_tagged();
        group.push(id);
    }
    tags.push(group);
}

/// What only pleases the eye, or says where to cut.
fn decoration(surface: &mut Surface<'_>, draw: impl FnOnce(&mut Surface<'_>)) {
    // It needs no place in the tree.
    let _ = surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    draw(surface);
    surface.end_tagged();
}

/// A picture, of which `says` is read aloud.
fn figure(
    surface: &mut Surface<'_>,
    tags: &mut TagTree,
    says: String,
    draw: impl FnOnce(&mut Surface<'_>) -> Result<(), PdfError>,
) -> Result<(), PdfError> {
    let id = surface.start_tagged(ContentTag::Other);
    let drawn = draw(surface);
    surface.end_tagged();
    let mut group = TagGroup::new(Tag::Figure(Some(says)));
    group.push(id);
    tags.push(group);
    drawn
}

fn picture(surface: &mut Surface<'_>, at: (f32, f32), room: (f32, f32), image: Image) -> Result<(), PdfError> {
    let (width, height) = (image.size().0 as f32, image.size().1 as f32);
    let scale = (room.0 / width).min(room.1 / height);
    let (width, height) = (width * scale, height * scale);
    let (x, y) = (at.0 + (room.0 - width) / 2.0, at.1 + (room.1 - height) / 2.0);
    let size = Size::from_wh(width * POINTS, height * POINTS).ok_or(PdfError("the size of a picture"))?;
    surface.push_transform(&Transform::from_translate(x * POINTS, y * POINTS));
    surface.draw_image(image, size);
    surface.pop();
    Ok(())
}

/// Dark modules side by side as one rectangle: fewer edges between which a printer could leave a hair of white.
fn runs(dark: &[bool], across: usize, at: (f32, f32), module: f32) -> impl Iterator<Item = ((f32, f32), (f32, f32))> {
    dark.chunks(across.max(1)).enumerate().flat_map(move |(row, modules)| {
        let mut from = 0;
        let runs = modules.chunk_by(|a, b| a == b).map(move |run| {
            let start = from;
            from += run.len();
            (run.first() == Some(&true)).then_some((
                (at.0 + start as f32 * module, at.1 + row as f32 * module),
                (run.len() as f32 * module, module),
            ))
        });
        runs.flatten().collect::<Vec<_>>()
    })
}

fn rectangles(surface: &mut Surface<'_>, all: impl Iterator<Item = ((f32, f32), (f32, f32))>) {
    let mut path = PathBuilder::new();
    for ((x, y), (width, height)) in all {
        if let Some(one) = Rect::from_xywh(x * POINTS, y * POINTS, width * POINTS, height * POINTS) {
            path.push_rect(one);
        }
    }
    path.finish().iter().for_each(|path| surface.draw_path(path));
}

fn pen(surface: &mut Surface<'_>, dash: Option<f32>) {
    let dash = dash.map(|length| StrokeDash { array: vec![length * POINTS; 2], offset: 0.0 });
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: luma::Color::new(90).into(), width: 0.5, dash, ..Stroke::default() }));
}

fn fill(grey: u8) -> Fill {
    Fill { paint: luma::Color::new(grey).into(), ..Fill::default() }
}

/// The glyphs of a line, one a letter from left to right: neither kerned nor joined, which Latin letters do without.
fn glyphs(text: &str, bold: bool) -> Vec<KrillaGlyph> {
    let Ok(font) = FontRef::new(if bold { BOLD } else { REGULAR }) else { return Vec::new() };
    let (letters, widths) = (font.charmap(), font.glyph_metrics(TypeSize::new(1.0), LocationRef::default()));
    let drawn = |(at, letter): (usize, char)| {
        // A letter that the typeface lacks is drawn without its marks, or as a question mark; what is searched and read aloud stays.
        let found = letters.map(letter).or_else(|| std::iter::once(letter).nfd().find_map(|bare| letters.map(bare)));
        let glyph = found.or_else(|| letters.map('?')).unwrap_or_default();
        KrillaGlyph {
            glyph_id: GlyphId::new(glyph.to_u32()),
            text_range: at..at + letter.len_utf8(),
            x_advance: widths.advance_width(glyph).unwrap_or_default(),
            x_offset: 0.0,
            y_offset: 0.0,
            y_advance: 0.0,
            location: None,
        }
    };
    text.char_indices().map(drawn).collect()
}

/// How wide a text is, in millimetres.
pub fn width(text: &str, style: Style) -> f32 {
    let advances: f32 = glyphs(text, style.bold).iter().map(|glyph| glyph.x_advance).sum();
    advances * style.points / POINTS
}

/// The text in lines of at most this width, broken at blanks; within a word that is longer, an address say, behind a dot or a slash.
fn broken(text: &str, style: Style, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let too_long = self::width(word, style) > width;
        let parts = if too_long { word.split_inclusive(['.', '/']).collect() } else { vec![word] };
        for (at, part) in parts.into_iter().enumerate() {
            let blank = if at == 0 { " " } else { "" };
            match lines.last_mut() {
                Some(line) if self::width(&format!("{line}{blank}{part}"), style) <= width => {
                    line.push_str(blank);
                    line.push_str(part);
                }
                _ => lines.push(part.to_owned()),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_where_it_fits_no_more() {
        let style = Style::text(10.0);
        assert!((width("HHHHHHHHHH", style) - 10.0 * width("H", style)).abs() < 0.01);
        assert!((width("A", Style::text(20.0)) - 2.0 * width("A", style)).abs() < 0.01);
        let text = "Kartu ini bukan pengganti KTP-el dan dapat disalin";
        let lines = broken(text, style, 30.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, style) <= 30.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(broken("DISDUKCAPILKOTAADMINISTRASI", style, 5.0).len(), 1);
        assert!(broken("", style, 5.0).is_empty());
        let address = broken("di ikd.dukcapil.kemendagri.example/blokir", style, 30.0);
        assert_eq!(address.concat().replace(' ', ""), "diikd.dukcapil.kemendagri.example/blokir");
        assert!(address.iter().all(|line| width(line, style) <= 30.0), "{address:?}");
    }

    #[test]
    fn the_type_shrinks_until_a_name_fits() {
        let mut page = Page::new(A4);
        let name = "RADEN AJENG SITI NURHALIZAH PUTRI KUSUMANINGRUM WIDYASTUTI HADININGRAT";
        page.fitted((0.0, 0.0), (50.0, 2), Style::text(12.0), 5.0, name);
        let Drawn::Text { lines, style, .. } = &page.drawn[0] else { panic!() };
        assert!(lines.len() <= 2 && style.points >= 5.0 && style.points < 12.0);
    }

    #[test]
    fn dark_modules_side_by_side_are_one_rectangle() {
        let dark = [true, true, false, true, false, false, true, true, true];
        let found: Vec<_> = runs(&dark, 3, (1.0, 2.0), 0.5).collect();
        assert_eq!(found, [((1.0, 2.0), (1.0, 0.5)), ((1.0, 2.5), (0.5, 0.5)), ((1.0, 3.0), (1.5, 0.5)),]);
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
