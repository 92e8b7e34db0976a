mod reference;

use self::reference::Example;
use super::*;
use crate::numeric::example::noise;

/// Kernels and strides of a map of one line are one along the vertical axis.
fn plain(input: [usize; 2], channels: [usize; 2], kernel: usize, stride: usize, padding: usize) -> Convolution {
    let vertical = |value, of_one_line| if input[0] == 1 { of_one_line } else { value };
    Convolution {
        input,
        in_channels: channels[0],
        out_channels: channels[1],
        kernel: [vertical(kernel, 1), kernel],
        stride: [vertical(stride, 1), stride],
        padding: [vertical(padding, 0), padding],
        upsampling: [1, 1],
        cropped: input,
    }
}

fn upsampled(
    input: [usize; 2],
    upsampling: [usize; 2],
    cropped: [usize; 2],
    channels: [usize; 2],
    kernel: usize,
) -> Convolution {
    Convolution { upsampling, cropped, ..plain(input, channels, kernel, 1, (kernel - 1) / 2) }
}

/// A batch of at most 70 rows with not too many products for a test.
fn batch(convolution: &Convolution) -> usize {
    let [height, width] = convolution.output();
    let channels = convolution.in_channels * convolution.out_channels;
    let products = height * width * convolution.taps() * channels;
    [70, 3].into_iter().find(|batch| batch * products <= 1_000_000).unwrap_or(1)
}

fn check(convolution: &Convolution) {
    let example = Example::new(convolution, batch(convolution));
    example.check_forward();
    example.check_input_gradient();
    example.check_weight_gradient();
}

#[test]
fn plain_convolutions_match_sums_in_64_bits() {
    for input in [[19, 23], [28, 28], [33, 64], [1, 187], [5, 6]] {
        for (kernel, stride) in [(1, 1), (1, 2), (3, 1), (3, 2), (5, 1), (5, 2)] {
            for channels in [[1, 1], [1, 32], [3, 5], [8, 2], [8, 32], [33, 1], [33, 5]] {
                check(&plain(input, channels, kernel, stride, (kernel - 1) / 2));
                check(&plain(input, channels, kernel, stride, 0));
            }
        }
    }
}

#[test]
fn upsampled_convolutions_match_sums_in_64_bits() {
    for (input, upsampling, cropped) in [
        ([7, 7], [2, 2], [14, 14]),
        ([4, 4], [2, 2], [7, 7]),
        ([4, 5], [2, 2], [7, 10]),
        ([4, 5], [2, 2], [8, 9]),
        ([4, 4], [2, 2], [5, 6]),
        ([3, 5], [3, 3], [9, 15]),
        ([3, 5], [3, 3], [8, 13]),
        ([1, 94], [1, 2], [1, 187]),
        ([5, 3], [1, 3], [5, 8]),
        ([4, 4], [4, 4], [13, 15]),
    ] {
        for kernel in [1, 3, 5] {
            for channels in [[1, 1], [1, 32], [3, 5], [8, 2], [8, 32], [33, 1], [33, 5]] {
                let convolution = upsampled(input, upsampling, cropped, channels, kernel);
                check(&convolution);
                check(&Convolution { padding: [0, 0], ..convolution.clone() });
                check(&Convolution { stride: [2, 2], ..convolution });
            }
        }
    }
}

#[test]
fn maps_larger_than_a_chunk_match_sums_in_64_bits() {
    check(&plain([40, 41], [40, 2], 3, 2, 1));
    check(&plain([40, 41], [40, 41], 3, 1, 1));
    check(&plain([90, 91], [3, 9], 3, 1, 1));
    check(&plain([90, 91], [9, 3], 3, 1, 1));
    check(&upsampled([30, 31], [2, 2], [59, 61], [24, 6], 3));
    check(&plain([9, 8], [70, 3], 3, 2, 1));
}

#[test]
fn a_map_of_one_pixel_matches_sums_in_64_bits() {
    check(&upsampled([1, 1], [2, 2], [1, 1], [8, 33], 3));
    check(&upsampled([1, 1], [2, 2], [2, 2], [8, 1], 3));
    check(&plain([1, 1], [8, 5], 3, 1, 1));
    check(&plain([3, 3], [8, 5], 3, 1, 0));
    check(&plain([3, 3], [8, 1], 3, 2, 0));
}

#[test]
fn upsampling_by_two_needs_fewer_multiplications() {
    let convolution = upsampled([7, 7], [2, 2], [14, 14], [64, 32], 3);
    assert_eq!(convolution.multiply_adds(), 7 * 7 * 4 * 4 * 64 * 32);
    assert_eq!(plain([14, 14], [64, 32], 3, 1, 1).multiply_adds(), 14 * 14 * 3 * 3 * 64 * 32);
}

#[test]
#[should_panic(expected = "the same number of rows")]
fn slices_of_different_batches_panic() {
    let convolution = plain([4, 4], [1, 1], 3, 1, 1);
    convolution.forward(&[0.0; 32], Matrix::of_rows(&[0.0; 9], 1), &[0.0], &mut [0.0; 16]);
}
