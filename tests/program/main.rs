//! The program as a person or a script meets it: what it prints, how it exits, what it leaves on disk.

mod closed_pipe;
mod damage;
mod interrupt;
mod library;
mod own_data;
mod refusals;
mod round_trips;
mod train_export;
mod unwritable;

mod place;
mod refusal;
