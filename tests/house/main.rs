//! Rules of the workspace: dependencies between crates and where they come from, import cycles, the length of files,
//! features of dependencies, the tests that SECURITY.md names, and the runtime as a dependency of a program outside the
//! workspace.

mod cycles;
mod dependencies;
mod downstream;
mod features;
mod files;
mod security;
mod supply;
