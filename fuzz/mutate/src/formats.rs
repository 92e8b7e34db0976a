//! Mutations of data files that know the container: compression, checksums and headers stay valid, so that the content
//! reaches the reader.

use std::io::{Cursor, Read, Write};

use fastrand::Rng;
use flate2::{
    Compression, Crc,
    read::{MultiGzDecoder, ZlibDecoder},
    write::{GzEncoder, ZlibEncoder},
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{bundle_cases::mutate_tensors, bytes, text};

/// Content that unpacks to more is left as it is.
const LARGEST_CONTENT: u64 = 1 << 20;

/// Changes a file by the ending of its name. `other` is another file.
pub(crate) fn mutate(rng: &mut Rng, name: &str, content: &mut Vec<u8>, other: &[u8]) {
    // Without knowledge of the format, the container is changed.
    if rng.u8(..3) == 0 {
        return bytes::mutate(rng, content, other);
    }
    let lower = name.to_ascii_lowercase();
    match lower.rsplit('.').next().unwrap_or_default() {
        "gz" => {
            let inner = lower.trim_end_matches(".gz").to_owned();
            let mut unpacked = Vec::new();
            if MultiGzDecoder::new(content.as_slice()).take(LARGEST_CONTENT).read_to_end(&mut unpacked).is_ok() {
                mutate(rng, &inner, &mut unpacked, other);
                *content = gzipped(&unpacked);
            }
        }
        "npz" => mutate_archive(rng, content, other),
        "png" => mutate_png(rng, content, other),
        "npy" => mutate_npy(rng, content, other),
        "safetensors" => mutate_tensors(rng, content, other),
        "csv" | "tsv" | "jsonl" | "ndjson" | "toml" => match rng.u8(..3) {
            0 => text::replace_number(rng, content),
            1 => text::mutate_parts(rng, content),
            _ => bytes::mutate(rng, content, other),
        },
        "parquet" | "pq" | "arrow" | "feather" => mutate_end(rng, content, other),
        _ => bytes::mutate(rng, content, other),
    }
}

pub(crate) fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(content).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// Changes the content of a member, and writes the archive with the right checksums.
fn mutate_archive(rng: &mut Rng, content: &mut Vec<u8>, other: &[u8]) {
    let Some(mut members) = members(content) else { return bytes::mutate(rng, content, other) };
    let index = rng.usize(..members.len());
    let method = [CompressionMethod::Stored, CompressionMethod::Deflated][rng.usize(..2)];
    match rng.u8(..8) {
        0 => drop(members.remove(index)),
        1 => members.push((format!("{}.npy", text::word(rng)), members[index].1.clone())),
        _ => mutate_npy(rng, &mut members[index].1, other),
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, member) in &members {
        // A name that is there already is left out.
        if writer.start_file(name.as_str(), options).is_ok() {
            let _ = writer.write_all(member);
        }
    }
    if let Ok(archive) = writer.finish() {
        *content = archive.into_inner();
    }
}

fn members(content: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = ZipArchive::new(Cursor::new(content)).ok()?;
    let members = (0..archive.len()).map(|index| {
        let mut member = archive.by_index(index).ok()?;
        let mut bytes = Vec::new();
        member.by_ref().take(LARGEST_CONTENT).read_to_end(&mut bytes).ok()?;
        Some((member.name().ok()?.to_string(), bytes))
    });
    members.collect::<Option<Vec<_>>>().filter(|members| !members.is_empty())
}

/// Changes the header of an array, whose length stays right, or its values.
fn mutate_npy(rng: &mut Rng, content: &mut Vec<u8>, other: &[u8]) {
    const START: usize = 10;
    let Some(length) = content.get(8..START).map(|length| usize::from(u16::from_le_bytes([length[0], length[1]])))
    else {
        return bytes::mutate(rng, content, other);
    };
    let end = START + length;
    if end > content.len() || rng.u8(..3) == 0 {
        return bytes::mutate(rng, content, other);
    }
    let mut header = content[START..end].to_vec();
    match rng.u8(..3) {
        0 => text::replace_number(rng, &mut header),
        1 => text::mutate_parts(rng, &mut header),
        _ => bytes::mutate(rng, &mut header, other),
    }
    header.truncate(usize::from(u16::MAX));
    let length = (header.len() as u16).to_le_bytes();
    drop(content.splice(8..end, [&length[..], &header].concat()));
}

/// Changes a chunk, and corrects the lengths and the checksums.
fn mutate_png(rng: &mut Rng, content: &mut Vec<u8>, other: &[u8]) {
    const SIGNATURE: usize = 8;
    let Some(mut chunks) = chunks(content.get(SIGNATURE..).unwrap_or_default()) else {
        return bytes::mutate(rng, content, other);
    };
    let (index, to) = (rng.usize(..chunks.len()), rng.usize(..chunks.len()));
    match rng.u8(..8) {
        0 => chunks.swap(index, to),
        1 => chunks.insert(to, chunks[index].clone()),
        2 => drop(chunks.remove(index)),
        _ => {
            let (kind, data) = &mut chunks[index];
            let mut pixels = Vec::new();
            let is_packed = kind == b"IDAT"
                && ZlibDecoder::new(data.as_slice()).take(LARGEST_CONTENT).read_to_end(&mut pixels).is_ok();
            if is_packed && rng.u8(..4) > 0 {
                bytes::mutate(rng, &mut pixels, other);
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                *data = encoder.write_all(&pixels).and_then(|()| encoder.finish()).unwrap_or_default();
            } else {
                bytes::mutate(rng, data, other);
            }
        }
    }
    content.truncate(SIGNATURE);
    for (kind, data) in chunks {
        let mut checksum = Crc::new();
        checksum.update(&kind);
        checksum.update(&data);
        content.extend((data.len() as u32).to_be_bytes());
        content.extend(kind);
        content.extend(data);
        content.extend(checksum.sum().to_be_bytes());
    }
}

/// The type and the data of a chunk.
type Chunk = ([u8; 4], Vec<u8>);

fn chunks(mut rest: &[u8]) -> Option<Vec<Chunk>> {
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (data, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        chunks.push((*kind, data.to_vec()));
        rest = after.get(4..)?;
    }
    (!chunks.is_empty()).then_some(chunks)
}

/// Changes bytes near the end, where these formats have their metadata, and leaves the end itself in place.
fn mutate_end(rng: &mut Rng, content: &mut Vec<u8>, other: &[u8]) {
    const END: usize = 10;
    let Some(end) = content.len().checked_sub(END).filter(|&end| end > 0) else { return };
    if rng.bool() {
        let at = rng.usize(end.saturating_sub(600)..end);
        match rng.u8(..3) {
            0 => content[at] ^= 1 << rng.u8(..8),
            1 => content[at] = [0, 1, 0x7f, 0x80, 0xff, 0xfe][rng.usize(..6)],
            _ => {
                let value = bytes::extreme(rng).to_le_bytes();
                let width = [2, 4, 8][rng.usize(..3)];
                content.iter_mut().skip(at).zip(&value[..width]).for_each(|(byte, new)| *byte = *new);
            }
        }
    } else {
        let mut head = content[..end].to_vec();
        bytes::mutate(rng, &mut head, other);
        drop(content.splice(..end, head));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_archive_has_valid_checksums_and_a_changed_image_valid_chunks() {
        let archive = include_bytes!("../../../data/tests/fixtures/npz/stored-xy.npz");
        let image = include_bytes!("../../../data/tests/fixtures/images/grey/a/0.png");
        for seed in 0..100 {
            let mut rng = Rng::with_seed(seed);
            let (mut archive, mut image) = (archive.to_vec(), image.to_vec());
            mutate_archive(&mut rng, &mut archive, b"");
            assert!(members(&archive).is_some() || archive.len() < 30, "seed {seed}");
            mutate_png(&mut rng, &mut image, b"");
            assert!(chunks(&image[8..]).is_some(), "seed {seed}");
        }
    }
}
