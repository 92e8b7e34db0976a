//! A flag that stops running calls from another thread.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag by which another thread, or a signal handler, stops running calls. Clones share the flag.
///
/// A model is given the flag with `cancelled_by`, which returns a second handle on the same sessions. A flag can stop
/// one call, or all calls of several models:
///
/// ```no_run
/// use std::{thread, time::Duration};
///
/// use narrows_runtime::{Autoencoder, Cancellation, Error, ndarray::Array2};
///
/// # fn main() -> Result<(), Error> {
/// let model = Autoencoder::open("models/vae")?;
/// let rows = Array2::<f32>::zeros((1_000_000, 64));
/// let cancellation = Cancellation::new();
/// let timer = cancellation.clone();
/// thread::spawn(move || {
///     thread::sleep(Duration::from_secs(2));
///     timer.cancel();
/// });
/// match model.cancelled_by(&cancellation).encode(&rows) {
///     Ok(codes) => println!("{} codes within two seconds", codes.nrows()),
///     Err(Error::Cancelled { done, rows }) => println!("only {done} of {rows} rows within two seconds"),
///     Err(other) => return Err(other),
/// }
/// # Ok(())
/// # }
/// ```
///
/// A call looks at the flag between two runs of a graph, and between blocks of other work. It ends after the run that
/// is computing, which has [`Options::chunk`](crate::Options::chunk) rows at most, in every thread over which its rows
/// are spread. A call that is complete returns its result. Once the flag is set it stays set, and every further call of
/// the handle returns [`Error::Cancelled`](crate::Error::Cancelled) at once; the model itself and its other handles
/// work as before.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Creates a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag. It may be called by any thread, and in a signal handler.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the flag is set.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Shares a flag of the host, for example one that a signal handler sets.
impl From<Arc<AtomicBool>> for Cancellation {
    fn from(flag: Arc<AtomicBool>) -> Self {
        Cancellation(flag)
    }
}
