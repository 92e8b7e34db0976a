//! Random requests that are almost valid.

/// A generator of random numbers (SplitMix64), the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const METHODS: [&str; 10] =
    ["CONNECT", "TRACE", "GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "POST ", "PO\u{0}ST"];
const PATHS: [&str; 10] =
    ["/encode", "/detect", "/model", "/health", "/metrics", "/", "*", "/encode/", "/%65ncode", "http://a/encode"];
const NAMES: [&str; 6] = ["label", "labels", "lable", "", "label%73", "labels[]"];
const VALUES: [&str; 16] = [
    "7",
    "7,3",
    "%37",
    "7%2C3",
    "+7+",
    "%",
    "%f",
    "%ff",
    "%zz",
    "%00",
    "7,",
    ",,,",
    "-1",
    "99999999999999999999",
    "%e2%80%ae",
    "é",
];
const TYPES: [&str; 7] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/octet-stream",
    "APPLICATION/OCTET-STREAM",
    "text/csv",
    "",
    "application/json;;;",
];
const DTYPES: [&str; 5] = ["u8", "f32", "f64", "", "u8, f32"];
const HEADERS: [&str; 14] = [
    "accept: application/octet-stream",
    "accept: */*",
    "x-request-id: abc",
    "x-request-id: a\tb\"}",
    "x-request-id: \u{1b}[2J",
    "expect: 100-continue",
    "connection: close",
    "connection: upgrade",
    "upgrade: h2c",
    "transfer-encoding: gzip, chunked",
    "content-length: 7",
    " folded: line",
    "no colon",
    "content-encoding: gzip",
];
const LENGTHS: [&str; 8] = ["0", "1", "-1", "18446744073709551616", "9999999", "0x10", "1,1", "+5"];
const TOKENS: [&str; 16] = [
    "1",
    "16.5",
    "-0.0",
    "1e39",
    "1e-400",
    "NaN",
    "null",
    "\"7\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "true",
    "\"\\ud800\"",
    "[[[[",
];

/// Returns the bytes of a request for a model with rows of `width` values, which takes labels or not.
pub(crate) fn request(random: &mut Random, width: usize, takes_labels: bool) -> Vec<u8> {
    let method = if random.one_in(20) { random.of(&METHODS) } else { "POST" };
    let path = if random.one_in(8) { random.of(&PATHS) } else { "/encode" };
    let mut head = format!("{method} {path}");
    let labels_in_query = takes_labels && random.one_in(2);
    if labels_in_query {
        head += "?label=7";
    }
    for _ in 0..if random.one_in(5) { 1 + random.below(2) } else { 0 } {
        head += if head.contains('?') { "&" } else { "?" };
        head += &format!("{}={}", random.of(&NAMES), random.of(&VALUES));
    }
    head += if random.one_in(50) { " HTTP/1.0\r\n" } else { " HTTP/1.1\r\nhost: test\r\n" };
    let media_type = if random.one_in(12) { random.of(&TYPES) } else { random.of(&TYPES[..3]) };
    head += &format!("content-type: {media_type}\r\n");
    let dtype = if random.one_in(12) { random.of(&DTYPES) } else { random.of(&DTYPES[..2]) };
    head += &format!("x-dtype: {dtype}\r\n");
    for _ in 0..if random.one_in(6) { 1 + random.below(3) } else { 0 } {
        head += &format!("{}\r\n", random.of(&HEADERS));
    }
    let body = if media_type.contains("json") {
        json(random, width, takes_labels && !labels_in_query)
    } else {
        binary(random, width, dtype)
    };
    let mut bytes = framed(random, head, &body);
    if random.one_in(6) {
        damage(random, &mut bytes);
    }
    bytes
}

/// Adds the length of the body, or divides it into chunks.
fn framed(random: &mut Random, head: String, body: &[u8]) -> Vec<u8> {
    if random.one_in(5) {
        let mut bytes = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
        for chunk in body.chunks(1 + random.below(body.len())) {
            let length = if random.one_in(40) { random.of(&LENGTHS).to_owned() } else { format!("{:x}", chunk.len()) };
            bytes.extend_from_slice(format!("{length}\r\n").as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        return bytes;
    }
    let length = match random.below(24) {
        0 => random.of(&LENGTHS).to_owned(),
        1 => random.below(2 * body.len()).to_string(),
        _ => body.len().to_string(),
    };
    [format!("{head}content-length: {length}\r\n\r\n").as_bytes(), body].concat()
}

fn json(random: &mut Random, width: usize, labelled: bool) -> Vec<u8> {
    let (rows, width) = (random.below(4), if random.one_in(20) { random.below(2 * width) } else { width });
    let row = |random: &mut Random| {
        let values: Vec<String> = (0..width).map(|_| random.below(17).to_string()).collect();
        format!("[{}]", values.join(","))
    };
    let rows: Vec<String> = (0..rows).map(|_| row(random)).collect();
    let mut text = format!("{{\"rows\":[{}]", rows.join(","));
    if labelled != random.one_in(12) {
        let labels: Vec<String> = (0..rows.len()).map(|_| random.below(11).to_string()).collect();
        text += &format!(",\"labels\":[{}]", labels.join(","));
    }
    text += "}";
    for _ in 0..if random.one_in(4) { 1 + random.below(3) } else { 0 } {
        let (at, token) = (random.below(text.len() + 1), random.of(&TOKENS));
        let end = (at + random.below(3)).min(text.len());
        // Tokens are ASCII, so every position is between two letters.
        text.replace_range(at..end, token);
    }
    if random.one_in(200) {
        text = random.of(&["[", "{\"rows\":[", "[],"]).repeat(5000);
    }
    text.into_bytes()
}

fn binary(random: &mut Random, width: usize, dtype: &str) -> Vec<u8> {
    let size = if dtype == "f32" { 4 } else { 1 };
    let rows = random.below(4);
    let length = if random.one_in(12) { random.below(4 * width * size) } else { rows * width * size };
    if random.one_in(6) {
        return (0..length).map(|_| random.next() as u8).collect();
    }
    if size == 1 {
        return (0..length).map(|_| random.below(17) as u8).collect();
    }
    let values = (0..length.div_ceil(4)).flat_map(|_| (random.below(17) as f32).to_le_bytes());
    values.take(length).collect()
}

/// Changes, removes, repeats or cuts bytes anywhere.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
            1 => drop(bytes.drain(at..(at + 1 + random.below(8)).min(bytes.len()))),
            2 => bytes.insert(at, random.next() as u8),
            3 => bytes.truncate(at),
            _ => {
                let copy = bytes[at..(at + 1 + random.below(32)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
        }
        if bytes.is_empty() {
            return;
        }
    }
}
