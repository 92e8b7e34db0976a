//! All checks of a bundle on disk. All failures are collected, not only the first one.

use std::path::PathBuf;

use narrows_bundle::{AnyBundle, Bundle, GraphPorts, Mixture, Opened, PROBE, Port, counted};

use crate::{
    Error, Options, Placement, engine,
    load_on_device::load_on_device,
    loaded_graph::LoadedGraph,
    placement::placement_on,
    provable::{GraphCheck, Provable},
};

/// Result of one check.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// Name of the check: `manifest`, `file encoder.onnx`, `engine`, `encoder graph`, `encoder parity` and so on. For a
    /// classifier or regressor also `head graph`, `classifier graph`, `regressor graph` and so on.
    pub name: String,
    /// Whether the check passed.
    pub ok: bool,
    /// The result, or the reason of the failure, in one sentence.
    pub detail: String,
    /// The measured value, if any: the largest absolute difference of a parity check.
    pub figure: Option<f64>,
}

/// Checks a bundle of any type and returns the result of every check.
///
/// The checks are: the manifest, the size and hash of every listed file, both graphs, the device that computes their
/// nodes, the parity of their outputs with the trainer's outputs on the device of the options, and the prior and the
/// sampler where they exist. A check that cannot
/// run because an earlier one failed is listed as failed, with the name of that check.
///
/// ```no_run
/// use narrows_runtime::{Options, verify};
///
/// for check in verify("models/vae", &Options::default()) {
///     println!("{} {}: {}", if check.ok { "passed" } else { "FAILED" }, check.name, check.detail);
/// }
/// ```
pub fn verify(path: impl Into<PathBuf>, options: &Options) -> Vec<Check> {
    match AnyBundle::open(path) {
        Ok(AnyBundle::Autoencoder(bundle)) => {
            let mut checks = verify_opened(&bundle, options);
            checks.extend(verify_mixtures(&bundle));
            checks
        }
        Ok(AnyBundle::Transferred(bundle)) => verify_opened(&bundle, options),
        Err(error) => vec![Check::failed("manifest", error)],
    }
}

fn verify_opened<M: Provable>(bundle: &Opened<M>, options: &Options) -> Vec<Check> {
    let manifest = bundle.manifest();
    let (kind, latent_dim) = (manifest.kind_name(), manifest.latent_dim());
    let dimensions = counted(latent_dim, "latent dimension");
    let format = format!("format {}, {kind} with {dimensions}", narrows_bundle::FORMAT);
    let mut checks = vec![Check::passed("manifest", format)];
    for (name, record) in bundle.files() {
        checks.push(Check::of(format!("file {name}"), bundle.read(name), |_| {
            format!("{} bytes, SHA-256 {}", record.bytes, record.sha256)
        }));
    }
    checks.push(Check::of("engine", engine::start(options), ToString::to_string));

    let graphs = manifest.graph_names().into_iter().zip(manifest.graphs()).zip(M::GRAPH_CHECKS);
    let graphs: Vec<_> =
        graphs.map(|((name, ports), check)| LoadedForCheck::of(bundle, name, ports, check, options)).collect();
    let probe = bundle.probe().map_err(Error::from);
    let probe_file = format!("file {PROBE}");
    let probe = match &probe {
        Err(_) if has_failed(&checks, &probe_file) => Err(not_checked(&probe_file)),
        Err(error) => Err(error.to_string()),
        Ok(probe) => Ok(probe),
    };
    let of_graphs: Vec<Check> = graphs.iter().map(|graph| graph.graph(&checks)).collect();
    checks.extend(of_graphs);
    checks.extend(graphs.iter().map(|graph| graph.placement(bundle, options)));
    checks.extend(graphs.iter().map(|graph| graph.parity(manifest, &probe)));
    checks
}

/// Checks the prior and the sampler, where the bundle has them.
fn verify_mixtures(bundle: &Bundle) -> impl Iterator<Item = Check> {
    let described =
        |components: String, mixture: &Mixture| format!("{components}, {} covariance", mixture.covariance().name());
    let prior = bundle
        .mixture_prior()
        .map(|mixture| mixture.map(|mixture| described(counted(mixture.components(), "component"), &mixture)));
    let sampler = bundle.sampler().map(|sampler| {
        let (sampler, record) = (sampler?, bundle.manifest().sampler.as_ref()?);
        Some(described(record.described_components(), sampler.mixture()))
    });
    [("prior", prior), ("sampler", sampler)].into_iter().filter_map(|(name, mixture)| match mixture {
        Ok(None) => None,
        Ok(Some(detail)) => Some(Check::passed(name, detail)),
        Err(error) => Some(Check::failed(name, error)),
    })
}

/// A loaded graph of the bundle, or the error of loading it.
struct LoadedForCheck<'a, M: Provable> {
    name: &'static str,
    ports: &'a GraphPorts,
    check: GraphCheck<M>,
    loaded: Result<(LoadedGraph, Placement), Error>,
}

impl<'a, M: Provable> LoadedForCheck<'a, M> {
    fn of(
        bundle: &Opened<M>,
        name: &'static str,
        ports: &'a GraphPorts,
        check: GraphCheck<M>,
        options: &Options,
    ) -> Self {
        let loaded = bundle.graph_with_cost(ports).map_err(Error::from).and_then(|checked| {
            load_on_device(options, |device| LoadedGraph::load(ports, checked.clone(), check.input, device, options))
        });
        LoadedForCheck { name, ports, check, loaded }
    }

    /// Checks that the graph could be loaded. `earlier` are the checks of its file and of ONNX Runtime.
    fn graph(&self, earlier: &[Check]) -> Check {
        let needed = [format!("file {}", self.ports.file), "engine".to_owned()];
        if let (Err(_), Some(failed)) = (&self.loaded, needed.iter().find(|name| has_failed(earlier, name))) {
            return Check::failed(format!("{} graph", self.name), not_checked(failed));
        }
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("`, `");
        Check::of(format!("{} graph", self.name), self.loaded.as_ref(), |(graph, _)| {
            format!("takes `{}`, returns `{}`", graph.input().name, names(graph.outputs()))
        })
    }

    /// Checks which execution provider computed the nodes; all must run on the same device.
    fn placement(&self, bundle: &Opened<M>, options: &Options) -> Check {
        let name = format!("{} placement", self.name);
        let (device, reason) = match &self.loaded {
            Ok((_, placement)) => (placement.device, &placement.reason),
            Err(_) => return Check::failed(name, not_checked(&format!("{} graph", self.name))),
        };
        let suffix = reason.as_ref().map_or_else(String::new, |reason| format!(" (auto: {reason})"));
        let bytes = bundle.graph(self.ports).map_err(Error::from);
        match bytes.and_then(|bytes| placement_on(device, self.ports, &bytes, options)) {
            Ok(placement) if placement.is_on_one_device() => Check::passed(name, placement.counts() + &suffix),
            Ok(placement) => Check::failed(name, format!("not all nodes run on {device}: {}", placement.counts())),
            Err(error) => Check::failed(name, error),
        }
    }

    fn parity(&self, manifest: &M, probe: &Result<&M::Probe, String>) -> Check {
        let name = format!("{} parity", self.name);
        let (graph, probe) = match (&self.loaded, probe) {
            (Ok((graph, _)), Ok(probe)) => (graph, probe),
            (Err(_), _) => return Check::failed(name, not_checked(&format!("{} graph", self.name))),
            (_, Err(reason)) => return Check::failed(name, reason),
        };
        match (self.check.prove)(graph, probe, manifest) {
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

fn has_failed(checks: &[Check], name: &str) -> bool {
    checks.iter().any(|check| check.name == name && !check.ok)
}

/// Returns the reason of a check that needs another one, which failed.
fn not_checked(needed: &str) -> String {
    format!("not checked, because the check `{needed}` failed")
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
