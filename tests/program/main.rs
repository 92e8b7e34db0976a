//! The program as a person or a script meets it: what it prints, how it exits, what it leaves on disk.

mod closed_pipe;
mod config;
mod damage;
mod device;
mod disk_full;
mod divergence;
mod library;
mod own_data;
mod pack;
mod parts;
mod quiet_and_json;
mod refusals;
mod resume;
mod round_trips;
mod signals;
mod soak;
mod streams;
mod train_export;
mod unwritable;

mod kills;
mod place;
mod refusal;
