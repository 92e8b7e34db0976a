//! SHA-256, the fingerprint of a file.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Returns the SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    sha256_hex_of([bytes])
}

/// Returns the SHA-256 of the concatenation of `parts`, as 64 lower-case hexadecimal digits.
pub fn sha256_hex_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    hex(parts.into_iter().fold(Sha256::new(), Sha256::chain_update))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A SHA-256 that is computed piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Appends bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the SHA-256 of all bytes so far, as 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_digest_of_an_empty_input_is_the_published_one() {
        assert_eq!(super::sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
