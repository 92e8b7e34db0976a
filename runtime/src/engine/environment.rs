//! The ONNX Runtime environment of the process.
//!
//! `ort` allows only one environment per process. When its last handle is dropped, no other one can be created.
//! Therefore the first environment used here, created by this crate or by the host, is kept until the process ends.

use std::sync::{Mutex, PoisonError};

use ort::{
    environment::{Environment, EnvironmentBuilder},
    logging::LogLevel,
};

use super::shutdown::{Call, Exiting, wait_at_exit};
use crate::{
    Options,
    library::{LibraryError, Origin, Running},
};

/// Message of `ort` if an environment exists or existed already; `ort` has no error code for this case.
const ONLY_ONE: &str = "only one environment is allowed";

/// Starts ONNX Runtime if it is not running yet, and returns information about it.
pub(crate) fn start(options: &Options) -> Result<Running, LibraryError> {
    started(options).map(|(_, running)| running)
}

/// Returns the environment for sessions, that of the host or the one of this crate, and the ONNX Runtime that it is of.
pub(super) fn started(options: &Options) -> Result<(Environment, Running), LibraryError> {
    static STARTED: Mutex<Option<(Environment, Running)>> = Mutex::new(None);

    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (environment, running) = match (started.as_ref(), &options.environment) {
        (Some(started), _) => started.clone(),
        (None, Some(environment)) => {
            wait_at_exit();
            (environment.clone(), platform::of_host())
        }
        (None, None) => create(options)?,
    };
    *started = Some((environment.clone(), running.clone()));
    platform::check_requested(options, &running)?;
    Ok((environment, running))
}

fn create(options: &Options) -> Result<(Environment, Running), LibraryError> {
    let (builder, running) = platform::builder(options)?;
    wait_at_exit();
    let exiting = |error: Exiting| LibraryError::Refused { running: running.clone(), source: error.into() };
    let _call = Call::begin_first().map_err(exiting)?;
    let refused = |error: ort::Error| match error.message() {
        message if message.contains(ONLY_ONE) => LibraryError::HostEnvironment,
        _ => LibraryError::Refused { running: running.clone(), source: error.into() },
    };
    let environment = builder.with_name("narrows").with_telemetry(false).build().map_err(refused)?;
    // Failures are also returned as errors, so only warnings are lost.
    if std::env::var_os("ORT_LOG").is_none() {
        environment.set_log_level(LogLevel::Fatal);
    }
    Ok((environment, running))
}

/// ONNX Runtime as a shared library.
#[cfg(feature = "load-dynamic")]
mod platform {
    use std::{
        fs,
        path::{Path, PathBuf},
        ptr::from_ref,
    };

    use super::{super::shutdown::keep_statics, EnvironmentBuilder, LibraryError, Options, Origin, Running};
    use crate::library;

    /// A folder, which is never a library. `ort` ignores the path if it has loaded a library already, so this tests
    /// whether one is loaded.
    const NO_LIBRARY: &str = if cfg!(windows) { "C:\\" } else { "/" };

    /// Returns the builder of an environment, with the library that the host has loaded, or else the one that the
    /// search finds.
    pub(super) fn builder(options: &Options) -> Result<(EnvironmentBuilder, Running), LibraryError> {
        if let Ok(builder) = ort::init_from(NO_LIBRARY) {
            let running = of_host();
            check_requested(options, &running)?;
            return Ok((builder, running));
        }
        let located = library::locate(options)?;
        let running = Running::from(&located);
        match ort::init_from(&located.path) {
            Ok(builder) => {
                keep_statics(from_ref(ort::api()).cast());
                Ok((builder, running))
            }
            Err(error) => Err(LibraryError::Refused { running, source: error.to_string().into() }),
        }
    }

    /// Returns information about the library that the host has loaded.
    pub(super) fn of_host() -> Running {
        let library = library::library_at(from_ref(ort::api()).cast());
        let (version, path) = library.map(|library| (library.version, library.path)).unzip();
        Running { version, path, origin: Origin::Host }
    }

    /// Returns an error if the options request another library than the running one.
    pub(super) fn check_requested(options: &Options, running: &Running) -> Result<(), LibraryError> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        match &options.library {
            Some(requested) if running.path.as_deref().map(real) != Some(real(requested)) => {
                Err(LibraryError::AlreadyLoaded { running: running.clone(), asked: requested.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// ONNX Runtime linked into the program.
#[cfg(not(feature = "load-dynamic"))]
mod platform {
    use super::{EnvironmentBuilder, LibraryError, Options, Origin, Running};

    pub(super) fn builder(_: &Options) -> Result<(EnvironmentBuilder, Running), LibraryError> {
        Ok((ort::init(), of_host()))
    }

    pub(super) fn of_host() -> Running {
        Running { version: None, path: None, origin: Origin::Linked }
    }

    pub(super) fn check_requested(_: &Options, _: &Running) -> Result<(), LibraryError> {
        Ok(())
    }
}
