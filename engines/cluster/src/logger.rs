//! What the engine logs, on standard error.

use log::{LevelFilter, Log, Metadata, Record};

struct Logger;

/// Writes errors, warnings and information if `is_verbose`. Errors of queries reach the user by their results.
pub(crate) fn start(is_verbose: bool) {
    log::set_max_level(if is_verbose { LevelFilter::Info } else { LevelFilter::Off });
    // It fails only if a logger was set before.
    let _ = log::set_logger(&Logger);
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("{} {}: {}", record.level().as_str().to_lowercase(), record.target(), record.args());
        }
    }

    fn flush(&self) {}
}
