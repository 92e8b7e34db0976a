//! `narrows-cluster estimate`: how long a job takes, by the model of [`crate::cost`].

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use datafusion::execution::object_store::ObjectStoreRegistry;
use narrows_datafusion::{Bundles, Reference, cluster::Stores};

use crate::{
    bundle_options::BundleOptions,
    cost::{Core, Cost},
    output::print,
};

/// The options of the verb. The defaults of the rates were measured on one core of a cloud machine; measure yours.
#[derive(Debug, Args)]
pub(crate) struct EstimateOptions {
    /// The bundle, whose encoder is estimated.
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    /// Numbers of rows, separated by commas.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_values_t = [1e6, 1e9, 1e12], value_parser = positive)]
    rows: Vec<f64>,
    /// Numbers of machines, separated by commas.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_values_t = [1, 10, 100], value_parser = clap::value_parser!(u32).range(1..))]
    machines: Vec<u32>,
    /// Cores of a machine.
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    cores: u32,
    /// How the values are stored.
    #[arg(long, value_enum, default_value_t = Form::Floats)]
    form: Form,
    /// Gigabits a second between a machine and the store [default: no limit, a local disk].
    #[arg(long, value_name = "GIGABITS", value_parser = positive)]
    network: Option<f64>,
    /// Megabytes of values that a core decodes in a second [default: by the form].
    #[arg(long, value_name = "MEGABYTES", value_parser = positive)]
    decoded: Option<f64>,
    /// Billions of multiply-adds that a core does in a second.
    #[arg(long, value_name = "BILLIONS", default_value_t = 23.0, value_parser = positive)]
    multiply_adds: f64,
    /// Megabytes of results that a core writes in a second.
    #[arg(long, value_name = "MEGABYTES", default_value_t = 60.0, value_parser = positive)]
    encoded: f64,
}

/// How the values of a row are stored in Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A list of 32-bit floats
    Floats,
    /// A list of bytes
    Bytes,
    /// A fixed number of bytes (FixedSizeBinary)
    Binary,
}

impl Form {
    /// Returns the bytes of a value, and the megabytes a second that a core decodes.
    fn size_and_rate(self) -> (f64, f64) {
        match self {
            Form::Floats => (4.0, 250.0),
            Form::Bytes => (1.0, 100.0),
            Form::Binary => (1.0, 1000.0),
        }
    }
}

pub(crate) fn run(options: &EstimateOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let stores: Arc<dyn ObjectStoreRegistry> = Arc::new(Stores::default());
    let model = model(&bundles.bundles(stores, None), &options.bundle)?;
    let (size, rate) = options.form.size_and_rate();
    let cost = Cost {
        input_bytes: model.features as f64 * size,
        output_bytes: model.latent_dim as f64 * 4.0,
        multiply_adds: model.multiply_adds as f64,
        core: Core {
            decoded: options.decoded.unwrap_or(rate) * 1e6,
            multiply_adds: options.multiply_adds * 1e9,
            encoded: options.encoded * 1e6,
        },
        network: options.network.map_or(f64::INFINITY, |gigabits| gigabits * 1e9 / 8.0),
    };
    let mut lines = vec![format!(
        "a row: {} values ({:.0} bytes), {} multiply-adds, {} numbers of code; {:.2} microseconds on a core",
        model.features,
        cost.input_bytes,
        model.multiply_adds,
        model.latent_dim,
        cost.row() * 1e6
    )];
    let cells =
        options.machines.iter().map(|machines| format!("{:>16}", format!("{machines} x {} cores", options.cores)));
    lines.push(format!("{:>12}{}", "rows", cells.collect::<String>()));
    for rows in &options.rows {
        let time = |machines: &u32| duration(cost.job(*rows, f64::from(*machines), f64::from(options.cores)));
        let cells = options.machines.iter().map(|machines| format!("{:>16}", time(machines)));
        lines.push(format!("{:>12}{}", format!("{rows:e}"), cells.collect::<String>()));
    }
    print(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Parses a number above 0.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a number above 0".to_owned()),
    }
}

/// The size of a model's encoder.
struct Encoder {
    features: usize,
    latent_dim: usize,
    multiply_adds: u64,
}

fn model(bundles: &Bundles, bundle: &str) -> Result<Encoder> {
    let reference = Reference::parse(bundle)?;
    let bundle = bundles.autoencoder(&reference)?;
    let manifest = bundle.manifest();
    let cost = bundle.graph_with_cost(&manifest.graphs.encoder)?.cost;
    let multiply_adds = cost.context("the cost of the encoder's graph is unknown")?.multiply_adds;
    Ok(Encoder { features: manifest.sample.features(), latent_dim: manifest.latent_dim, multiply_adds })
}

fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.1} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds if seconds < 172_800.0 => format!("{:.1} h", seconds / 3600.0),
        seconds => format!("{:.1} days", seconds / 86_400.0),
    }
}
