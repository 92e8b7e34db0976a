//! The text that names a bundle in a query.

use std::{fmt, path::PathBuf};

use url::Url;

use crate::Error;

/// Number of hexadecimal digits of a digest.
const DIGEST_DIGITS: usize = 64;

/// A parsed name of a bundle: a path, or the address of a packed file, each with an optional digest.
///
/// `models/vae`, `vae@6f0c…`, `s3://bucket/vae.narrows@6f0c…`. The digest is that of the manifest, which contains the
/// SHA-256 of every other file; `narrows inspect` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where the bundle is.
    pub location: Location,
    /// Digest that the bundle must have, 64 lower-case hexadecimal digits.
    pub digest: Option<String>,
}

/// Where a bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder or a packed file on this machine.
    Path(PathBuf),
    /// A packed file in an object store.
    Url(Url),
}

impl Reference {
    /// Parses the text.
    ///
    /// # Errors
    /// [`Error::Reference`] for an empty text, a malformed digest or address, and an address without a digest, because
    /// a downloaded file could not be checked.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let error = |what: &str| Error::Reference { reference: text.to_owned(), what: what.to_owned() };
        let (location, digest) = match text.rsplit_once('@') {
            Some((location, digest)) if is_hexadecimal(digest) => {
                if digest.len() != DIGEST_DIGITS {
                    return Err(error(&format!("the digest has {} digits, expected {DIGEST_DIGITS}", digest.len())));
                }
                (location, Some(digest.to_ascii_lowercase()))
            }
            _ => (text, None),
        };
        if location.is_empty() {
            return Err(error("it is empty"));
        }
        if !location.contains("://") {
            return Ok(Reference { location: Location::Path(location.into()), digest });
        }
        let url = Url::parse(location).map_err(|cause| error(&cause.to_string()))?;
        if url.scheme() == "file" {
            let path = url.to_file_path().map_err(|()| error("the address has no path on this machine"))?;
            return Ok(Reference { location: Location::Path(path), digest });
        }
        if digest.is_none() {
            return Err(error(
                "an address needs the digest of the bundle: ADDRESS@DIGEST (`narrows inspect` prints it)",
            ));
        }
        Ok(Reference { location: Location::Url(url), digest })
    }

    /// Returns the reference with this digest.
    #[must_use]
    pub fn pinned(mut self, digest: &str) -> Self {
        self.digest = Some(digest.to_owned());
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Path(path) => write!(formatter, "{}", path.display())?,
            Location::Url(url) => write!(formatter, "{url}")?,
        }
        match &self.digest {
            Some(digest) => write!(formatter, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_printed_as_it_was_parsed() {
        let digest = "0a".repeat(32);
        for text in ["models/vae", "/srv/a@b/vae", &format!("vae@{digest}"), &format!("s3://b/vae.narrows@{digest}")] {
            let reference = Reference::parse(text).expect("a valid reference");
            assert_eq!(reference.to_string(), text);
        }
        let upper = Reference::parse(&format!("vae@{}", digest.to_uppercase())).expect("a valid reference");
        assert_eq!(upper.digest.as_deref(), Some(digest.as_str()));
    }

    #[test]
    fn malformed_references_are_refused() {
        let cases = [
            ("", "it is empty"),
            ("vae@0a0a", "the digest has 4 digits, expected 64"),
            ("https://host/vae.narrows", "an address needs the digest"),
            ("s3://", "an address needs the digest"),
            ("http://[@00", "the digest has 2 digits"),
        ];
        for (text, expected) in cases {
            let message = Reference::parse(text).expect_err("a malformed reference").to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
