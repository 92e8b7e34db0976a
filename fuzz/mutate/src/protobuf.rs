//! Mutations of encoded protobuf messages that know fields and their lengths, but no schema.

use fastrand::Rng;

use crate::bytes::{self, extreme};

/// Messages larger than this are weights, and are not searched for fields.
const LARGEST_MESSAGE: usize = 1 << 14;

/// A field of a message.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    number: u64,
    content: Content,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(Vec<u8>),
    Fixed32([u8; 4]),
}

/// Changes the fields of a message, or of a message inside it. `donor` is another message, from which fields are
/// copied.
pub(crate) fn mutate(rng: &mut Rng, message: &mut Vec<u8>, donor: &[u8]) {
    let Some(mut fields) = parse(message).filter(|fields| !fields.is_empty()) else {
        return bytes::mutate(rng, message, donor);
    };
    let donated = parse(donor).unwrap_or_default();
    let nested: Vec<usize> = (0..fields.len()).filter(|&index| is_message(&fields[index])).collect();
    if !nested.is_empty() && rng.u8(..8) > 0 {
        let chosen = &mut fields[nested[rng.usize(..nested.len())]];
        let same: Vec<&[u8]> = donated.iter().filter(|field| field.number == chosen.number).map(inner).collect();
        let donor = if same.is_empty() { donor } else { same[rng.usize(..same.len())] };
        if let Content::Bytes(inner) = &mut chosen.content {
            mutate(rng, inner, donor);
        }
    } else {
        mutate_fields(rng, &mut fields, donated);
    }
    *message = encode(&fields);
    if rng.u8(..50) == 0 {
        bytes::mutate(rng, message, donor);
    }
}

fn mutate_fields(rng: &mut Rng, fields: &mut Vec<Field>, donated: Vec<Field>) {
    let (one, other) = (rng.usize(..fields.len()), rng.usize(..fields.len()));
    match rng.u8(..10) {
        0 => drop(fields.remove(one)),
        1 => fields.swap(one, other),
        2 => fields.insert(other, fields[one].clone()),
        3 => {
            let repeated = vec![fields[one].clone(); [2, 20, 500][rng.usize(..3)]];
            drop(fields.splice(other..other, repeated));
        }
        4 if !donated.is_empty() => fields[one] = donated[rng.usize(..donated.len())].clone(),
        5 if !donated.is_empty() => fields.push(donated[rng.usize(..donated.len())].clone()),
        6 => fields[one].number = [rng.u64(1..30), extreme(rng) as u64 >> 3][rng.usize(..2)],
        7 => fields[one].content = nested(rng, fields[one].number, inner(&fields[other]).to_vec()),
        _ => mutate_content(rng, &mut fields[one].content),
    }
}

fn mutate_content(rng: &mut Rng, content: &mut Content) {
    match content {
        Content::Varint(value) => *value = extreme(rng) as u64,
        Content::Fixed64(bytes) => *bytes = extreme(rng).to_le_bytes(),
        Content::Fixed32(bytes) => {
            let floats = [f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, -0.0, -1.0, 1e30];
            *bytes = floats[rng.usize(..floats.len())].to_le_bytes();
        }
        Content::Bytes(bytes) => bytes::mutate(rng, bytes, b""),
    }
}

/// Wraps a message in itself many times.
fn nested(rng: &mut Rng, number: u64, mut message: Vec<u8>) -> Content {
    message.truncate(64);
    for _ in 0..[1, 10, 90, 110, 2000][rng.usize(..5)] {
        message = encode(&[Field { number, content: Content::Bytes(message) }]);
    }
    Content::Bytes(message)
}

fn is_message(field: &Field) -> bool {
    let bytes = inner(field);
    !bytes.is_empty() && bytes.len() <= LARGEST_MESSAGE && parse(bytes).is_some()
        // The graph is large, and contains the rest.
        || bytes.len() > LARGEST_MESSAGE && parse(bytes).is_some_and(|fields| fields.len() > 3)
}

fn inner(field: &Field) -> &[u8] {
    match &field.content {
        Content::Bytes(bytes) => bytes,
        Content::Varint(_) | Content::Fixed64(_) | Content::Fixed32(_) => &[],
    }
}

/// Parses a message; `None` for bytes that are not one.
fn parse(mut rest: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let content = match key & 7 {
            0 => Content::Varint(varint(&mut rest)?),
            1 => Content::Fixed64(take(&mut rest, 8)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Content::Bytes(take(&mut rest, length)?.to_vec())
            }
            5 => Content::Fixed32(take(&mut rest, 4)?.try_into().ok()?),
            _ => return None,
        };
        let number = key >> 3;
        if number == 0 || number > 1000 {
            return None;
        }
        fields.push(Field { number, content });
    }
    Some(fields)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn encode(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Field { number, content } in fields {
        let (kind, payload): (u64, &[u8]) = match content {
            Content::Varint(_) => (0, &[]),
            Content::Fixed64(payload) => (1, payload),
            Content::Bytes(payload) => (2, payload),
            Content::Fixed32(payload) => (5, payload),
        };
        push_varint(&mut bytes, number << 3 | kind);
        match content {
            Content::Varint(value) => push_varint(&mut bytes, *value),
            Content::Bytes(payload) => push_varint(&mut bytes, payload.len() as u64),
            Content::Fixed64(_) | Content::Fixed32(_) => {}
        }
        bytes.extend(payload);
    }
    bytes
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAPH: &[u8] = include_bytes!("../../../models/zoo/pca/encoder.onnx");

    #[test]
    fn a_graph_is_parsed_and_encoded_to_the_same_bytes() {
        assert_eq!(encode(&parse(GRAPH).expect("a message")), GRAPH);
    }

    #[test]
    fn most_mutated_graphs_are_still_messages() {
        let parsed = (0..200).filter(|&seed| {
            let mut graph = GRAPH.to_vec();
            mutate(&mut Rng::with_seed(seed), &mut graph, GRAPH);
            parse(&graph).is_some()
        });
        assert!(parsed.count() > 150);
    }
}
