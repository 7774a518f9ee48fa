//! Pages as they are drawn become a tagged PDF.

use std::num::NonZeroU16;

use krilla::color::luma;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree};
use krilla::text::Font;
use krilla::{Document, SerializeSettings};

use super::letters::{BOLD, REGULAR, glyphs};
use super::{Cell, Drawn, POINTS, Page, PdfError, Role, RowKind, Style};

/// Writes pages as a tagged PDF with this title, in this language (RFC 3066). Its headings are its outline.
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
    let tree = TagTree::new().with_lang(Some(language.to_owned()));
    let mut tags = Tags { tree, table: None, outline: Outline::new(), page: 0 };
    for (number, Page { size, drawn }) in pages.into_iter().enumerate() {
        tags.page = number;
        let settings = PageSettings::from_wh(size.0 * POINTS, size.1 * POINTS).ok_or(PdfError("the size of a page"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for one in drawn {
            draw(&mut surface, &mut tags, &fonts, one)?;
        }
        surface.finish();
        page.finish();
    }
    tags.end_table();
    document.set_tag_tree(tags.tree);
    document.set_metadata(Metadata::new().title(title.to_owned()).language(language.to_owned()));
    document.set_outline(tags.outline);
    // The error may quote what was drawn.
    document.finish().map_err(|_| PdfError("what was drawn breaks a rule of PDF/UA"))
}

/// What was drawn, in the order in which it is read.
struct Tags {
    tree: TagTree,
    /// The table whose rows come, and its number.
    table: Option<(usize, TagGroup)>,
    outline: Outline,
    page: usize,
}

impl Tags {
    fn push(&mut self, group: TagGroup) {
        self.end_table();
        self.tree.push(group);
    }

    fn end_table(&mut self) {
        if let Some((_, table)) = self.table.take() {
            self.tree.push(table);
        }
    }

    fn push_row(&mut self, number: usize, row: TagGroup) {
        if self.table.as_ref().is_none_or(|(open, _)| *open != number) {
            self.end_table();
        }
        self.table.get_or_insert_with(|| (number, TagGroup::new(Tag::Table))).1.push(row);
    }
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

fn draw(surface: &mut Surface<'_>, tags: &mut Tags, fonts: &Fonts, drawn: Drawn) -> Result<(), PdfError> {
    match drawn {
        Drawn::Text { at, lines, style } => text(surface, tags, fonts, at, &lines, style),
        Drawn::Row { table, kind, cells, style } => {
            let row = row(surface, fonts, &cells, kind, style);
            tags.push_row(table, row);
        }
        Drawn::Aside { at, text, style } => {
            let _ = surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)));
            one_line(surface, fonts, at, &text, style);
            surface.end_tagged();
        }
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

fn text(surface: &mut Surface<'_>, tags: &mut Tags, fonts: &Fonts, at: (f32, f32), lines: &[String], style: Style) {
    let words = lines.join(" ");
    let mut group = match style.role {
        Role::Title => TagGroup::new(Tag::Hn(NonZeroU16::MIN, Some(words.clone()))),
        Role::Heading => TagGroup::new(Tag::Hn(NonZeroU16::MIN.saturating_add(1), Some(words.clone()))),
        Role::Text => TagGroup::new(Tag::P),
    };
    if style.role != Role::Text {
        let top = Point::from_xy(0.0, (at.1 * POINTS - style.points).max(0.0));
        tags.outline.push_child(OutlineNode::new(words, XyzDestination::new(tags.page, top)));
    }
    for (line, words) in lines.iter().enumerate() {
        let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        one_line(surface, fonts, (at.0, at.1 + line as f32 * style.leading()), words, style);
        surface.end_tagged();
        group.push(id);
    }
    tags.push(group);
}

fn row(surface: &mut Surface<'_>, fonts: &Fonts, cells: &[Cell], kind: RowKind, style: Style) -> TagGroup {
    let mut row = TagGroup::new(Tag::TR);
    for (place, Cell { at, lines }) in cells.iter().enumerate() {
        let (mut cell, bold) = match kind {
            RowKind::Head => (TagGroup::new(Tag::TH(TableHeaderScope::Column)), true),
            RowKind::Named if place == 0 => (TagGroup::new(Tag::TH(TableHeaderScope::Row)), style.bold),
            RowKind::Named | RowKind::Values => (TagGroup::new(Tag::TD), style.bold),
        };
        let style = Style { bold, ..style };
        // One mark a cell: a table of ten thousand rows has fifty thousand of them.
        let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        for (line, words) in lines.iter().enumerate() {
            one_line(surface, fonts, (at.0, at.1 + line as f32 * style.leading()), words, style);
        }
        surface.end_tagged();
        cell.push(id);
        row.push(cell);
    }
    row
}

fn one_line(surface: &mut Surface<'_>, fonts: &Fonts, at: (f32, f32), words: &str, style: Style) {
    surface.set_stroke(None);
    surface.set_fill(Some(fill(style.grey)));
    let font = if style.bold { &fonts.bold } else { &fonts.regular };
    let start = Point::from_xy(at.0 * POINTS, at.1 * POINTS);
    surface.draw_glyphs(start, &glyphs(words, style.bold), font.clone(), words, style.points, false);
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
    tags: &mut Tags,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_modules_side_by_side_are_one_rectangle() {
        let dark = [true, true, false, true, false, false, true, true, true];
        let found: Vec<_> = runs(&dark, 3, (1.0, 2.0), 0.5).collect();
        assert_eq!(found, [((1.0, 2.0), (1.0, 0.5)), ((1.0, 2.5), (0.5, 0.5)), ((1.0, 3.0), (1.5, 0.5)),]);
    }
}
