//! A QR code for a terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// The QR code of a URL in half blocks, readable on dark and light terminals alike; `None` if the URL
/// is too long for one.
pub(super) fn code(url: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(url, EcLevel::L).ok()?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Some(format!("{drawn}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules of a drawn code: true is dark. Blocks are drawn where it is light.
    fn modules(drawn: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawn.lines() {
            let halves = |c| match c {
                '█' => [false, false],
                '▀' => [false, true],
                '▄' => [true, false],
                _ => [true, true],
            };
            let cells: Vec<[bool; 2]> = line.chars().map(halves).collect();
            for half in 0..2 {
                rows.push(cells.iter().map(|cell| cell[half]).collect());
            }
        }
        rows
    }

    #[test]
    fn a_drawn_code_reads_as_its_url() {
        const SCALE: usize = 4;
        let url = "https://t.aliyun.com/0RKS?certifyId=sha2a8c1f&style=L";
        let modules = modules(&code(url).unwrap());
        let pixel = |x: usize, y: usize| {
            let row = modules.get(y / SCALE);
            let is_dark = row
                .and_then(|row| row.get(x / SCALE))
                .copied()
                .unwrap_or(false);
            if is_dark { 0 } else { 255 }
        };
        let (width, height) = (modules[0].len() * SCALE, modules.len() * SCALE);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().unwrap().1, url);
    }

    #[test]
    fn a_url_that_is_too_long_has_no_code() {
        assert_eq!(code(&"x".repeat(5_000)), None);
    }
}
