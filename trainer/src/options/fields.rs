//! The fields of options, listed once: their keys, and what is taken from others.

use super::Options;

/// All fields of a type of options but the source, said once.
macro_rules! fields {
    ($options:ty; $($field:ident),* $(,)?) => {
        /// The keys of all fields but the source, in their order.
        pub(super) const KEYS: &[&str] = &[$(stringify!($field)),*];

        impl $options {
            /// These options, and those of `other` where nothing was said here.
            pub fn or(&self, other: &Self) -> Self {
                let source = self.source.or(&other.source);
                Self { source, $($field: self.$field.clone().or_else(|| other.$field.clone())),* }
            }
        }
    };
}

pub(crate) use fields;

fields![
    Options;
    kind,
    scale,
    scale_per,
    valid_fraction,
    binarize,
    latent,
    hidden,
    activation,
    latent_activation,
    tied,
    likelihood,
    output_link,
    variance,
    whiten,
    beta,
    kl_warmup,
    free_bits,
    capacity,
    importance_samples,
    corruption,
    l1,
    l2,
    contractive,
    pretrain,
    pretrain_epochs,
    pretrain_learning_rate,
    epochs,
    batch_size,
    optimizer,
    learning_rate,
    schedule,
    warmup,
    momentum,
    nesterov,
    beta1,
    beta2,
    epsilon,
    weight_decay,
    clip_norm,
    average,
    patience,
    min_delta,
    kernels,
    seed
];
