//! The options that mixed tables do not take.

use narrows_bundle::Kind;
use narrows_data::Dataset;

use crate::{
    Options,
    kinds::{Corruption, LatentPrior},
    pretrain::Pretrain,
    problems::Problems,
};

/// Reports options that a mixed table does not take, and options that only a mixed table takes.
pub(super) fn check_table(kind: Kind, options: &Options, data: &Dataset, problems: &mut Problems) {
    if data.table.is_none() {
        if options.masking.masking.is_some() {
            let what = "masks the cells of tables with columns of several types, but all values here are numbers; leave \
                        it out, or say the types of columns by --types";
            problems.add_of_data("masking", what);
        }
        return;
    }
    if kind == Kind::Pca {
        let what = "is pca, which needs numbers, but the table has columns of other types; train an ae, or leave these \
                    columns out by --ignore";
        problems.add_of_data("kind", what);
    }
    let refused = [
        (
            "prior",
            matches!(options.prior.prior, Some(LatentPrior::Vamp { .. })),
            "is vamp, whose pseudo-inputs are numbers, but the table has columns of other types; leave it out",
        ),
        (
            "contractive",
            options.penalty.contractive.is_some_and(|weight| weight != 0.0),
            "penalises the derivative of codes by numbers, but the table has columns of other types; leave it out",
        ),
        (
            "tied",
            options.code.tied == Some(true),
            "needs a decoder that mirrors the encoder, but the categories of a mixed table enter and leave the network in \
             different ways; leave it out",
        ),
        (
            "pretrain",
            options.pretrain.pretrain == Some(Pretrain::Layerwise),
            "is layerwise, which reconstructs the inputs of each layer as numbers, but the table has columns of other \
             types; leave it out",
        ),
        (
            "corruption",
            matches!(options.corruption.corruption, Some(Corruption::SaltAndPepper(_))),
            "is salt-pepper, which sets values to 0 or 1, but these are levels of a category; pass masking:0.25 or \
             gaussian:0.3",
        ),
        (
            "augment",
            options.augmentation.augment.is_some(),
            "changes images, but the samples are the rows of a table; leave it out",
        ),
    ];
    for (key, _, what) in refused.into_iter().filter(|(_, is_set, _)| *is_set) {
        problems.add_of_data(key, what);
    }
}
