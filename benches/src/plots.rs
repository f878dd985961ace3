//! Plots in SVG.

use std::path::Path;

use plotters::prelude::*;

use crate::Result;

/// The name of this project's signer.
pub const OURS: &str = "cloudauth";

/// A name, and points of bytes and milliseconds.
pub type Series<'a> = (&'a str, Vec<(f64, f64)>);

const COLOURS: [RGBColor; 4] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(120, 120, 120),
];

/// Plots time over size, both logarithmic. A straight line of slope one is linear growth.
pub fn growth(path: &Path, series: &[Series<'_>]) -> Result<()> {
    let root = SVGBackend::new(path, (720, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Build and sign one picture", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1e3..2e7).log_scale(), (1e-3..1e2).log_scale())?;
    let mesh = &mut chart.configure_mesh();
    mesh.x_desc("bytes of base64")
        .y_desc("milliseconds")
        .draw()?;
    for (i, (name, points)) in series.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart
            .draw_series(line)?
            .label(*name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}

/// Plots one bar per ratio. The bars of names that contain [`OURS`] are highlighted.
pub fn bars(path: &Path, ratios: &[(String, f64)]) -> Result<()> {
    let height = 70 + 26 * i32::try_from(ratios.len())?;
    let root = SVGBackend::new(path, (760, height.unsigned_abs())).into_drawing_area();
    root.fill(&WHITE)?;
    let title = ("sans-serif", 18).into_font();
    let caption = "Time relative to the hash work alone (logarithmic)";
    root.draw(&Text::new(caption, (16, 16), title))?;
    let longest = ratios.iter().map(|(_, ratio)| *ratio).fold(2.0, f64::max);
    for (i, (name, ratio)) in ratios.iter().enumerate() {
        let top = 50 + 26 * i32::try_from(i)?;
        let style = ("sans-serif", 14).into_font();
        root.draw(&Text::new(name.clone(), (16, top), style.clone()))?;
        #[expect(clippy::cast_possible_truncation, reason = "at most 330 pixels")]
        let width = (ratio.max(1.0).ln() / longest.ln() * 330.0) as i32;
        let bar = [(330, top), (332 + width, top + 16)];
        let colour = COLOURS[usize::from(!name.contains(OURS)) * 3];
        root.draw(&Rectangle::new(bar, colour.filled()))?;
        let figure = format!("{ratio:.2}");
        root.draw(&Text::new(figure, (340 + width, top), style))?;
    }
    root.present()?;
    Ok(())
}
