use std::io;

use narrows_runtime::ndarray::{Array2, Array3, ArrayD};

use super::*;

struct Decoded {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Decoded {
    fn of(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("one frame");
        Decoded { width: info.width as usize, height: info.height as usize, pixels }
    }

    /// Number of pixels of exactly this colour in a rectangle.
    fn count(&self, color: Color, x: Range<usize>, y: Range<usize>) -> usize {
        let is_color = |&(x, y): &(usize, usize)| self.pixels[(y * self.width + x) * 3..][..3] == color;
        y.flat_map(|y| x.clone().map(move |x| (x, y))).filter(is_color).count()
    }
}

fn plots<'a>(series: &'a ArrayViewD<'a, f32>) -> LinePlots<'a> {
    LinePlots { series, originals: None, labels: None, names: None }
}

#[test]
fn every_sample_has_a_panel_and_every_channel_a_line_of_its_colour() {
    let waves = Array3::from_shape_fn((3, 2, 50), |(sample, channel, step)| {
        (step as f32 * 0.2 + sample as f32).sin() + 3.0 * channel as f32
    });
    let waves = waves.into_dyn();
    let image = Decoded::of(&plots(&waves.view()).draw(2).expect("series"));
    let layout = Layout { columns: 2, legend: LINE, label: 0 };
    assert_eq!((image.width, image.height), layout.size(3));
    for index in 0..3 {
        let (x, y) = layout.plot(index);
        let [first, second] = [0, 1].map(|channel| image.count(palette::color(channel), x.clone(), y.clone()));
        assert!(first > 300 && second > 300, "{first} and {second} pixels in panel {index}");
        // The second channel is higher.
        let upper = y.start..y.start + PLOT.1 / 2;
        assert_eq!(image.count(palette::color(0), x.clone(), upper), 0);
    }
    let (x, y) = layout.plot(3);
    assert_eq!(image.count([255, 255, 255], x, y), PLOT.0 * PLOT.1, "there is no fourth sample");
}

#[test]
fn originals_are_grey_below_their_reconstructions_and_labels_are_above_the_panels() {
    let (flat, high) = (Array2::<f32>::zeros((1, 20)).into_dyn(), Array2::<f32>::ones((1, 20)).into_dyn());
    let (flat, high) = (flat.view(), high.view());
    let labels = ["walking".to_owned()];
    let plots = LinePlots { originals: Some(&flat), labels: Some(&labels), ..plots(&high) };
    let image = Decoded::of(&plots.draw(4).expect("series"));
    let layout = Layout { columns: 1, legend: LINE, label: LINE };
    let (x, y) = layout.plot(0);
    let middle = y.start + PLOT.1 / 2;
    assert!(image.count(ORIGINAL, x.clone(), middle..y.end) > 300);
    assert!(image.count(palette::color(0), x.clone(), y.start..middle) > 300);
    assert!(image.count(INK, x, y.start - LINE..y.start) > 100, "the label");
}

#[test]
fn a_long_recording_and_missing_values_are_drawn_within_the_panel() {
    let long = Array2::from_shape_fn((1, 100_000), |(_, step)| if step == 7 { f32::NAN } else { (step as f32).sin() });
    let image = Decoded::of(&plots(&long.into_dyn().view()).draw(1).expect("a series"));
    let (x, y) = Layout { columns: 1, legend: 0, label: 0 }.plot(0);
    let drawn = image.count(palette::color(0), x.clone(), y.clone());
    assert!(drawn > PLOT.0 * PLOT.1 / 2, "{drawn} pixels");
    assert_eq!(image.count(palette::color(0), 0..image.width, 0..image.height), drawn);
    let missing = ArrayD::from_elem(vec![2, 5], f32::NAN);
    assert!(plots(&missing.view()).draw(1).is_ok());
}

#[test]
fn other_shapes_and_no_samples_are_refused() {
    let error = |shape: &[usize]| plots(&ArrayD::zeros(shape).view()).draw(4).expect_err("no series").to_string();
    assert!(error(&[2, 3, 4, 5]).contains("[3, 4, 5]"));
    assert_eq!(error(&[0, 9]), "there are no samples to draw");
    assert!(error(&[2, 0]).contains("[0]"));
}
