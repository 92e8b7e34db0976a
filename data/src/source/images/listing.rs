//! Lists the images of a folder and their classes.

use std::{
    cmp::Ordering,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use crate::error::DataError;

/// The images of a folder, sorted by class, then by name. Numbers in names are sorted by value.
#[derive(Debug)]
pub(super) struct Listing {
    folder: PathBuf,
    /// The names of the subfolders. Empty if the images are in the folder itself.
    classes: Vec<OsString>,
    /// The index of the class and the name of each image.
    images: Vec<(usize, OsString)>,
}

impl Listing {
    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    pub(super) fn has_classes(&self) -> bool {
        !self.classes.is_empty()
    }

    pub(super) fn path(&self, row: usize) -> Option<PathBuf> {
        let (class, name) = self.images.get(row)?;
        Some(match self.classes.get(*class) {
            Some(class) => self.folder.join(class).join(name),
            None => self.folder.join(name),
        })
    }

    /// Returns the path of an image relative to the folder.
    pub(super) fn name(&self, row: usize) -> String {
        let name = self.images.get(row).map(|(_, name)| name.to_string_lossy()).unwrap_or_default();
        if self.has_classes() { format!("{}/{name}", self.class(row)) } else { name.into_owned() }
    }

    pub(super) fn class(&self, row: usize) -> String {
        let class = self.images.get(row).and_then(|(class, _)| self.classes.get(*class));
        class.map(|class| class.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Lists a folder and its subfolders. Skips hidden files and folders, and files without the extension of an image.
///
/// # Errors
/// A folder inside a subfolder, images both in the folder and in subfolders, or no images.
pub(super) fn list(folder: &Path) -> Result<Listing, DataError> {
    let mut others = 0;
    let mut top = entries(folder)?;
    others += top.others;
    top.folders.sort_by(|one, other| natural_order(one, other));
    let (mut classes, mut images) = (Vec::new(), Vec::new());
    for class in top.folders {
        let path = folder.join(&class);
        let inside = entries(&path)?;
        others += inside.others;
        if let Some(inner) = inside.folders.first() {
            return Err(DataError::FolderTooDeep { path: path.join(inner) });
        }
        if !inside.images.is_empty() {
            images.extend(inside.images.into_iter().map(|name| (classes.len(), name)));
            classes.push(class);
        }
    }
    if let (Some(direct), Some(nested)) = (top.images.first(), classes.first()) {
        let (folder, direct, nested) = (folder.to_owned(), direct.into(), nested.into());
        return Err(DataError::ImagesMixed { folder, direct, nested });
    }
    images.extend(top.images.into_iter().map(|name| (0, name)));
    if images.is_empty() {
        return Err(DataError::NoImages { folder: folder.to_owned(), others });
    }
    images
        .sort_by(|(class, name), (other_class, other)| class.cmp(other_class).then_with(|| natural_order(name, other)));
    Ok(Listing { folder: folder.to_owned(), classes, images })
}

/// The entries of a folder.
#[derive(Default)]
struct Entries {
    images: Vec<OsString>,
    folders: Vec<OsString>,
    /// The number of files that are not images.
    others: usize,
}

fn entries(folder: &Path) -> Result<Entries, DataError> {
    let io = |source| DataError::Io { path: folder.to_owned(), source };
    let mut entries = Entries::default();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let is_hidden = name.as_encoded_bytes().first() == Some(&b'.');
        let mut kind = entry.file_type().map_err(io)?;
        let is_image = !is_hidden && is_image(&name);
        if kind.is_symlink() && !is_hidden {
            // A dangling or circular link is an error only if it has the name of an image.
            match fs::metadata(entry.path()) {
                Ok(metadata) => kind = metadata.file_type(),
                Err(source) if is_image => return Err(DataError::Io { path: entry.path(), source }),
                Err(_) => {}
            }
        }
        match () {
            () if kind.is_dir() && is_hidden => {}
            () if kind.is_dir() => entries.folders.push(name),
            () if kind.is_file() && is_image => entries.images.push(name),
            () => entries.others += 1,
        }
    }
    Ok(entries)
}

fn is_image(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    ["png", "jpg", "jpeg", "webp"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Compares names in natural order: `2.png` before `10.png`.
fn natural_order(one: &OsStr, other: &OsStr) -> Ordering {
    let (mut left, mut right) = (one.as_encoded_bytes(), other.as_encoded_bytes());
    loop {
        let (digits, other_digits) = (leading_digits(left), leading_digits(right));
        if !digits.is_empty() && !other_digits.is_empty() {
            let ((value, rest), (other_value, other_rest)) =
                (split_number(left, digits), split_number(right, other_digits));
            let order = value.len().cmp(&other_value.len()).then_with(|| value.cmp(other_value));
            if order.is_ne() {
                return order;
            }
            (left, right) = (rest, other_rest);
            continue;
        }
        match (left.split_first(), right.split_first()) {
            (Some((byte, rest)), Some((other, other_rest))) if byte == other => (left, right) = (rest, other_rest),
            (Some((byte, _)), Some((other, _))) => return byte.cmp(other),
            // They differ only in leading zeros.
            (None, None) => return one.cmp(other),
            (one, other) => return one.is_some().cmp(&other.is_some()),
        }
    }
}

/// Returns the digits at the start of a text.
fn leading_digits(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Returns the digits without leading zeros, and the text after them.
fn split_number<'a>(text: &'a [u8], digits: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (digits.get(zeros..).unwrap_or_default(), text.get(digits.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_natural_total_order() {
        let sorted = ["a", "a1b2", "a01b10", "a2", "a10", "a10b", "b", "é"];
        for (index, one) in sorted.iter().enumerate() {
            for (other_index, other) in sorted.iter().enumerate() {
                let order = natural_order(OsStr::new(one), OsStr::new(other));
                assert_eq!(order, index.cmp(&other_index), "{one} and {other}");
            }
        }
        assert_eq!(natural_order(OsStr::new("01"), OsStr::new("1")), Ordering::Less);
    }
}
