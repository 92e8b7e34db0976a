//! A denoising autoencoder, exported and run in ONNX Runtime, removes noise better than models of the same size that
//! were trained without noise.

use candle_core::{Device, Tensor};
use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Options, bundle::Kind, data::Dataset, options::Corruption};
use ndarray::Array2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::pixels::{from_data_unit, mean_squared_error, scaled, to_data_unit};

const LATENT: usize = 16;

fn trained(kind: Kind, corruption: Option<Corruption>, data: &Dataset) -> Autoencoder {
    let options = Options { latent: Some(LATENT), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![128]);
        options.length.epochs = Some(60);
        options.schedule.learning_rate = Some(2e-3);
        options.corruption.corruption = corruption;
    });
    opened(&fitted(&options, data), data)
}

/// Reconstructs noisy rows; input and output are in the network's unit.
fn denoised(model: &Autoencoder, noisy: &Array2<f32>) -> Array2<f32> {
    from_data_unit(&model.reconstruct(&to_data_unit(noisy)).expect("rows of the right width"))
}

fn corrupted(corruption: Corruption, clean: &Array2<f32>) -> Array2<f32> {
    let x = Tensor::from_iter(clean.iter().copied(), &Device::Cpu).expect("the rows fit in memory");
    let noisy = corruption.apply(&x, &mut ChaCha8Rng::seed_from_u64(17)).expect("on the CPU");
    Array2::from_shape_vec(clean.dim(), noisy.to_vec1().expect("floats")).expect("the same shape")
}

#[test]
fn a_dae_is_closer_to_the_clean_image_than_its_input_a_plain_autoencoder_and_pca() {
    let data = digits();
    let clean = scaled(data.test.as_ref().expect("digits have a test part"));
    let ae = trained(Kind::Ae, None, &data);
    let pca = opened(&fitted(&Options { latent: Some(LATENT), ..Options::new(Kind::Pca) }, &data), &data);
    for corruption in [Corruption::Masking(0.25), Corruption::Gaussian(0.3)] {
        let dae = trained(Kind::Dae, Some(corruption), &data);
        let noisy = corrupted(corruption, &clean);
        let error = |model| mean_squared_error(&denoised(model, &noisy), &clean);
        let (dae, ae, pca) = (error(&dae), error(&ae), error(&pca));
        let input = mean_squared_error(&noisy, &clean);
        assert!(
            dae < input && dae < ae && dae < pca,
            "{corruption}: mse {dae:.5} of the dae, {input:.5} of its input, {ae:.5} of the ae, {pca:.5} of pca"
        );
    }
}
