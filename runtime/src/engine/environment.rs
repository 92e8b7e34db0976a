//! The one environment of a process.
//!
//! `ort` allows one environment a process, ever, and forgets it when its last handle drops: then there is
//! none any more, and no other can be built. So the first one that is used here, ours or the host's, is
//! kept for as long as the process lives.

use std::sync::{Mutex, PoisonError};

use ort::{
    environment::{Environment, EnvironmentBuilder},
    logging::LogLevel,
};

use super::ending::watch;
use crate::{
    Options,
    library::{LibraryError, Origin, Running},
};

/// What `ort` says where there is, or was, an environment already. It has no code of its own for that.
const ONLY_ONE: &str = "only one environment is allowed";

/// Starts ONNX Runtime, if this process has not yet, and says which one it is.
pub(crate) fn start(options: &Options) -> Result<Running, LibraryError> {
    started(options).map(|(_, running)| running)
}

/// The environment to make sessions in: the host's, or ours.
pub(super) fn environment(options: &Options) -> Result<Environment, LibraryError> {
    started(options).map(|(environment, _)| environment)
}

fn started(options: &Options) -> Result<(Environment, Running), LibraryError> {
    static STARTED: Mutex<Option<(Environment, Running)>> = Mutex::new(None);

    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (environment, running) = match (started.as_ref(), &options.environment) {
        (Some(started), _) => started.clone(),
        (None, Some(environment)) => (environment.clone(), platform::of_host()),
        (None, None) => ours(options)?,
    };
    if started.is_none() {
        watch();
    }
    *started = Some((environment.clone(), running.clone()));
    platform::check_asked(options, &running)?;
    Ok((environment, running))
}

fn ours(options: &Options) -> Result<(Environment, Running), LibraryError> {
    let (builder, running) = platform::builder(options)?;
    let refused = |error: ort::Error| match error.message() {
        message if message.contains(ONLY_ONE) => LibraryError::HostEnvironment,
        _ => LibraryError::Refused { running: running.clone(), source: error.into() },
    };
    let environment = builder.with_name("narrows").with_telemetry(false).build().map_err(refused)?;
    // Whatever fails is returned as an error too; what is left are warnings that nobody asked for.
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

    use super::{EnvironmentBuilder, LibraryError, Options, Origin, Running};
    use crate::library;

    /// A folder, which is no library. `ort` looks at a path only as long as it has loaded none.
    const NO_LIBRARY: &str = if cfg!(windows) { "C:\\" } else { "/" };

    /// The beginning of an environment, in the library that the search finds. A host that has made `ort`
    /// load one has chosen already.
    pub(super) fn builder(options: &Options) -> Result<(EnvironmentBuilder, Running), LibraryError> {
        if let Ok(builder) = ort::init_from(NO_LIBRARY) {
            let running = of_host();
            check_asked(options, &running)?;
            return Ok((builder, running));
        }
        let located = library::locate(options)?;
        let running = Running::from(&located);
        match ort::init_from(&located.path) {
            Ok(builder) => Ok((builder, running)),
            Err(error) => Err(LibraryError::Refused { running, source: error.to_string().into() }),
        }
    }

    /// What `ort` has loaded.
    pub(super) fn of_host() -> Running {
        let found = library::holding(from_ref(ort::api()).cast());
        let (version, path) = found.map(|found| (found.version, found.path)).unzip();
        Running { version, path, origin: Origin::Host }
    }

    /// A library that somebody named is never passed over in silence.
    pub(super) fn check_asked(options: &Options, running: &Running) -> Result<(), LibraryError> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        match &options.library {
            Some(asked) if running.path.as_deref().map(real) != Some(real(asked)) => {
                Err(LibraryError::AlreadyLoaded { running: running.clone(), asked: asked.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// ONNX Runtime as a part of the program.
#[cfg(not(feature = "load-dynamic"))]
mod platform {
    use super::{EnvironmentBuilder, LibraryError, Options, Origin, Running};

    pub(super) fn builder(_: &Options) -> Result<(EnvironmentBuilder, Running), LibraryError> {
        Ok((ort::init(), of_host()))
    }

    pub(super) fn of_host() -> Running {
        Running { version: None, path: None, origin: Origin::Linked }
    }

    pub(super) fn check_asked(_: &Options, _: &Running) -> Result<(), LibraryError> {
        Ok(())
    }
}
