//! TensorBoard event files with scalars. Each record has a frame and checksums.
//!
//! A file is [`file_start`] followed by any number of [`scalars`]. The field numbers come from TensorBoard's
//! `event.proto` and `summary.proto`, the framing from TFRecord.

use crc::{CRC_32_ISCSI, Crc};
use prost::Message;

/// Version string in the first record, from which a reader recognises the file format.
const FILE_VERSION: &str = "brain.Event:2";
/// CRC-32C (Castagnoli).
const CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
/// Added to the rotated checksum, so that the checksum of data that contains checksums is not weaker (TFRecord).
const MASK: u32 = 0xa282_ead8;

/// `Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

/// `Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// `Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    /// A member of a `oneof` in TensorBoard's schema, so zero is written too.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// Returns the first record of an event file. `wall_time` is in seconds since 1970.
pub(crate) fn file_start(wall_time: f64) -> Vec<u8> {
    record(&Event { wall_time, file_version: Some(FILE_VERSION.to_owned()), ..Event::default() })
}

/// Returns the record of one step: pairs of tag and value, rounded to 32 bits. `wall_time` is in seconds since 1970.
pub(crate) fn scalars(wall_time: f64, step: u64, values: &[(String, f64)]) -> Vec<u8> {
    let value = values.iter().map(|(tag, value)| Value { tag: tag.clone(), simple_value: Some(*value as f32) });
    let summary = Some(Summary { value: value.collect() });
    record(&Event { wall_time, step: step.cast_signed(), summary, ..Event::default() })
}

/// Frames an event as a TFRecord: length, checksum of the length, message, checksum of the message.
fn record(event: &Event) -> Vec<u8> {
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), &data, &checksum(&data)].concat()
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    CRC_32C.checksum(bytes).rotate_right(15).wrapping_add(MASK).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    // Expected bytes from `RecordWriter` of Python's tensorboard 2.21.0, which writes the serialized `Event`.

    #[test]
    fn a_file_starts_with_the_bytes_that_tensorboard_writes() {
        let expected = "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d";
        assert_eq!(hex(&file_start(1_700_000_000.0)), expected);
    }

    #[test]
    fn scalars_are_the_bytes_that_tensorboard_writes() {
        let written = |wall_time, step, values: &[(&str, f64)]| {
            let values: Vec<(String, f64)> = values.iter().map(|&(tag, value)| (tag.to_owned(), value)).collect();
            hex(&scalars(wall_time, step, &values))
        };
        assert_eq!(
            written(1_700_000_001.5, 3, &[("train/loss", 0.1), ("learning_rate", 0.001)]),
            "36000000000000004f578cef0900006040fc54d94110032a290a110a0a747261696e2f6c6f737315cdcccc3d\
             0a140a0d6c6561726e696e675f72617465156f12833a28f610bf"
        );
        assert_eq!(
            written(1_700_000_001.5, 300, &[("train/kl", 0.0), ("valid/loss", f64::NAN)]),
            "3200000000000000241956ec0900006040fc54d94110ac022a240a0f0a08747261696e2f6b6c1500000000\
             0a110a0a76616c69642f6c6f7373150000c07f6dcd857b"
        );
        assert_eq!(written(1_700_000_000.0, 1, &[]), "0d000000000000003c37b8340900000040fc54d94110012a009cf08bb0");
    }
}
