//! A few smooth shapes, enough for a face.

use image::RgbImage;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

impl Colour {
    pub(super) fn darker(self, factor: f32) -> Self {
        let scale = |channel: u8| (f32::from(channel) * factor) as u8;
        Self(scale(self.0), scale(self.1), scale(self.2))
    }

    pub(super) fn lighter(self, part: f32) -> Self {
        let scale = |channel: u8| (f32::from(channel) + (255.0 - f32::from(channel)) * part) as u8;
        Self(scale(self.0), scale(self.1), scale(self.2))
    }
}

pub(super) struct Canvas(RgbImage);

impl Canvas {
    pub(super) fn new(width: u32, height: u32, background: Colour) -> Self {
        let half = width as f32 / 2.0;
        Self(RgbImage::from_fn(width, height, |x, y| {
            // Studio light: a little brighter behind the head.
            let (dx, dy) = ((x as f32 - half) / half, (y as f32 - half) / half);
            let light = (1.0 - (dx * dx + dy * dy) * 0.5).max(0.0) * 0.1;
            let colour = background.lighter(light);
            image::Rgb([colour.0, colour.1, colour.2])
        }))
    }

    pub(super) fn into_picture(self) -> RgbImage {
        self.0
    }

    /// Blends `colour` over the box `x0..x1, y0..y1`; `inside` says how many pixels a point lies inside the shape.
    fn paint(&mut self, span: [f32; 4], colour: Colour, alpha: f32, inside: impl Fn(f32, f32) -> f32) {
        let [x0, x1, y0, y1] = span;
        let (width, height) = (self.0.width() as i32, self.0.height() as i32);
        for y in (y0 as i32 - 1).max(0)..(y1 as i32 + 2).min(height) {
            for x in (x0 as i32 - 1).max(0)..(x1 as i32 + 2).min(width) {
                let cover = (inside(x as f32, y as f32) + 0.5).clamp(0.0, 1.0) * alpha;
                if cover > 0.0 {
                    let pixel = self.0.get_pixel_mut(x as u32, y as u32);
                    for (channel, target) in pixel.0.iter_mut().zip([colour.0, colour.1, colour.2]) {
                        *channel = (f32::from(*channel) + (f32::from(target) - f32::from(*channel)) * cover) as u8;
                    }
                }
            }
        }
    }

    pub(super) fn ellipse(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, colour: Colour, alpha: f32) {
        let scale = rx.min(ry);
        self.paint([cx - rx, cx + rx, cy - ry, cy + ry], colour, alpha, |x, y| {
            let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
            (1.0 - (dx * dx + dy * dy).sqrt()) * scale
        });
    }

    /// The upper part of an ellipse, cut off at `line`, which sinks by `drop` towards the sides.
    #[expect(clippy::too_many_arguments, reason = "a shape is its numbers")]
    pub(super) fn cap(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, line: f32, drop: f32, colour: Colour) {
        let scale = rx.min(ry);
        self.paint([cx - rx, cx + rx, cy - ry, line + drop * 3.0], colour, 1.0, |x, y| {
            let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
            let edge = line + drop * 3.0 * dx * dx * dx.abs() - y;
            ((1.0 - (dx * dx + dy * dy).sqrt()) * scale).min(edge)
        });
    }

    /// A block from `top` to `bottom`, half as wide as stated at each end.
    pub(super) fn block(&mut self, cx: f32, top: f32, bottom: f32, at_top: f32, at_bottom: f32, colour: Colour) {
        let widest = at_top.max(at_bottom);
        self.paint([cx - widest, cx + widest, top, bottom], colour, 1.0, |x, y| {
            let part = (y - top) / (bottom - top);
            let half = at_top + (at_bottom - at_top) * part;
            (half - (x - cx).abs()).min(y - top).min(bottom - y)
        });
    }

    /// A bow of half width `rx` through (cx, cy ± bend at the middle), `thick` pixels thick and thinner at the ends.
    pub(super) fn arc(&mut self, cx: f32, cy: f32, rx: f32, bend: f32, thick: f32, colour: Colour) {
        let reach = bend.abs() + thick;
        self.paint([cx - rx, cx + rx, cy - reach, cy + reach], colour, 0.95, |x, y| {
            let part = (x - cx) / rx;
            let middle = cy + bend * (1.0 - part * part);
            let half = thick / 2.0 * (1.0 - part * part).max(0.0).sqrt();
            half - (y - middle).abs()
        });
    }
}
