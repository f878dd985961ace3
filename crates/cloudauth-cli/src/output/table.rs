//! Tables whose columns are as wide as their widest cell.

use unicode_width::UnicodeWidthStr;

/// Rows under headings. Chinese characters are two columns wide.
pub(super) fn aligned(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let cells = cells.map(|cell| cell.width());
        cells.chain([headings[column].width()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())))
            .collect();
        format!("  {}\n", padded.join("  ").trim_end())
    };
    let headings: Vec<String> = headings.iter().map(ToString::to_string).collect();
    let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let lines = [&headings, &rules].into_iter().chain(rows);
    lines.map(|row| line(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_when_characters_are_two_columns_wide() {
        let rows = [["张三", "x"], ["Li", "y"]].map(|row| row.map(String::from).to_vec());
        let expected = "  name  n\n  ----  -\n  张三  x\n  Li    y\n";
        assert_eq!(aligned(&["name", "n"], &rows), expected);
    }
}
