//! Mutations of bytes without knowledge of the format.

use fastrand::Rng;

use crate::text;

/// Integers at the limits of common types.
pub(crate) const EXTREMES: [i64; 22] = [
    0,
    1,
    -1,
    2,
    15,
    16,
    63,
    64,
    127,
    128,
    255,
    32_767,
    65_535,
    1 << 20,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 40,
    1 << 62,
    i64::MAX,
    i64::MIN,
];

/// Returns one of the [`EXTREMES`].
pub(crate) fn extreme(rng: &mut Rng) -> i64 {
    EXTREMES[rng.usize(..EXTREMES.len())]
}

/// No input grows beyond this.
const LARGEST: usize = 1 << 20;

/// Changes some bytes. `other` is another file, from which bytes are copied.
pub(crate) fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    if bytes.is_empty() {
        bytes.extend((0..rng.usize(1..32)).map(|_| rng.u8(..)));
        return;
    }
    bytes.truncate(LARGEST);
    let at = rng.usize(..bytes.len());
    let length = length(rng).min(bytes.len() - at);
    match rng.u8(..14) {
        0..3 => bytes[at] ^= 1 << rng.u8(..8),
        3 => bytes[at] = rng.u8(..),
        4 => bytes[at..at + length].fill([0, 0xff, 0x7f, 0x80, b'9', b' '][rng.usize(..6)]),
        5 | 6 => write_integer(rng, bytes, at),
        7 => drop(bytes.drain(at..at + length)),
        8 => bytes.truncate(at),
        9 => drop(bytes.splice(at..at, (0..length).map(|_| rng.u8(..)).collect::<Vec<_>>())),
        10 => {
            let copied = bytes[at..at + length].to_vec();
            let times = [1, 2, 50][rng.usize(..3)];
            drop(bytes.splice(at..at, copied.repeat(times)));
        }
        11 => {
            let start = rng.usize(..=other.len());
            let donated = &other[start..other.len().min(start + length)];
            drop(bytes.splice(at..at + length, donated.to_vec()));
        }
        12 => {
            let step = rng.u8(1..=4);
            bytes[at] = if rng.bool() { bytes[at].wrapping_add(step) } else { bytes[at].wrapping_sub(step) };
        }
        _ => text::replace_number(rng, bytes),
    }
}

/// Returns a length in bytes, most often a short one.
fn length(rng: &mut Rng) -> usize {
    match rng.u8(..4) {
        0 => 1,
        1 => rng.usize(1..=8),
        2 => rng.usize(1..=64),
        _ => rng.usize(1..=1024),
    }
}

/// Overwrites an integer of 1 to 8 bytes by an extreme, in either byte order.
fn write_integer(rng: &mut Rng, bytes: &mut [u8], at: usize) {
    let width = [1, 2, 4, 8][rng.usize(..4)];
    // Fields of headers are usually aligned.
    let at = if rng.bool() { at / width * width } else { at };
    let value = extreme(rng);
    let (little, big) = (value.to_le_bytes(), value.to_be_bytes());
    let source = if rng.bool() { &little[..width] } else { &big[8 - width..] };
    for (byte, new) in bytes.iter_mut().skip(at).zip(source) {
        *byte = *new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_most_seeds_change_them() {
        let original: Vec<u8> = (0..200).collect();
        let mutated = |seed: u64| {
            let (mut rng, mut bytes) = (Rng::with_seed(seed), original.clone());
            mutate(&mut rng, &mut bytes, b"another file");
            bytes
        };
        assert_eq!(mutated(3), mutated(3));
        assert!((0..100).filter(|&seed| mutated(seed) != original).count() > 85);
    }
}
