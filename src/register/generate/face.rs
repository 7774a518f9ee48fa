//! Faces for synthetic residents, drawn in the manner of an Indonesian *pas foto*.

use super::stream::Stream;
use crate::register::portrait::fit;
use crate::register::{Date, RegisterRecord, Religion, Sex};

mod canvas;

use canvas::{Canvas, Colour};

const WIDTH: f32 = 240.0;
const HEIGHT: f32 = 320.0;
const MIDDLE: f32 = 120.0;

/// Draws a face: red background for odd years of birth, blue for even ones.
/// Equal inputs give equal bytes.
pub(super) fn draw(record: &RegisterRecord, as_of: Date, mut stream: Stream) -> Vec<u8> {
    let stream = &mut stream;
    let red = record.birth_date.year() % 2 != 0;
    let background = if red { Colour(190, 24, 36) } else { Colour(28, 78, 168) };
    let face = Face::of(record, record.birth_date.age_on(as_of), stream);
    let mut canvas = Canvas::new(WIDTH as u32, HEIGHT as u32, background);
    face.draw(&mut canvas);
    // A drawn face is smooth: the first quality fits.
    fit(canvas.into_picture()).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Short,
    Long,
    Bald,
    Peci,
    Hijab,
}

struct Face {
    head: Head,
    skin: Colour,
    hair: Colour,
    cloth: Colour,
    veil: Colour,
    width: f32,
    length: f32,
    eyes: f32,
    brows: f32,
    smile: f32,
    nose: f32,
    moustache: bool,
    old: bool,
}

impl Face {
    fn of(record: &RegisterRecord, age: u16, stream: &mut Stream) -> Self {
        let skins = match record.nik.province() {
            53 | 81 | 82 | 91..=96 => [Colour(124, 80, 54), Colour(104, 66, 44), Colour(142, 96, 66)],
            _ => [Colour(214, 164, 122), Colour(196, 144, 102), Colour(228, 184, 146)],
        };
        let woman = record.sex == Sex::Female;
        let muslim = record.religion == Religion::Islam;
        let head = match (woman, muslim) {
            (true, true) if stream.permille(780) => Head::Hijab,
            (true, _) => Head::Long,
            (false, true) if stream.permille(260) => Head::Peci,
            (false, _) if age > 55 && stream.permille(300) => Head::Bald,
            (false, _) => Head::Short,
        };
        let hair = match age {
            ..45 => Colour(26, 20, 18),
            45..60 => stream.pick(&[Colour(34, 28, 26), Colour(78, 74, 72)]),
            _ => stream.pick(&[Colour(120, 118, 116), Colour(168, 166, 164)]),
        };
        Self {
            head,
            skin: stream.pick(&skins),
            hair,
            cloth: stream.pick(&[
                Colour(244, 244, 240),
                Colour(44, 52, 72),
                Colour(126, 88, 52),
                Colour(62, 96, 78),
                Colour(98, 60, 92),
                Colour(220, 206, 180),
            ]),
            veil: stream.pick(&[
                Colour(40, 44, 58),
                Colour(236, 228, 216),
                Colour(132, 96, 110),
                Colour(92, 112, 104),
                Colour(176, 148, 124),
                Colour(110, 120, 150),
            ]),
            width: stream.between(49.0, 56.0),
            length: stream.between(63.0, 70.0),
            eyes: stream.between(20.0, 23.5),
            brows: stream.between(2.0, if woman { 3.0 } else { 4.4 }),
            smile: stream.between(1.5, 6.0),
            nose: stream.between(8.0, 12.0),
            moustache: !woman && age > 20 && stream.permille(300),
            old: age > 52,
        }
    }

    fn draw(&self, canvas: &mut Canvas) {
        let (cx, cy) = (MIDDLE, 148.0);
        let shade = self.skin.darker(0.82);
        if self.head == Head::Long {
            canvas.ellipse(cx, cy + 14.0, self.width + 20.0, self.length + 34.0, self.hair, 1.0);
        }
        // Shoulders, neck, collar.
        canvas.ellipse(cx, 342.0, 114.0, 112.0, self.cloth, 1.0);
        canvas.ellipse(cx, 226.0, 28.0, 46.0, self.skin.darker(0.9), 1.0);
        canvas.ellipse(cx, cy + self.length - 2.0, 22.0, 15.0, shade, 0.55);
        canvas.ellipse(cx - 30.0, 262.0, 24.0, 10.0, self.cloth.darker(0.88), 1.0);
        canvas.ellipse(cx + 30.0, 262.0, 24.0, 10.0, self.cloth.darker(0.88), 1.0);
        if self.head == Head::Hijab {
            canvas.ellipse(cx, 292.0, 94.0, 78.0, self.veil, 1.0);
            canvas.ellipse(cx, cy - 2.0, self.width + 22.0, self.length + 24.0, self.veil, 1.0);
            canvas.ellipse(cx, cy + 70.0, self.width + 14.0, 50.0, self.veil, 1.0);
            canvas.ellipse(cx + 14.0, 262.0, 52.0, 5.0, self.veil.darker(0.8), 0.7);
            canvas.ellipse(cx, cy + 2.0, self.width + 4.0, self.length + 4.0, self.veil.darker(0.72), 0.9);
        } else {
            for side in [-1.0, 1.0] {
                canvas.ellipse(cx + side * (self.width + 1.0), cy + 6.0, 8.0, 15.0, self.skin.darker(0.93), 1.0);
                canvas.ellipse(cx + side * (self.width + 2.0), cy + 6.0, 4.0, 9.0, shade, 0.7);
            }
        }
        canvas.ellipse(cx, cy, self.width, self.length, self.skin, 1.0);
        canvas.ellipse(cx, cy + 24.0, self.width * 0.82, self.length * 0.6, self.skin.lighter(0.06), 0.6);
        self.hair(canvas, cx, cy);
        self.features(canvas, cx, cy, shade);
    }

    fn hair(&self, canvas: &mut Canvas, cx: f32, cy: f32) {
        let top = cy - self.length;
        match self.head {
            Head::Short | Head::Long => {
                let line = top + 27.0;
                canvas.cap(cx, cy - 8.0, self.width + 7.0, self.length + 4.0, line, 10.0, self.hair);
                if self.head == Head::Long {
                    for side in [-1.0, 1.0] {
                        canvas.ellipse(cx + side * (self.width + 6.0), cy + 30.0, 13.0, 66.0, self.hair, 1.0);
                    }
                }
            }
            Head::Bald => {
                for side in [-1.0, 1.0] {
                    canvas.ellipse(cx + side * (self.width - 1.0), cy - 18.0, 7.0, 22.0, self.hair, 1.0);
                }
            }
            Head::Peci => {
                let cap = Colour(18, 18, 22);
                for side in [-1.0, 1.0] {
                    canvas.ellipse(cx + side * (self.width - 1.0), cy - 16.0, 6.0, 20.0, self.hair, 1.0);
                }
                canvas.block(cx, top - 16.0, top + 30.0, self.width - 3.0, self.width + 4.0, cap);
                canvas.ellipse(cx, top - 15.0, self.width - 3.0, 6.0, cap.lighter(0.12), 1.0);
            }
            Head::Hijab => {
                canvas.cap(cx, cy, self.width + 2.0, self.length + 2.0, top + 17.0, 9.0, self.veil.darker(0.86));
            }
        }
    }

    fn features(&self, canvas: &mut Canvas, cx: f32, cy: f32, shade: Colour) {
        let dark = Colour(34, 22, 18);
        for side in [-1.0, 1.0] {
            let x = cx + side * self.eyes;
            canvas.ellipse(x, cy - 9.0, 13.0, 8.0, shade, 0.35);
            canvas.ellipse(x, cy - 8.0, 10.0, 4.8, Colour(246, 242, 236), 1.0);
            canvas.ellipse(x, cy - 8.0, 4.6, 4.6, Colour(58, 36, 24), 1.0);
            canvas.ellipse(x, cy - 8.0, 2.2, 2.2, Colour(12, 8, 8), 1.0);
            canvas.ellipse(x + 1.6, cy - 9.6, 1.1, 1.1, Colour(255, 255, 255), 1.0);
            canvas.arc(x, cy - 8.5, 11.0, -4.6, 1.6, dark);
            canvas.arc(x, cy - 21.0, 13.0, -3.4, self.brows, if self.old { self.hair.darker(0.8) } else { dark });
            canvas.ellipse(x + side * 8.0, cy + 16.0, 13.0, 9.0, Colour(206, 112, 92), 0.16);
            if self.old {
                canvas.arc(x, cy + 1.5, 10.0, 3.0, 1.1, shade);
                canvas.ellipse(cx + side * 21.0, cy + 28.0, 1.6, 11.0, shade, 0.6);
            }
        }
        canvas.ellipse(cx + 2.0, cy + 6.0, 4.0, 15.0, shade, 0.35);
        canvas.ellipse(cx, cy + 17.0, self.nose, 6.5, self.skin.darker(0.92), 0.9);
        canvas.ellipse(cx - self.nose * 0.5, cy + 20.0, 2.4, 1.6, shade.darker(0.6), 0.8);
        canvas.ellipse(cx + self.nose * 0.5, cy + 20.0, 2.4, 1.6, shade.darker(0.6), 0.8);
        if self.moustache {
            canvas.arc(cx, cy + 29.5, 17.0, -2.6, 4.0, self.hair);
        }
        let lips = Colour(168, 84, 78);
        canvas.ellipse(cx, cy + 40.0, 15.0, 4.6, lips.lighter(0.08), 0.9);
        canvas.ellipse(cx, cy + 36.0, 16.5, 3.6, lips, 0.95);
        canvas.arc(cx, cy + 37.5, 18.0, self.smile, 1.7, lips.darker(0.55));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::generate::Generator;
    use crate::register::portrait::MAX_BYTES;

    fn as_of() -> Date {
        Date::parse("2026-11-01").unwrap()
    }

    #[test]
    fn drawn_portraits_are_small_repeatable_and_different() {
        let generator = Generator::new(3, as_of());
        let mut seen = std::collections::HashSet::new();
        for index in 0..12 {
            let record = generator.resident(index).unwrap();
            let bytes = generator.portrait(index, &record);
            assert_eq!(bytes, generator.portrait(index, &record));
            assert!(bytes.len() > 2_000 && bytes.len() <= MAX_BYTES, "{}", bytes.len());
            let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap().to_rgb8();
            assert_eq!((picture.width(), picture.height()), (240, 320));
            let corner = picture.get_pixel(4, 4).0;
            assert_eq!(corner[0] > corner[2], record.birth_date.year() % 2 != 0, "{corner:?}");
            seen.insert(bytes);
        }
        assert_eq!(seen.len(), 12);
    }
}
