//! Structural similarity of two images (Wang et al. 2004).

use crate::images::ImageShape;

/// Constants of the formula (Wang et al. 2004, section III.C).
const K1: f64 = 0.01;
const K2: f64 = 0.03;
/// Standard deviation of the Gaussian window, in pixels.
const SIGMA: f64 = 1.5;
/// Side of the Gaussian window.
const GAUSSIAN: usize = 11;
/// Side of the uniform window of smaller images, as in scikit-image.
const UNIFORM: usize = 7;

/// The window over which means, variances and the covariance are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SsimWindow {
    /// 11 x 11 pixels, weighted by a normal distribution of standard deviation 1.5, as in the paper. Variances have
    /// the sum of the weights as the divisor.
    Gaussian,
    /// 7 x 7 pixels with equal weights, for images with a side below 11 pixels. Variances are sample variances, with
    /// the number of pixels minus 1 as the divisor.
    Uniform,
}

impl SsimWindow {
    /// Returns a short description.
    pub fn name(self) -> &'static str {
        match self {
            SsimWindow::Gaussian => "11x11 gaussian",
            SsimWindow::Uniform => "7x7 uniform",
        }
    }
}

/// Computes the structural similarity of images of one shape.
#[derive(Debug, Clone)]
pub struct Ssim {
    shape: ImageShape,
    window: SsimWindow,
    weights: Vec<f64>,
    /// `(K1 range)^2` and `(K2 range)^2`.
    constants: (f64, f64),
}

impl Ssim {
    /// Prepares the window for images of shape `[height, width]` or `[height, width, channels]`, where `range` is the
    /// difference between white and black. `None` for other samples, and for images with a side below 7 pixels.
    pub fn new(shape: &[usize], range: f64) -> Option<Self> {
        let shape = ImageShape::of(shape)?;
        let (window, weights) = match shape.height.min(shape.width) {
            GAUSSIAN.. => (SsimWindow::Gaussian, gaussian()),
            UNIFORM.. => (SsimWindow::Uniform, vec![1.0 / UNIFORM as f64; UNIFORM]),
            _ => return None,
        };
        Some(Ssim { shape, window, weights, constants: ((K1 * range).powi(2), (K2 * range).powi(2)) })
    }

    /// Returns the window.
    pub fn window(&self) -> SsimWindow {
        self.window
    }

    /// Returns the mean of the similarity
    ///
    /// `(2 m_x m_y + c1) (2 s_xy + c2) / ((m_x^2 + m_y^2 + c1) (s_x^2 + s_y^2 + c2))`
    ///
    /// over all positions at which the window lies within the image, and over the channels (Wang et al. 2004, equations
    /// 13 and 17). Both images are in row-major order, with the channels last.
    pub fn of(&self, one: &[f64], other: &[f64]) -> f64 {
        let channels = self.shape.channels;
        let sum: f64 = (0..channels)
            .map(|channel| {
                let plane = |image: &[f64]| image.iter().skip(channel).step_by(channels).copied().collect::<Vec<_>>();
                self.of_channel(&plane(one), &plane(other))
            })
            .sum();
        sum / channels as f64
    }

    fn of_channel(&self, x: &[f64], y: &[f64]) -> f64 {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>();
        let [mean_x, mean_y, square_x, square_y, mixed] =
            [x.to_vec(), y.to_vec(), product(x, x), product(y, y), product(x, y)].map(|plane| self.filtered(&plane));
        let pixels = (self.weights.len() * self.weights.len()) as f64;
        let divisor = match self.window {
            SsimWindow::Gaussian => 1.0,
            SsimWindow::Uniform => pixels / (pixels - 1.0),
        };
        let (c1, c2) = self.constants;
        let at = |position: usize| {
            let (mean_x, mean_y) = (mean_x[position], mean_y[position]);
            let variance_x = divisor * (square_x[position] - mean_x * mean_x);
            let variance_y = divisor * (square_y[position] - mean_y * mean_y);
            let covariance = divisor * (mixed[position] - mean_x * mean_y);
            (2.0 * mean_x * mean_y + c1) * (2.0 * covariance + c2)
                / ((mean_x * mean_x + mean_y * mean_y + c1) * (variance_x + variance_y + c2))
        };
        (0..mean_x.len()).map(at).sum::<f64>() / mean_x.len() as f64
    }

    /// Returns the weighted means over the window at every position at which it lies within the image.
    fn filtered(&self, plane: &[f64]) -> Vec<f64> {
        let (width, side) = (self.shape.width, self.weights.len());
        let weighted = |values: &mut dyn Iterator<Item = f64>| -> f64 {
            values.zip(&self.weights).map(|(value, weight)| value * weight).sum()
        };
        let positions = width - side + 1;
        let horizontal: Vec<f64> = plane
            .chunks(width)
            .flat_map(|row| row.windows(side).map(|window| weighted(&mut window.iter().copied())))
            .collect();
        let rows = self.shape.height - side + 1;
        let vertical = |index: usize| weighted(&mut horizontal[index..].iter().step_by(positions).copied());
        (0..rows * positions).map(vertical).collect()
    }
}

fn gaussian() -> Vec<f64> {
    let center = (GAUSSIAN / 2) as f64;
    let weight = |index: usize| (-0.5 * ((index as f64 - center) / SIGMA).powi(2)).exp();
    let sum: f64 = (0..GAUSSIAN).map(weight).sum();
    (0..GAUSSIAN).map(|index| weight(index) / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(shape: &[usize], factor: f64) -> Vec<f64> {
        (0..shape.iter().product()).map(|index| ((index * 37) % 101) as f64 * factor).collect()
    }

    #[test]
    fn equal_images_have_similarity_1_and_others_that_of_scikit_image() {
        // By `structural_similarity` of scikit-image 0.26.
        for (shape, expected) in [
            (&[28, 28][..], -0.232_462_809_006_645_12),
            (&[8, 8], -0.510_601_103_361_372_2),
            (&[12, 15, 3], 0.501_921_877_491_309_3),
            (&[7, 40, 1], 0.031_261_864_424_455_35),
        ] {
            let ssim = Ssim::new(shape, 100.0).expect("large enough");
            let image = ramp(shape, 1.0);
            assert!((ssim.of(&image, &image) - 1.0).abs() < 1e-12, "{shape:?}");
            let reversed: Vec<f64> = image.iter().rev().copied().collect();
            let similarity = ssim.of(&image, &reversed);
            assert!((similarity - expected).abs() < 1e-12, "{shape:?}: {similarity}");
        }
    }

    #[test]
    fn constant_images_differ_only_by_their_brightness() {
        let ssim = Ssim::new(&[11, 11], 1.0).expect("large enough");
        let expected = (2.0 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4);
        assert!((ssim.of(&[0.2; 121], &[0.6; 121]) - expected).abs() < 1e-9);
    }

    #[test]
    fn small_images_get_a_small_window_and_tiny_ones_and_other_samples_none() {
        let window = |shape: &[usize]| Ssim::new(shape, 1.0).map(|ssim| ssim.window());
        assert_eq!(window(&[11, 30]), Some(SsimWindow::Gaussian));
        assert_eq!(window(&[10, 30, 3]), Some(SsimWindow::Uniform));
        assert_eq!([window(&[6, 30]), window(&[64]), window(&[9, 9, 4])], [None; 3]);
    }
}
