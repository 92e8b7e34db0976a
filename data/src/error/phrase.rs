//! Parts of messages.

use std::path::PathBuf;

pub(super) fn not_finite(value: f32) -> &'static str {
    if value.is_nan() {
        "NaN, expected a finite `f32`; pass --missing mean, median or drop"
    } else {
        "infinite or beyond the largest 32-bit float (3.4e38); correct or scale it"
    }
}

pub(super) fn missing(cell: &str) -> String {
    if cell.is_empty() { "is empty".to_owned() } else { format!("contains the missing value `{cell}`") }
}

pub(super) fn list(folders: &[PathBuf]) -> String {
    let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    folders.join(", ")
}

/// Says how many bytes were found, and why there are more or fewer than declared.
pub(super) fn length(declared: u128, found: u64) -> String {
    if u128::from(found) < declared {
        format!("{found}; the file is cut off or damaged, so download or copy it again")
    } else {
        format!("{found} or more; the file is too long for its header, so write it again")
    }
}
