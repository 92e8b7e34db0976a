//! The same seed gives the same bytes, with any number of threads.

use std::{env, process::Command};

use narrows_bundle::sha256_hex;
use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Options,
    bundle::{Kind, Likelihood},
    options::{Augmentation, Corruption, OptimizerName, Pretrain, Variance},
};

use crate::interrupted::without_times;

/// Set only in the processes that the test starts.
const THREADS: &str = "RAYON_NUM_THREADS";
const CHILD: &str = "NARROWS_REPEATABLE_CHILD";

fn runs() -> Vec<Options> {
    // Wide enough that matrix products and updates use several threads.
    let wide = |kind| {
        Options { seed: Some(5), ..Options::new(kind) }.with(|options| {
            options.architecture.hidden = Some(vec![512]);
            options.steps.batch_size = Some(256);
            options.length.epochs = Some(2);
        })
    };
    vec![
        Options { seed: Some(5), ..Options::new(Kind::Pca) },
        wide(Kind::Ae).with(|options| {
            options.optimizer.optimizer = Some(OptimizerName::Sgd);
            options.schedule.learning_rate = Some(0.01);
            options.steps.clip_norm = Some(0.1);
        }),
        wide(Kind::Dae).with(|options| {
            options.corruption.corruption = Some(Corruption::Gaussian(0.2));
            options.steps.average = Some(0.99);
        }),
        wide(Kind::Dae).with(|options| {
            options.pretrain.pretrain = Some(Pretrain::Layerwise);
            options.pretrain.pretrain_epochs = Some(1);
            options.steps.average = Some(0.99);
        }),
        // Enough rows in a batch that several threads augment them.
        wide(Kind::Wae).with(|options| {
            options.augmentation.augment = Some(vec![Augmentation::Flip, Augmentation::Rotate(10.0)]);
            options.steps.batch_size = Some(1024);
        }),
        wide(Kind::Vae).with(|options| {
            options.output.likelihood = Some(Likelihood::Gaussian);
            options.variance.variance = Some(Variance::Learned);
        }),
        wide(Kind::Cvae).with(|options| {
            options.split.valid_fraction = Some(0.1);
            options.stopping.patience = Some(1);
        }),
    ]
}

/// Returns a digest of all exported files, the manifest and the training history.
fn digest(options: &Options) -> String {
    let data = digits();
    let fitted = fitted(options, &data);
    let export = fitted.export(&data).expect("an export");
    let records = serde_json::to_vec(&(export.manifest, without_times(&fitted.history))).expect("plain data");
    let bytes: Vec<u8> = export.files.into_iter().flat_map(|(_, bytes)| bytes).chain(records).collect();
    sha256_hex(&bytes)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_different_bytes() {
    for options in runs() {
        let first = digest(&options);
        assert_eq!(first, digest(&options), "{:?}", options.kind);
        if options.kind != Some(Kind::Pca) {
            assert_ne!(first, digest(&Options { seed: Some(6), ..options.clone() }), "{:?}", options.kind);
        }
    }
}

/// Returns the digests of all runs, computed in a new process with this number of threads, because matrix products read
/// the number from the environment.
fn digests_with_threads(threads: &str) -> String {
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "repeatable::the_number_of_threads_does_not_change_any_bit", "--nocapture"])
        .env(THREADS, threads)
        .env(CHILD, "1")
        .output()
        .expect("this program again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let digests: Vec<&str> = text.lines().filter_map(|line| line.split_once("digest ").map(|(_, rest)| rest)).collect();
    assert_eq!(digests.len(), runs().len(), "{text}");
    digests.join(" ")
}

#[test]
fn the_number_of_threads_does_not_change_any_bit() {
    if env::var_os(CHILD).is_some() {
        return runs().iter().for_each(|options| println!("\ndigest {}", digest(options)));
    }
    let one = digests_with_threads("1");
    for threads in ["2", "3"] {
        assert_eq!(one, digests_with_threads(threads), "{threads} threads");
    }
}
