//! Lists the images of a folder and their classes.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    content_error::ContentError,
    counted::counted,
    error::DataError,
    folder_entries::{is_left_behind, natural_order},
    notes::{Note, NoteCode},
};

/// The endings of images.
const ENDINGS: [&str; 11] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "dib", "gif", "tif", "tiff"];

/// The images of a folder, sorted by class, then by name. Numbers in names are sorted by value.
#[derive(Debug)]
pub(super) struct Listing {
    folder: PathBuf,
    /// The names of the subfolders. Empty if the images are in the folder itself.
    classes: Vec<OsString>,
    /// The index of the class and the name of each image.
    images: Vec<(usize, OsString)>,
    /// The files that are not images.
    others: Others,
}

/// The number of files that are not images, by the ending of their names.
#[derive(Debug, Default)]
struct Others(BTreeMap<String, usize>);

impl Others {
    fn add(&mut self, more: &Others) {
        more.0.iter().for_each(|(ending, count)| *self.0.entry(ending.clone()).or_default() += count);
    }

    fn add_name(&mut self, name: &OsStr) {
        let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase());
        *self.0.entry(ending.unwrap_or_default()).or_default() += 1;
    }

    fn count(&self) -> usize {
        self.0.values().sum()
    }

    /// Counts the files by ending: `2 .txt, 1 without an ending`.
    fn text(&self) -> String {
        /// More endings do not help the reader.
        const MAX_ENDINGS: usize = 8;
        let entry = |(ending, count): (&String, &usize)| match ending.as_str() {
            "" => format!("{count} without an ending"),
            ending => format!("{count} .{ending}"),
        };
        let mut entries: Vec<String> = self.0.iter().take(MAX_ENDINGS).map(entry).collect();
        if self.0.len() > MAX_ENDINGS {
            entries.push("others".to_owned());
        }
        entries.join(", ")
    }
}

impl Listing {
    /// Returns the listing of a single image.
    pub(super) fn single(image: &Path) -> Self {
        let folder = image.parent().unwrap_or(Path::new("")).to_owned();
        let images = image.file_name().map(|name| (0, name.to_owned()));
        Listing { folder, classes: Vec::new(), images: images.into_iter().collect(), others: Others::default() }
    }

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

    /// Describes the files that are not images, if there are any.
    pub(super) fn note(&self) -> Option<Note> {
        let count = self.others.count();
        let were = if count == 1 { "is not an image and was" } else { "are not images and were" };
        let text = format!("{} {were} not read: {}", counted(count, "file"), self.others.text());
        (count > 0).then(|| Note::new(NoteCode::Files, self.folder.display(), text))
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

/// Lists a folder and its subfolders. Skips hidden files and folders, those that systems leave behind, and files
/// without the extension of an image.
///
/// # Errors
/// A folder inside a subfolder, images both in the folder and in subfolders, subfolders that are parts and not classes,
/// two classes whose names read alike, or no images.
pub(super) fn list(folder: &Path) -> Result<Listing, DataError> {
    let mut others = Others::default();
    let mut top = entries(folder)?;
    others.add(&top.others);
    check_parts(folder, &top.folders)?;
    top.folders.sort_by(|one, other| natural_order(one, other));
    let (mut classes, mut images) = (Vec::new(), Vec::new());
    for class in top.folders {
        let path = folder.join(&class);
        let inside = entries(&path)?;
        others.add(&inside.others);
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
        return Err(DataError::NoImages { folder: folder.to_owned(), others: others.count() });
    }
    check_names(folder, &classes)?;
    images
        .sort_by(|(class, name), (other_class, other)| class.cmp(other_class).then_with(|| natural_order(name, other)));
    Ok(Listing { folder: folder.to_owned(), classes, images, others })
}

/// The entries of a folder.
#[derive(Default)]
struct Entries {
    images: Vec<OsString>,
    folders: Vec<OsString>,
    others: Others,
}

fn entries(folder: &Path) -> Result<Entries, DataError> {
    let io = |source| DataError::Io { path: folder.to_owned(), source };
    let mut entries = Entries::default();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let is_hidden = name.as_encoded_bytes().first() == Some(&b'.') || is_left_behind(&name);
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
            () if is_hidden => {}
            () => entries.others.add_name(&name),
        }
    }
    Ok(entries)
}

/// Whether a file has the ending of an image.
pub(in crate::source) fn is_image(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    ENDINGS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Refuses subfolders that are all named like parts of a data set, which would become classes.
fn check_parts(folder: &Path, folders: &[OsString]) -> Result<(), DataError> {
    const PARTS: [(&str, &[&str]); 3] = [
        ("--data", &["train", "training"]),
        ("--valid", &["valid", "validation", "val", "dev"]),
        ("--test", &["test", "testing"]),
    ];
    let part = |name: &OsString| {
        let is_named = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        PARTS.iter().position(|(_, names)| is_named(names))
    };
    let parts: Option<Vec<(usize, &OsString)>> = folders.iter().map(|name| Some((part(name)?, name))).collect();
    let Some(mut parts) = parts.filter(|parts| !parts.is_empty()) else { return Ok(()) };
    parts.sort_by_key(|&(part, _)| part);
    let flag =
        |&(part, name): &(usize, &OsString)| Some(format!("{} {}", PARTS.get(part)?.0, folder.join(name).display()));
    let flags: Vec<String> = parts.iter().filter_map(flag).collect();
    let names: Vec<_> = parts.iter().map(|(_, name)| format!("`{}`", name.display())).collect();
    let (folder, names, flags) = (folder.to_owned(), names.join(", "), flags.join(" "));
    Err(DataError::content(ContentError::PartsAsClasses { folder, names, flags }))
}

/// Refuses two classes whose names are not UTF-8 and read alike.
fn check_names(folder: &Path, classes: &[OsString]) -> Result<(), DataError> {
    let mut known: HashMap<String, &OsString> = HashMap::new();
    for class in classes {
        if let Some(other) = known.insert(class.to_string_lossy().into_owned(), class) {
            let (folder, one, other) = (folder.to_owned(), format!("{other:?}"), format!("{class:?}"));
            return Err(DataError::content(ContentError::ClassesAlike { folder, one, other }));
        }
    }
    Ok(())
}
