//! The colours of lines.

/// A palette that most colour-blind people can distinguish (Okabe and Ito 2008).
const COLORS: [[u8; 3]; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];

/// Returns the colour of a line. Colours repeat after the sixth line.
pub(crate) fn color(index: usize) -> [u8; 3] {
    COLORS[index % COLORS.len()]
}
