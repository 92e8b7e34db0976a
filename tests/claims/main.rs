//! What the models are for, held against figures: PCA is exact, a linear autoencoder finds it, a DAE
//! denoises, a CVAE draws what it is asked for, and a run is honest about how it goes.

mod conditional;
mod denoising;
mod linear;
mod pca;
mod run;
mod variational;

mod neighbours;
mod pixels;
mod subspace;
