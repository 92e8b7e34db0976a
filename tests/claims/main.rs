//! Measurable properties of the models and of training: PCA is exact, a linear autoencoder converges to PCA, a DAE
//! denoises, a CVAE generates the requested class, and every option has its documented effect. A run reports problems,
//! is reproducible bit for bit, and can be interrupted and resumed.

mod augmentation;
mod averaging;
mod binarized;
mod checkpoints;
mod collapse;
mod conditional;
mod configurations;
mod denoising;
mod diverged;
mod early_stop;
mod embedding;
mod evaluation;
mod importance;
mod kl;
mod linear;
mod optimizers;
mod pca;
mod penalties;
mod pretraining;
mod repeatable;
mod resuming;
mod run;
mod schedules;
mod score;
mod tied;
mod vamp;
mod variances;
mod variational;
mod wasserstein;

mod first_steps;
mod interrupted;
mod moments;
mod nearest_neighbours;
mod pixels;
mod subspace;
