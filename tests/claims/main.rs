//! What the models are for, held against figures: PCA is exact, a linear autoencoder finds it, a DAE
//! denoises, a CVAE draws what it is asked for, every option does what it says, and a run is honest about
//! how it goes, repeats to the bit and survives being broken off.

mod averaging;
mod binarized;
mod checkpoints;
mod collapse;
mod conditional;
mod configurations;
mod denoising;
mod diverged;
mod early_stop;
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
mod variances;
mod variational;
mod wasserstein;

mod interrupted;
mod neighbours;
mod pixels;
mod subspace;
mod watched;
