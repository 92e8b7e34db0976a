//! Everything that can be checked about a bundle on disk, collected rather than stopped at the first
//! fault.

use std::path::PathBuf;

use narrows_bundle::{Bundle, GraphParity, GraphPorts, Manifest, Port, Probe, Role};

use crate::{
    Error, Options, Placement,
    device::place,
    engine,
    half::Half,
    label::check_labels,
    placement::placement_on,
    proof::{prove_decoder, prove_encoder},
};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// What: `manifest`, `file encoder.onnx`, `engine`, `encoder graph`, `encoder parity` and so on.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, or what is wrong, in one sentence.
    pub detail: String,
    /// The measured number, where there is one: for a parity the largest absolute difference.
    pub figure: Option<f64>,
}

/// Checks a bundle: the manifest, the size and hash of every file that it lists, both graphs, and
/// that ONNX Runtime computes from them what the trainer computed, on the device that was asked for.
///
/// A check that another one stands in the way of is listed as failed, with the same reason.
pub fn verify(path: impl Into<PathBuf>, options: &Options) -> Vec<Check> {
    let path = path.into();
    let bundle = match Bundle::open(&path) {
        Ok(bundle) => bundle,
        Err(error) => return vec![Check::failed("manifest", error)],
    };
    let manifest = bundle.manifest();
    let format = format!("format {}, {} with {} latent numbers", manifest.format, manifest.kind, manifest.latent_dim);
    let mut checks = vec![Check::passed("manifest", format)];
    for (name, record) in bundle.files() {
        checks.push(Check::of(format!("file {name}"), bundle.read(name), |_| {
            format!("{} bytes, SHA-256 {}", record.bytes, record.sha256)
        }));
    }
    checks.push(Check::of("engine", engine::start(options), ToString::to_string));

    let half = |ports: &GraphPorts, role| {
        let bytes = bundle.graph(ports)?;
        place(options, |device| Half::load(ports, bytes.clone(), role, device, options))
    };
    let (encoder_ports, decoder_ports) = (&manifest.graphs.encoder, &manifest.graphs.decoder);
    let encoder = half(encoder_ports, Role::Sample);
    let decoder = half(decoder_ports, Role::Latent);
    let names = |ports: &[Port]| ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("`, `");
    let ports = |half: &Half| format!("takes `{}`, returns `{}`", half.input().name, names(half.outputs()));
    checks.push(Check::of("encoder graph", encoder.as_ref(), |(half, _)| ports(half)));
    checks.push(Check::of("decoder graph", decoder.as_ref(), |(half, _)| ports(half)));
    checks.push(placement("encoder placement", &bundle, encoder_ports, &encoder, options));
    checks.push(placement("decoder placement", &bundle, decoder_ports, &decoder, options));

    let probe = bundle.probe().map_err(Error::from);
    checks.push(parity("encoder parity", &bundle, &encoder, &probe, prove_encoder));
    checks.push(parity("decoder parity", &bundle, &decoder, &probe, prove_decoder));
    checks
}

/// Which execution provider computed the graph's nodes; all of them should have been on the same device.
fn placement(
    name: &str,
    bundle: &Bundle,
    ports: &GraphPorts,
    half: &Result<(Half, Placement), Error>,
    options: &Options,
) -> Check {
    let (device, reason) = match half {
        Ok((_, placement)) => (placement.device, &placement.reason),
        Err(error) => return Check::failed(name, error),
    };
    let told = reason.as_ref().map_or_else(String::new, |reason| format!(" (auto: {reason})"));
    let found = bundle.graph(ports).map_err(Error::from).and_then(|bytes| placement_on(device, ports, &bytes, options));
    match found {
        Ok(found) if found.is_whole() => Check::passed(name, found.counts() + &told),
        Ok(found) => Check::failed(name, format!("not all is computed on {device}: {}", found.counts())),
        Err(error) => Check::failed(name, error),
    }
}

fn parity(
    name: &str,
    bundle: &Bundle,
    half: &Result<(Half, Placement), Error>,
    probe: &Result<Probe, Error>,
    prove: impl FnOnce(&Half, &Probe, &Manifest) -> Result<GraphParity, Error>,
) -> Check {
    let (half, probe) = match (half, probe) {
        (Ok((half, _)), Ok(probe)) => (half, probe),
        (Err(error), _) | (_, Err(error)) => return Check::failed(name, error),
    };
    let labels = probe.labels.as_deref().filter(|_| half.takes_labels());
    let measured = check_labels(labels, probe.rows(), &[half], bundle.manifest())
        .and_then(|()| prove(half, probe, bundle.manifest()));
    match measured {
        Ok(parity) => Check {
            name: name.to_owned(),
            ok: parity.holds(),
            detail: format!("largest difference {parity}"),
            figure: Some(f64::from(parity.max_abs_difference)),
        },
        Err(error) => Check::failed(name, error),
    }
}

impl Check {
    fn passed(name: impl Into<String>, detail: String) -> Self {
        Check { name: name.into(), ok: true, detail, figure: None }
    }

    fn failed(name: impl Into<String>, error: impl std::fmt::Display) -> Self {
        Check { name: name.into(), ok: false, detail: error.to_string(), figure: None }
    }

    fn of<T, E: std::fmt::Display>(
        name: impl Into<String>,
        outcome: Result<T, E>,
        detail: impl FnOnce(&T) -> String,
    ) -> Self {
        match outcome {
            Ok(value) => Self::passed(name, detail(&value)),
            Err(error) => Self::failed(name, error),
        }
    }
}
