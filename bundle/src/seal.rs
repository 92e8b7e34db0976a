//! The manifest's own digest: what protects everything else must not change unnoticed either.

use crate::sha256_hex;

/// Stands where the digest will be while it is computed.
pub(crate) const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The text of a manifest with the right digest in the place of `found`, the one that it has now: the
/// SHA-256 of the text with 64 zeros in that place.
///
/// This keeps accidents from passing for figures; it is no signature.
pub fn sealed(manifest: &str, found: &str) -> String {
    let blank = manifest.replacen(found, UNSEALED, 1);
    let digest = sha256_hex(blank.as_bytes());
    blank.replacen(UNSEALED, &digest, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_stays_as_it_is_and_any_change_asks_for_another_seal() {
        let text = format!("{{ \"digest\": \"{UNSEALED}\", \"figure\": 0.25 }}");
        let first = sealed(&text, UNSEALED);
        let digest = first.get(13..77).expect("64 digits");
        assert_eq!(sealed(&first, digest), first);
        let changed = first.replace("0.25", "0.26");
        assert_ne!(sealed(&changed, digest), changed);
    }
}
