//! Text that runs over as many pages as it needs: headings, paragraphs, tables whose head is drawn again on every page, and a foot with the
//! page's number. Pure.

use super::letters::wrapped;
use super::{A4, Cell, Drawn, Page, Role, RowKind, Style};

/// White around the text: left and right, above, below. The foot stands in what is below.
const SIDE: f32 = 18.0;
const TOP: f32 = 20.0;
const BOTTOM: f32 = 24.0;
/// How wide text is.
pub const WIDTH: f32 = A4.0 - 2.0 * SIDE;
/// Room that a heading needs, so that something stands under it.
const UNDER_HEADING: f32 = 26.0;
/// White within a cell: beside the text, and above and below it.
const CELL: (f32, f32) = (1.2, 1.3);
const TITLE: Style = Style::text(20.0).bold().role(Role::Title);
const HEADING: Style = Style::text(13.0).bold().role(Role::Heading);
const TEXT: Style = Style::text(10.0);
const TABLE: Style = Style::text(8.5);
const FOOT: Style = Style::text(8.0).grey(70);

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// What stands above it.
    pub name: &'a str,
    /// How wide it is, in millimetres.
    pub width: f32,
}

/// A document that grows downwards.
pub struct Flow {
    pages: Vec<Page>,
    page: Page,
    /// Where the next thing begins.
    y: f32,
    tables: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self { pages: Vec::new(), page: Page::new(A4), y: TOP, tables: 0 }
    }
}

impl Flow {
    /// The heading of the document.
    pub fn title(&mut self, text: &str) {
        self.words(TITLE, text);
        self.y += 1.5;
    }

    /// The heading of a part.
    pub fn heading(&mut self, text: &str) {
        self.make_room(UNDER_HEADING);
        if self.y > TOP {
            self.y += 5.0;
        }
        self.words(HEADING, text);
        self.y += 1.2;
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.words(TEXT, text);
        self.y += 1.5;
    }

    /// A paragraph in bold.
    pub fn bold(&mut self, text: &str) {
        self.words(TEXT.bold(), text);
        self.y += 1.5;
    }

    /// A JPEG at the right of what comes next, which may be as wide as this gives and has to go down as far.
    pub fn picture_at_right(&mut self, (width, height): (f32, f32), bytes: &[u8], says: &str) -> f32 {
        self.make_room(height + 2.0);
        self.page.jpeg((SIDE + WIDTH - width, self.y), (width, height), bytes, says);
        WIDTH - width - 5.0
    }

    /// What is said of one thing: a name and a value in each row, together this wide.
    pub fn facts(&mut self, width: f32, facts: &[(String, String)]) {
        let widths = [52.0, width - 52.0];
        self.tables += 1;
        for (name, value) in facts {
            self.row(None, &widths, RowKind::Named, &[name.as_str(), value.as_str()]);
        }
        self.y += 2.0;
    }

    /// A table. Its head is drawn again on every page that it reaches.
    pub fn table(&mut self, columns: &[Column<'_>], rows: impl IntoIterator<Item = Vec<String>>) {
        let widths: Vec<_> = columns.iter().map(|column| column.width).collect();
        let head: Vec<_> = columns.iter().map(|column| column.name).collect();
        self.tables += 1;
        self.make_room(UNDER_HEADING);
        self.row(None, &widths, RowKind::Head, &head);
        for row in rows {
            let cells: Vec<_> = row.iter().map(String::as_str).collect();
            self.row(Some(&head), &widths, RowKind::Values, &cells);
        }
        self.y += 2.0;
    }

    /// The pages, each with its foot: what `foot` makes of a page's number and of how many there are.
    pub fn finish(mut self, foot: impl Fn(usize, usize) -> String) -> Vec<Page> {
        self.pages.push(self.page);
        let all = self.pages.len();
        for (number, page) in self.pages.iter_mut().enumerate() {
            page.line((SIDE, A4.1 - 16.0), (A4.0 - SIDE, A4.1 - 16.0), None);
            page.drawn.push(Drawn::Aside { at: (SIDE, A4.1 - 11.5), text: foot(number + 1, all), style: FOOT });
        }
        self.pages
    }

    /// A paragraph, line by line onto the next page where it has to be.
    fn words(&mut self, style: Style, text: &str) {
        let lines = wrapped(text, style, WIDTH);
        let mut rest = lines.as_slice();
        while !rest.is_empty() {
            self.make_room(style.leading());
            let fit = ((A4.1 - BOTTOM - self.y) / style.leading()).floor().max(1.0) as usize;
            let (now, later) = rest.split_at(fit.min(rest.len()));
            let at = (SIDE, self.y + style.leading() * 0.8);
            let lines = now.iter().map(|line| line.trim_end().to_owned()).collect();
            self.page.drawn.push(Drawn::Text { at, lines, style });
            self.y += now.len() as f32 * style.leading();
            rest = later;
        }
    }

    /// A row; where it begins a page, `head` is drawn above it. An empty cell has a hyphen, so that a reader hears that it is empty.
    fn row(&mut self, head: Option<&[&str]>, widths: &[f32], kind: RowKind, cells: &[&str]) {
        let style = if kind == RowKind::Head { TABLE.bold() } else { TABLE };
        let lines = |(text, width): (&&str, &f32)| {
            let text = if text.is_empty() { "-" } else { text };
            wrapped(text, style, width - 2.0 * CELL.0)
        };
        let lines: Vec<Vec<String>> = cells.iter().zip(widths).map(lines).collect();
        let most = lines.iter().map(Vec::len).max().unwrap_or_default();
        let height = most as f32 * style.leading() + 2.0 * CELL.1;
        if self.make_room(height)
            && let Some(head) = head
        {
            self.head_again(head, widths);
        }
        let width: f32 = widths.iter().sum();
        if kind == RowKind::Head {
            self.page.area((SIDE, self.y), (width, height), 228);
        }
        let baseline = self.y + CELL.1 + style.leading() * 0.75;
        let mut x = SIDE;
        let placed = lines.into_iter().zip(widths).map(|(lines, width)| {
            let at = (x + CELL.0, baseline);
            x += width;
            Cell { at, lines }
        });
        let cells = placed.collect();
        self.page.drawn.push(Drawn::Row { table: self.tables, kind, cells, style });
        self.y += height;
        self.page.line((SIDE, self.y), (SIDE + width, self.y), None);
    }

    /// The head of a table that goes on: for the eye alone.
    fn head_again(&mut self, names: &[&str], widths: &[f32]) {
        let style = TABLE.bold();
        let lines: Vec<_> =
            names.iter().zip(widths).map(|(name, width)| wrapped(name, style, width - 2.0 * CELL.0)).collect();
        let most = lines.iter().map(Vec::len).max().unwrap_or_default();
        let height = most as f32 * style.leading() + 2.0 * CELL.1;
        self.page.area((SIDE, self.y), (widths.iter().sum(), height), 228);
        let mut x = SIDE;
        for (lines, width) in lines.into_iter().zip(widths) {
            for (line, text) in lines.into_iter().enumerate() {
                let y = self.y + CELL.1 + style.leading() * (0.75 + line as f32);
                self.page.drawn.push(Drawn::Aside { at: (x + CELL.0, y), text, style });
            }
            x += width;
        }
        self.y += height;
    }

    /// Begins another page where this much does not fit any more, and says whether it did.
    fn make_room(&mut self, height: f32) -> bool {
        if self.y + height <= A4.1 - BOTTOM || self.y <= TOP {
            return false;
        }
        let full = std::mem::replace(&mut self.page, Page::new(A4));
        self.pages.push(full);
        self.y = TOP;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of a table with so many rows, and the lowest point that a row reaches.
    fn pages(rows: usize) -> (Vec<Page>, f32) {
        let mut flow = Flow::default();
        flow.title("Salinan");
        flow.heading("Pemeriksaan");
        let columns = [Column { name: "Waktu", width: 30.0 }, Column { name: "Oleh", width: 144.0 }];
        let texts = (0..rows).map(|row| vec![format!("{row}"), "Bank ".repeat(row % 70)]);
        flow.table(&columns, texts);
        flow.paragraph(&"kata ".repeat(3_000));
        let mut lowest: f32 = 0.0;
        let pages = flow.finish(|page, all| format!("Halaman {page} dari {all}"));
        for drawn in pages.iter().flat_map(|page| &page.drawn) {
            if let Drawn::Row { cells, style, .. } = drawn {
                let bottom = |cell: &Cell| cell.at.1 + cell.lines.len() as f32 * style.leading();
                lowest = cells.iter().map(bottom).fold(lowest, f32::max);
            }
            if let Drawn::Text { at, lines, style } = drawn {
                lowest = lowest.max(at.1 + lines.len() as f32 * style.leading());
            }
        }
        (pages, lowest)
    }

    #[test]
    fn a_table_runs_over_pages_and_nothing_runs_over_the_foot() {
        let (pages, lowest) = pages(500);
        assert!(pages.len() > 10 && lowest < A4.1 - 16.0, "{} pages, {lowest}", pages.len());
        let rows = |page: &Page| page.drawn.iter().filter(|one| matches!(one, Drawn::Row { .. })).count();
        assert_eq!(pages.iter().map(rows).sum::<usize>(), 501, "each row once, and its head once");
        let asides = |page: &Page| -> Vec<String> {
            let texts = page.drawn.iter().filter_map(|one| match one {
                Drawn::Aside { text, .. } => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        };
        assert_eq!(asides(&pages[0]), [format!("Halaman 1 dari {}", pages.len())]);
        assert_eq!(asides(&pages[1]), ["Waktu".to_owned(), "Oleh".into(), format!("Halaman 2 dari {}", pages.len())]);
        assert!(super::super::write("Salinan", "id", pages).is_ok(), "as PDF/UA-1");
    }
}
