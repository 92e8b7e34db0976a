//! The digest of the manifest. The manifest contains the hashes of all other files; its own digest detects changes of
//! the manifest itself.

use crate::sha256_hex;

/// Placeholder of the digest while the digest is computed.
pub(crate) const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Replaces `current_digest` in the text of a manifest by the correct digest: the SHA-256 of the text in which the
/// digest is replaced by 64 zeros.
///
/// The digest detects accidental changes; it is not a signature.
pub fn sealed(manifest: &str, current_digest: &str) -> String {
    let blank = manifest.replacen(current_digest, UNSEALED, 1);
    let digest = sha256_hex(blank.as_bytes());
    blank.replacen(UNSEALED, &digest, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealing_is_idempotent_and_any_change_alters_the_digest() {
        let text = format!("{{ \"digest\": \"{UNSEALED}\", \"figure\": 0.25 }}");
        let first = sealed(&text, UNSEALED);
        let digest = first.get(13..77).expect("64 digits");
        assert_eq!(sealed(&first, digest), first);
        let changed = first.replace("0.25", "0.26");
        assert_ne!(sealed(&changed, digest), changed);
    }
}
