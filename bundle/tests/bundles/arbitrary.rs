//! Property tests: opening arbitrary bytes never panics, and gives an error or the original content.

use std::sync::LazyLock;

use narrows_bundle::{Bundle, ClassifierBundle, Kind};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::support::{autoencoder, with_header};

static PACKED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = autoencoder(Kind::Cvae);
    Bundle::open(folder.path().join("model")).and_then(|bundle| bundle.pack()).expect("a good bundle")
});

/// Opens a packed bundle and reads all its files.
fn read_all(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let _ = ClassifierBundle::from_bytes(bytes).map(|bundle| (bundle.probe(), bundle.pack()));
    let bundle = Bundle::from_bytes(bytes).ok()?;
    let _ = (bundle.probe(), bundle.pack(), bundle.graph(&bundle.manifest().graphs.encoder));
    bundle.files().map(|(name, _)| bundle.read(name).ok()).collect()
}

/// Generates headers that are nearly valid.
fn header() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("manifest.json"), Just("encoder.onnx"), Just("__metadata__"), Just("")];
    let number = prop_oneof![0u64..30, Just(u64::MAX), Just(1 << 63)];
    let tensor = (prop_oneof![Just("U8"), Just("F4"), Just("F64")], vec(number.clone(), 0..3), number.clone(), number)
        .prop_map(|(dtype, shape, from, to)| {
            format!(r#"{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{from},{to}]}}"#)
        });
    let value = prop_oneof![4 => tensor, 1 => Just(r#"{"format":"narrows"}"#.to_owned())];
    vec((name, value), 0..5).prop_map(|entries| {
        let entries: Vec<_> = entries.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        format!(
            r#"{{"__metadata__":{{"format":"narrows"}}{}{}}}"#,
            if entries.is_empty() { "" } else { "," },
            entries.join(",")
        )
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(read_all(&bytes), None);
    }

    #[test]
    fn arbitrary_headers_are_refused(header in header(), data in vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(read_all(&with_header(&header, &data)), None);
    }

    #[test]
    fn an_edited_packed_bundle_is_refused_or_has_its_original_content(
        edits in vec((any::<Index>(), 0..40usize, vec(any::<u8>(), 0..20)), 1..4),
    ) {
        let mut bytes = PACKED.clone();
        for (position, removed, inserted) in edits {
            let start = position.index(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, inserted);
        }
        if let Some(read) = read_all(&bytes) {
            prop_assert_eq!(Some(read), read_all(&PACKED));
        }
    }
}
