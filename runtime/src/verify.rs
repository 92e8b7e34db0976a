//! All checks of a bundle on disk. All failures are collected, not only the first one.

mod detector;
mod loaded;

use std::path::PathBuf;

use detector::verify_detector;
use loaded::{LoadedForCheck, readable};
use narrows_bundle::{AnyBundle, Bundle, Mixture, Opened, PROBE, counted};

use crate::{Options, check::Check, engine, provable::Provable};

/// Checks a bundle of any type and returns the result of every check.
///
/// The checks are: the manifest, the size and hash of every listed file, both graphs, the device that computes their
/// nodes, the parity of their outputs with the trainer's outputs on the device of the options, and the prior, the
/// sampler and the detector where they exist. A check that cannot run because an earlier one failed is listed as
/// failed, with the name of that check.
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
            let of_detector = verify_detector(&bundle, &checks, options);
            checks.extend(of_detector);
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
    let graphs: Vec<_> = graphs
        .map(|((name, ports), check)| (LoadedForCheck::of(bundle, name, ports, check.input, options), check.prove))
        .collect();
    let probe = readable(PROBE, bundle.probe(), &checks);
    let of_graphs: Vec<Check> = graphs.iter().map(|(graph, _)| graph.graph(&checks)).collect();
    checks.extend(of_graphs);
    checks.extend(graphs.iter().map(|(graph, _)| graph.placement(bundle, options)));
    checks.extend(graphs.iter().map(|(graph, prove)| {
        let name = format!("{} parity", graph.name());
        let outcome = graph.with_probe(&name, &probe).and_then(|(graph, probe)| {
            let parity = prove(graph, probe, manifest).map_err(|error| Check::failed(&name, error))?;
            Ok(Check::of_parity(&name, &parity))
        });
        outcome.unwrap_or_else(|failed| failed)
    }));
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
