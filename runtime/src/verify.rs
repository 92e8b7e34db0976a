//! Everything that can be checked about a bundle on disk, collected rather than stopped at the first
//! fault.

use std::path::PathBuf;

use narrows_bundle::{AnyBundle, GraphPorts, Opened, Port};

use crate::{
    Error, Options, Placement, engine,
    loaded_graph::LoadedGraph,
    placed::place,
    placement::placement_on,
    provable::{Claim, Provable},
};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// What: `manifest`, `file encoder.onnx`, `engine`, `encoder graph`, `encoder parity` and so on; of a bundle of the
    /// other sort `head graph`, `classifier graph` or `regressor graph`, and so on.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, or what is wrong, in one sentence.
    pub detail: String,
    /// The measured number, where there is one: for a parity the largest absolute difference.
    pub figure: Option<f64>,
}

/// Checks a bundle of either sort: the manifest, the size and hash of every file that it lists, both graphs, and
/// that ONNX Runtime computes from them what the trainer computed, on the device that was asked for.
///
/// A check that another one stands in the way of is listed as failed, with the same reason.
pub fn verify(path: impl Into<PathBuf>, options: &Options) -> Vec<Check> {
    match AnyBundle::open(path) {
        Ok(AnyBundle::Autoencoder(bundle)) => verify_opened(&bundle, options),
        Ok(AnyBundle::Transferred(bundle)) => verify_opened(&bundle, options),
        Err(error) => vec![Check::failed("manifest", error)],
    }
}

fn verify_opened<M: Provable>(bundle: &Opened<M>, options: &Options) -> Vec<Check> {
    let manifest = bundle.manifest();
    let (kind, latent_dim) = (manifest.kind_name(), manifest.latent_dim());
    let format = format!("format {}, {kind} with {latent_dim} latent numbers", narrows_bundle::FORMAT);
    let mut checks = vec![Check::passed("manifest", format)];
    for (name, record) in bundle.files() {
        checks.push(Check::of(format!("file {name}"), bundle.read(name), |_| {
            format!("{} bytes, SHA-256 {}", record.bytes, record.sha256)
        }));
    }
    checks.push(Check::of("engine", engine::start(options), ToString::to_string));

    let graphs = manifest.graph_names().into_iter().zip(manifest.graphs()).zip(M::CLAIMS);
    let graphs: Vec<_> = graphs.map(|((name, ports), claim)| Loaded::of(bundle, name, ports, claim, options)).collect();
    let probe = bundle.probe().map_err(Error::from);
    checks.extend(graphs.iter().map(Loaded::graph));
    checks.extend(graphs.iter().map(|graph| graph.placement(bundle, options)));
    checks.extend(graphs.iter().map(|graph| graph.parity(manifest, &probe)));
    checks
}

/// A graph of the bundle, or why it cannot be loaded.
struct Loaded<'a, M: Provable> {
    name: &'static str,
    ports: &'a GraphPorts,
    claim: Claim<M>,
    half: Result<(LoadedGraph, Placement), Error>,
}

impl<'a, M: Provable> Loaded<'a, M> {
    fn of(bundle: &Opened<M>, name: &'static str, ports: &'a GraphPorts, claim: Claim<M>, options: &Options) -> Self {
        let half = bundle.graph(ports).map_err(Error::from).and_then(|bytes| {
            place(options, |device| LoadedGraph::load(ports, bytes.clone(), claim.input, device, options))
        });
        Loaded { name, ports, claim, half }
    }

    fn graph(&self) -> Check {
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("`, `");
        Check::of(format!("{} graph", self.name), self.half.as_ref(), |(half, _)| {
            format!("takes `{}`, returns `{}`", half.input().name, names(half.outputs()))
        })
    }

    /// Which execution provider computed the graph's nodes; all of them should have been on the same device.
    fn placement(&self, bundle: &Opened<M>, options: &Options) -> Check {
        let name = format!("{} placement", self.name);
        let (device, reason) = match &self.half {
            Ok((_, placement)) => (placement.device, &placement.reason),
            Err(error) => return Check::failed(name, error),
        };
        let told = reason.as_ref().map_or_else(String::new, |reason| format!(" (auto: {reason})"));
        let bytes = bundle.graph(self.ports).map_err(Error::from);
        match bytes.and_then(|bytes| placement_on(device, self.ports, &bytes, options)) {
            Ok(found) if found.is_whole() => Check::passed(name, found.counts() + &told),
            Ok(found) => Check::failed(name, format!("not all is computed on {device}: {}", found.counts())),
            Err(error) => Check::failed(name, error),
        }
    }

    fn parity(&self, manifest: &M, probe: &Result<M::Probe, Error>) -> Check {
        let name = format!("{} parity", self.name);
        let (half, probe) = match (&self.half, probe) {
            (Ok((half, _)), Ok(probe)) => (half, probe),
            (Err(error), _) | (_, Err(error)) => return Check::failed(name, error),
        };
        match (self.claim.prove)(half, probe, manifest) {
            Ok(parity) => Check {
                name,
                ok: parity.holds(),
                detail: format!("largest difference {parity}"),
                figure: Some(f64::from(parity.max_abs_difference)),
            },
            Err(error) => Check::failed(name, error),
        }
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
