//! Rules of the workspace: dependencies between crates and where they come from, import cycles, the length of files,
//! features of dependencies, and the runtime as a dependency of a program outside the workspace.

mod cycles;
mod dependencies;
mod downstream;
mod features;
mod files;
mod supply;
