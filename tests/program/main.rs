//! End-to-end tests of the program: its output, its exit codes and the files that it writes.

mod classify;
mod closed_pipe;
mod compare;
mod config;
mod convolutions;
mod damage;
mod detect;
mod device;
mod disk_full;
mod divergence;
mod evaluate;
mod exit_codes;
mod explore;
mod faults;
mod fit_prior;
mod generation;
mod generation_flags;
mod heads;
mod library;
mod memory;
mod mixed_figures;
mod mixed_work;
mod moments;
mod names;
mod next_steps;
mod notes;
mod own_data;
mod pack;
mod parts;
mod pretraining;
mod quiet_and_json;
mod refusals;
mod remembered;
mod report;
mod resume;
mod round_trips;
mod series;
mod signals;
mod soak;
mod standard_streams;
mod streams;
mod table_files;
mod tables;
mod train_export;
mod transfer;
mod transfer_runs;
mod unwritable;

/// Bundles assembled by the tests, without training.
#[path = "../../runtime/tests/support/mod.rs"]
mod by_hand;
mod kills;
mod refusal;
mod sandbox;
