//! ONNX Runtime: the only file that names `ort`.
//!
//! `ort` allows one environment a process, ever, and forgets it when its last handle drops. So the
//! first one is kept here for as long as the process lives.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use narrows_bundle::Port;
use ndarray::ArrayD;
use ort::{environment::Environment, logging::LogLevel, session::SessionInputValue, value::TensorRef};

use crate::{
    Error, Options,
    library::{self, LibraryError, Located},
    rows::full_shape,
};

/// A graph that ONNX Runtime has loaded.
#[derive(Debug)]
pub(crate) struct Session {
    graph: String,
    inner: Mutex<ort::session::Session>,
}

/// The elements of one input, row-major.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tensor<'a> {
    Floats(&'a [f32]),
    Integers(&'a [i64]),
}

/// Loads ONNX Runtime, if this process has not yet, and says which library it is.
pub(crate) fn start(options: &Options) -> Result<Located, LibraryError> {
    environment(options).map(|(_, located)| located)
}

impl Session {
    /// Hands a graph to ONNX Runtime; `graph` is its name in errors.
    pub(crate) fn load(bytes: &[u8], graph: &str, options: &Options) -> Result<Self, Error> {
        let (environment, _) = environment(options)?;
        let load = || -> ort::Result<ort::session::Session> {
            let mut builder = ort::session::Session::builder(&environment)?;
            if let Some(threads) = options.threads {
                builder = builder.with_intra_threads(threads)?;
            }
            builder.commit_from_memory(bytes)
        };
        let inner = load().map_err(|source| failed("load", graph, source))?;
        Ok(Session { graph: graph.to_owned(), inner: Mutex::new(inner) })
    }

    /// Runs the graph on `rows` rows, at least one, and copies the named outputs out.
    pub(crate) fn run<const N: usize>(
        &self,
        rows: usize,
        inputs: &[(&Port, Tensor<'_>)],
        outputs: [&Port; N],
    ) -> Result<[ArrayD<f32>; N], Error> {
        let failed = |source| failed("run", &self.graph, source);
        let feed = inputs
            .iter()
            .map(|&(port, tensor)| Ok((Cow::Borrowed(port.name.as_str()), value(full_shape(rows, port), tensor)?)))
            .collect::<ort::Result<Vec<_>>>()
            .map_err(failed)?;
        // A run leaves nothing behind in the session, so a panic elsewhere cannot have spoilt it.
        let mut session: MutexGuard<'_, _> = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let computed = session.run(feed).map_err(failed)?;

        let mut arrays = outputs.map(|port| ArrayD::zeros(full_shape(0, port)));
        for (array, port) in arrays.iter_mut().zip(outputs) {
            let unexpected = |found: String| Error::Output {
                graph: self.graph.clone(),
                output: port.name.clone(),
                expected: full_shape(rows, port),
                found,
            };
            let tensor = computed.iter().find(|(name, _)| *name == port.name).map(|(_, tensor)| tensor);
            let tensor = tensor.ok_or_else(|| unexpected("nothing".to_owned()))?;
            let (shape, values) = tensor.try_extract_tensor::<f32>().map_err(|error| unexpected(error.to_string()))?;
            let shape: Vec<_> = shape.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
            if shape != full_shape(rows, port) {
                return Err(unexpected(format!("{shape:?}")));
            }
            *array = ArrayD::from_shape_vec(shape, values.to_vec()).map_err(|error| unexpected(error.to_string()))?;
        }
        Ok(arrays)
    }
}

fn value(shape: Vec<usize>, tensor: Tensor<'_>) -> ort::Result<SessionInputValue<'_>> {
    Ok(match tensor {
        Tensor::Floats(values) => TensorRef::from_array_view((shape, values))?.into(),
        Tensor::Integers(values) => TensorRef::from_array_view((shape, values))?.into(),
    })
}

fn failed(action: &'static str, graph: &str, source: ort::Error) -> Error {
    Error::Engine { action, graph: graph.to_owned(), source: Box::new(source) }
}

fn environment(options: &Options) -> Result<(Environment, Located), LibraryError> {
    static RUNNING: Mutex<Option<(Environment, Located)>> = Mutex::new(None);

    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((environment, located)) = running.as_ref() {
        return match &options.library {
            Some(asked) if !is_same_file(asked, &located.path) => {
                Err(LibraryError::AlreadyLoaded { loaded: located.path.clone(), asked: asked.clone() })
            }
            _ => Ok((environment.clone(), located.clone())),
        };
    }
    let located = library::locate(options)?;
    let refused = |source: Box<dyn std::error::Error + Send + Sync>| {
        let path = located.path.clone();
        LibraryError::Refused { path, source }
    };
    let environment = ort::init_from(&located.path)
        .map_err(|error| refused(error.to_string().into()))?
        .with_name("narrows")
        .with_telemetry(false)
        .build()
        .map_err(|error| refused(Box::new(error)))?;
    // Whatever fails is returned as an error too; what is left are warnings that nobody asked for.
    if std::env::var_os("ORT_LOG").is_none() {
        environment.set_log_level(LogLevel::Fatal);
    }
    *running = Some((environment.clone(), located.clone()));
    Ok((environment, located))
}

fn is_same_file(asked: &Path, loaded: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    real(asked) == real(loaded)
}
