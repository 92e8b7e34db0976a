use std::{fs, path::Path};

use arrow_array::cast::AsArray;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba};
use ndarray::{Array2, array};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::{Channels, Reading, Size};

fn grey(width: u32, height: u32) -> DynamicImage {
    GrayImage::from_fn(width, height, |x, y| Luma([(10 * y + x) as u8])).into()
}

fn rgb(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 200])).into()
}

fn folder(images: &[(&str, DynamicImage)], files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let create_path = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        path
    };
    for (name, image) in images {
        image.save(create_path(name)).expect("saved");
    }
    for (name, content) in files {
        fs::write(create_path(name), content).expect("written");
    }
    folder
}

fn read(folder: &Path, reading: Reading, max_rows: usize) -> Result<(Head, Vec<Chunk>), DataError> {
    let Opened::Reader(mut reader) = open(folder, &LoadOptions { reading, ..LoadOptions::default() })? else {
        panic!("a folder of images needs a sequential reader");
    };
    let mut chunks = Vec::new();
    while let Some(chunk) = reader.next(max_rows)? {
        chunks.push(chunk);
    }
    Ok((reader.head().clone(), chunks))
}

fn bytes(chunks: &[Chunk]) -> Vec<Vec<u8>> {
    let rows = |chunk: &Chunk| match &chunk.values {
        Values::U8(values) => values.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    chunks.iter().flat_map(rows).collect()
}

fn column(chunks: &[Chunk], name: &str) -> Vec<String> {
    let of = |chunk: &Chunk| {
        let column = chunk.others.as_ref().and_then(|others| others.column_by_name(name).cloned());
        let column = column.expect("a column");
        column.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    chunks.iter().flat_map(of).collect()
}

#[test]
fn subfolders_are_classes_and_images_are_in_natural_order() {
    let folder = folder(
        &[("b/10.png", grey(3, 2)), ("b/2.PNG", grey(3, 2)), ("a/x.webp", grey(3, 2))],
        &[("README.md", b"words"), ("a/.hidden.png", b"none"), (".git/x.png", b"none"), ("empty/notes.txt", b"")],
    );
    for max_rows in [1, 2, 100] {
        // WebP has no grey images.
        let reading = Reading { channels: Some(Channels::Grey), ..Reading::default() };
        let (head, chunks) = read(folder.path(), reading, max_rows).expect("three images");
        assert_eq!((head.sample_shape, head.rows, head.has_labels), (vec![2, 3, 1], Some(3), true));
        assert_eq!((head.is_bytes, head.range), (true, Some((0.0, 255.0))));
        assert_eq!(column(&chunks, "file"), ["a/x.webp", "b/2.PNG", "b/10.png"]);
        assert_eq!(column(&chunks, "label"), ["a", "b", "b"]);
        assert_eq!(bytes(&chunks), vec![vec![0, 1, 2, 10, 11, 12]; 3]);
        let labels: Vec<_> = chunks.iter().flat_map(|chunk| chunk.labels.clone()).collect();
        assert_eq!(labels[0].name(0), "a");
    }
}

#[test]
fn every_pixel_format_becomes_bytes_with_one_or_three_channels() {
    let deep: DynamicImage = ImageBuffer::from_pixel(1, 1, Luma([65_535u16])).into();
    let deep_colour: DynamicImage = ImageBuffer::from_pixel(1, 1, Rgb([0u16, 257, 65_535])).into();
    let clear: DynamicImage = ImageBuffer::from_pixel(1, 1, Rgba([1u8, 2, 3, 0])).into();
    let clear_grey: DynamicImage = ImageBuffer::from_pixel(1, 1, LumaA([7u8, 0])).into();
    let cases: [(DynamicImage, Option<Channels>, &[u8]); 6] = [
        (deep, None, &[255]),
        (deep_colour, None, &[0, 1, 255]),
        (clear, None, &[1, 2, 3]),
        (clear_grey, None, &[7]),
        (grey(1, 1), Some(Channels::Rgb), &[0, 0, 0]),
        (rgb(1, 1), Some(Channels::Grey), &[14]),
    ];
    for (image, channels, expected) in cases {
        let folder = folder(&[("x.png", image)], &[]);
        let reading = Reading { channels, depth: Some(Depth::Eight), ..Reading::default() };
        let (head, chunks) = read(folder.path(), reading, 9).expect("one image");
        assert_eq!(head.sample_shape, [1, 1, expected.len()]);
        assert!(!head.has_labels && chunks[0].labels.is_none());
        assert_eq!(bytes(&chunks), [expected]);
    }
}

#[test]
fn sixteen_bits_per_channel_keep_every_grey_level() {
    let deep = |levels: u16| -> DynamicImage {
        ImageBuffer::from_fn(64, 64, |x, y| Luma([(64 * y + x) as u16 * levels])).into()
    };
    for (name, levels) in [("x.png", 1), ("x.tiff", 16)] {
        let folder = folder(&[(name, deep(levels))], &[]);
        let (head, chunks) = read(folder.path(), Reading::default(), 9).expect("one image");
        let expected = Array2::from_shape_fn((1, 4096), |(_, index)| index as f32 * f32::from(levels));
        assert_eq!((head.is_bytes, head.range), (false, Some((0.0, 65_535.0))));
        assert_eq!(chunks[0].values, Values::F32(expected));
        assert!(head.notes.is_empty(), "{:?}", head.notes);
    }
}

#[test]
fn a_single_image_is_one_row_without_labels() {
    let folder = folder(&[("a/b.PNG", grey(3, 2))], &[]);
    let data =
        crate::load(&folder.path().join("a/b.PNG").to_string_lossy(), &LoadOptions::default()).expect("an image");
    assert_eq!((data.name.as_str(), data.sample_shape), ("b", vec![2, 3, 1]));
    assert_eq!((data.train.values, data.classes), (Values::U8(array![[0, 1, 2, 10, 11, 12]]), None));
}

#[test]
fn the_first_image_or_the_option_decides_between_8_and_16_bits() {
    let deep: DynamicImage = ImageBuffer::from_pixel(1, 1, Luma([1000u16])).into();
    let shallow: DynamicImage = ImageBuffer::from_pixel(1, 1, Luma([3u8])).into();
    let float: DynamicImage = ImageBuffer::from_pixel(1, 1, Rgb([0.5f32, 1.0, 2.0])).into();
    let texts = |head: &Head| head.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>();
    let first_deep = folder(&[("a.png", deep.clone()), ("b.png", shallow.clone())], &[]);
    let first_shallow = folder(&[("a.png", shallow), ("b.png", deep)], &[]);
    let sixteen = Reading { depth: Some(Depth::Sixteen), ..Reading::default() };
    for (folder, reading, expected) in [
        (&first_deep, Reading::default(), array![[1000.0], [771.0]]),
        (&first_shallow, sixteen, array![[771.0], [1000.0]]),
    ] {
        let (head, chunks) = read(folder.path(), reading, 9).expect("two images");
        assert_eq!(chunks[0].values, Values::F32(expected));
        assert_eq!(texts(&head), ["8 bits per channel become 16 in 1 image: values are multiplied by 257"]);
    }
    let (head, chunks) = read(first_shallow.path(), Reading::default(), 9).expect("two images");
    assert_eq!(bytes(&chunks), [[3], [4]]);
    assert!(texts(&head)[0].ends_with("--depth 16 keeps them"), "{head:?}");
    let (head, chunks) = read(folder(&[("a.tiff", float)], &[]).path(), Reading::default(), 9).expect("one image");
    assert_eq!(chunks[0].values, Values::F32(array![[32_768.0, 65_535.0, 65_535.0]]));
    assert!(texts(&head)[0].starts_with("floats become whole numbers in 1 image"), "{head:?}");
}

#[test]
fn images_of_different_sizes_are_resized_to_one_size() {
    let folder = folder(&[("a.png", grey(8, 4)), ("b.jpg", grey(2, 2)), ("c.png", grey(30, 90))], &[]);
    let reading = Reading { resize: Some(Size { width: 4, height: 2 }), ..Reading::default() };
    let (head, chunks) = read(folder.path(), reading, 9).expect("three images");
    assert_eq!(head.sample_shape, [2, 4, 1]);
    assert_eq!(chunks[0].values.rows(), 3);
}

#[test]
fn the_exif_orientation_is_applied() {
    let folder = folder(&[("x.jpg", grey(16, 8))], &[]);
    let path = folder.path().join("x.jpg");
    let plain = fs::read(&path).expect("the file exists");
    // After the start marker: EXIF in big-endian TIFF with one tag, the orientation, with value 6.
    let mut rotated = plain[..2].to_vec();
    rotated.extend(b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
    rotated.extend(&plain[2..]);
    fs::write(&path, rotated).expect("written");
    let (head, chunks) = read(folder.path(), Reading::default(), 9).expect("one image");
    assert_eq!(head.sample_shape, [16, 8, 1]);
    assert_eq!(chunks[0].values.features(), 128);
}

#[test]
fn a_jpeg_that_is_cut_off_is_refused_wherever_the_cut_is() {
    let baseline = {
        let folder = folder(&[("x.jpg", rgb(40, 30))], &[]);
        fs::read(folder.path().join("x.jpg")).expect("the file exists")
    };
    let progressive = include_bytes!("../../../tests/fixtures/images/progressive.jpg").to_vec();
    for whole in [baseline, progressive] {
        assert_eq!(
            read(folder(&[], &[("x.jpg", &whole)]).path(), Reading::default(), 9).expect("whole").0.rows,
            Some(1)
        );
        let with_more = [&whole[..], b"more"].concat();
        assert!(read(folder(&[], &[("x.jpg", &with_more)]).path(), Reading::default(), 9).is_ok());
        for length in [whole.len() - 1, whole.len() * 3 / 4, whole.len() / 2] {
            let folder = folder(&[], &[("x.jpg", &whole[..length])]);
            let message = read(folder.path(), Reading::default(), 9).map(drop).expect_err("a part").to_string();
            assert!(message.contains("x.jpg ends too early"), "{message}");
        }
    }
}

#[test]
fn every_format_is_read_and_a_part_of_it_is_refused() {
    for name in ["x.png", "x.jpg", "x.jpe", "x.webp", "x.bmp", "x.tiff", "x.gif"] {
        let image = if name == "x.gif" { DynamicImage::from(rgb(16, 8).to_rgba8()) } else { rgb(16, 8) };
        let folder = folder(&[], &[]);
        let path = folder.path().join(name);
        let format = if name == "x.jpe" {
            image::ImageFormat::Jpeg
        } else {
            image::ImageFormat::from_path(name).expect("known")
        };
        image.save_with_format(&path, format).expect("saved");
        let (head, chunks) = read(folder.path(), Reading::default(), 9).expect(name);
        assert_eq!((head.sample_shape, bytes(&chunks).len()), (vec![8, 16, 3], 1), "{name}");
        let whole = fs::read(&path).expect("the file exists");
        fs::write(&path, &whole[..whole.len() / 2]).expect("written");
        assert!(read(folder.path(), Reading::default(), 9).is_err(), "{name}");
    }
}

#[test]
fn files_that_are_not_images_are_counted_by_ending_and_leftovers_are_passed_over() {
    let folder = folder(
        &[("cats/1.png", grey(1, 1)), ("dogs/2.png", grey(1, 1))],
        &[
            ("__MACOSX/cats/._1.png", b"x"),
            ("cats/Thumbs.db", b"x"),
            ("dogs/desktop.ini", b"x"),
            ("dogs/.DS_Store", b"x"),
            ("dogs/a.txt", b"x"),
            ("notes.TXT", b"x"),
            ("Makefile", b"x"),
        ],
    );
    let (head, chunks) = read(folder.path(), Reading::default(), 9).expect("two images");
    assert_eq!(column(&chunks, "label"), ["cats", "dogs"]);
    let texts: Vec<_> = head.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["3 files are not images and were not read: 1 without an ending, 2 .txt"]);
}

#[test]
fn what_is_lost_in_decoding_is_said() {
    let low: DynamicImage = ImageBuffer::from_pixel(2, 1, Luma([4095u16])).into();
    let clear: DynamicImage = ImageBuffer::from_pixel(2, 1, LumaA([1u8, 0])).into();
    let opaque: DynamicImage = ImageBuffer::from_pixel(2, 1, LumaA([1u8, 255])).into();
    let folder = folder(&[("a.png", low), ("b.png", clear), ("c.png", opaque)], &[]);
    let eight = Reading { depth: Some(Depth::Eight), ..Reading::default() };
    let (head, _) = read(folder.path(), eight, 1).expect("three images");
    let texts: Vec<_> = head.notes.iter().map(|note| note.text.clone()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].starts_with(
        "16 bits per channel become 8 in 1 image; the largest value is 4095 of 65535, so at most 16 of 256"
    ));
    assert_eq!(texts[1], "transparency is dropped in 1 image");
}

#[test]
fn further_frames_and_pages_are_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images/frames");
    let reading = Reading { channels: Some(Channels::Grey), ..Reading::default() };
    let (head, _) = read(&folder, reading, 9).expect("four images");
    let texts: Vec<_> = head.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["only the first frame is read of 2 images", "only the first page is read of 1 image"]);
}

#[cfg(target_os = "linux")]
#[test]
fn classes_whose_names_read_alike_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[], &[]);
    for name in [b"d\xe8", b"d\xe9"] {
        let class = folder.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir(&class).expect("a folder");
        grey(1, 1).save(class.join("x.png")).expect("saved");
    }
    let message = read(folder.path(), Reading::default(), 9).map(drop).expect_err("alike").to_string();
    assert!(message.contains(r#""d\xE8" and "d\xE9""#), "{message}");
}

#[test]
fn messages_name_the_file_and_what_to_do() {
    type Images<'a> = &'a [(&'a str, DynamicImage)];
    type Files<'a> = &'a [(&'a str, &'a [u8])];
    let cases: [(Images, Files, &str); 10] = [
        (
            &[],
            &[("a.txt", b""), ("b/c.csv", b"")],
            "nor an image (PNG, JPEG, WebP, BMP, TIFF or GIF), in itself or in a subfolder (2 other files)",
        ),
        (
            &[("a.png", grey(1, 1)), ("b/c.png", grey(1, 1))],
            &[],
            "has images both in itself (a.png) and in subfolders (b)",
        ),
        (&[("a/b/c.png", grey(1, 1))], &[], "a/b is a folder inside the folder of a class"),
        (&[("a.png", grey(1, 2)), ("b.png", grey(2, 2))], &[], "a.png has 1x2; resize all images with --resize 1x2"),
        (&[("a.png", grey(1, 1)), ("b.png", rgb(1, 1))], &[], "b.png is rgb, but"),
        (&[("a.png", grey(1, 1))], &[("b.png", b"GIF89a and more")], "b.png cannot be read as an image"),
        (
            &[("train/a.png", grey(1, 1)), ("test/b.png", grey(1, 1))],
            &[],
            "which are parts of a data set and not classes",
        ),
        (&[("train/x/a.png", grey(1, 1)), ("Val/x/b.png", grey(1, 1))], &[], "has only the folders `train`, `Val`"),
        (&[], &[("b.jpg", b"")], "b.jpg cannot be read as an image"),
        (
            &[],
            &[("b.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x3f\xff\0\0\x3f\xff\x08\x02\0\0\0\x04\x1a\x4b\x1d")],
            "b.png cannot be read as an image",
        ),
    ];
    for (images, files, expected) in cases {
        let folder = folder(images, files);
        let message = read(folder.path(), Reading::default(), 9).map(drop).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_skipped_or_refused() {
    let folder = folder(&[("a/x.png", grey(1, 1))], &[]);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name)).expect("a link");
    link("nowhere", "a/notes");
    link("x.png", "a/y.png");
    assert_eq!(read(folder.path(), Reading::default(), 9).expect("two images").0.rows, Some(2));
    link("circle.png", "a/circle.png");
    let error = read(folder.path(), Reading::default(), 9).expect_err("a link to itself");
    assert!(error.to_string().contains("circle.png"), "{error}");
    fs::remove_file(folder.path().join("a/circle.png")).expect("a file of this test");
    link("..", "a/up");
    let error = read(folder.path(), Reading::default(), 9).expect_err("a folder in itself");
    assert!(error.to_string().contains("a/up is a folder inside"), "{error}");
}

proptest! {
    #[test]
    fn a_damaged_image_never_panics(
        format in prop::sample::select(vec!["x.png", "x.jpg", "x.webp"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let folder = folder(&[(format, rgb(9, 7))], &[]);
        let path = folder.path().join(format);
        let mut content = fs::read(&path).expect("the file exists");
        for (index, byte) in changes {
            let index = index.index(content.len());
            content[index] = byte;
        }
        if let Some(cut) = cut {
            content.truncate(cut.index(content.len()));
        }
        fs::write(&path, content).expect("written");
        let _ = read(folder.path(), Reading::default(), 9);
    }
}
