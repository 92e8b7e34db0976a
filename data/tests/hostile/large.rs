//! Small files that unpack to large content, and large files without content.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};
use narrows_data::{Bytes, Limits};

use crate::{
    case::{Case, fine, refused},
    content::{Content, gzip, idx, npy, repeat, written},
};

const MEBI: usize = 1 << 20;

pub(crate) fn cases() -> Vec<Case> {
    let allowed = Limits { unpack: 2000, memory: Bytes(1_000_000) };
    let line = |line: &'static [u8], mebis| move |to: &mut dyn Write| members(to, b"a,b\n", line, mebis);
    vec![
        refused("bomb.idx.gz", bomb(&idx(8, &[256, MEBI as u32], &[]), 256), "more than 200 times"),
        // It declares a small size, and is longer.
        refused("modest.idx.gz", bomb(&idx(8, &[1, MEBI as u32], &[]), 256), ""),
        refused("bomb.csv.gz", written(line(b"0,0\n", 256)), "more than 200 times"),
        refused("zeros.csv.gz", bomb(b"", 256), ""),
        refused("long-line.csv.gz", written(line(b"0", 256)), ""),
        refused("bomb.npz", zip_bomb(256), "more than 200 times"),
        refused("picture", Content::Folder(vec![("0.png", picture(16_384))]), "0.png"),
        refused("unclosed.csv", written(|to| unclosed(to, 96)), "line 2"),
        fine("allowed.idx.gz", bomb(&idx(8, &[65_536, 1024], &[]), 64), 65_536).within(allowed),
    ]
}

/// A gzipped file: `beginning`, then `mebis * 2^20` zeros.
fn bomb(beginning: &[u8], mebis: usize) -> Content {
    let beginning = beginning.to_vec();
    written(move |to| members(to, &beginning, &[0], mebis))
}

/// Writes a gzipped file of many equal members, which is much faster than compressing the content as one member.
fn members(to: &mut dyn Write, beginning: &[u8], repeated: &[u8], mebis: usize) -> io::Result<()> {
    to.write_all(&gzip(beginning))?;
    repeat(to, &gzip(&repeated.repeat(MEBI / repeated.len())), mebis)
}

/// An archive with an array of zeros, with correct declared sizes.
fn zip_bomb(mebis: usize) -> Content {
    let header = npy("|u1", &format!("({mebis}, {MEBI})"), &[]);
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(1));
    archive.start_file("x.npy", options).expect("written to memory");
    archive.write_all(&header).expect("written to memory");
    repeat(&mut archive, &vec![0; MEBI], mebis).expect("written to memory");
    Content::Bytes(archive.finish().expect("written to memory").into_inner())
}

/// A black image of `side * side` pixels.
fn picture(side: u32) -> Content {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    repeat(&mut packed, &vec![0; side as usize + 1], side as usize).expect("written to memory");
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let chunks =
        [chunk(b"IHDR", &header), chunk(b"IDAT", &packed.finish().expect("written to memory")), chunk(b"IEND", &[])];
    Content::Bytes([b"\x89PNG\r\n\x1a\n", &chunks.concat()[..]].concat())
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(content);
    [&(content.len() as u32).to_be_bytes()[..], kind, content, &sum.sum().to_be_bytes()].concat()
}

/// Writes a quote that is never closed, followed by `mebis` MiB.
fn unclosed(to: &mut dyn Write, mebis: usize) -> io::Result<()> {
    to.write_all(b"a,b\n1,\"")?;
    repeat(to, &b"0,0,0,0\n".repeat(MEBI / 8), mebis)
}
