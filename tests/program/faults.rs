//! What happens if the machine, the system or the caller misbehaves: no panic, no hang, an error that says what to do,
//! and no half-written file under its final name. `just faults` runs the long forms.

mod clock;
mod environment;
mod limits;
mod names;
mod network;
mod places;
mod signals;
mod two_processes;
mod verbs;
