//! One half of an autoencoder: a graph that is ready to run, and the ports by which it is known.

use narrows_bundle::{Bundle, BundleError, GraphPorts, Port, Role};
use ndarray::ArrayD;

use crate::{
    Error, Options,
    engine::{Session, Tensor},
    rows::{Rows, full_shape},
};

/// An encoder or a decoder. Inputs and outputs are found by role, never by kind of model.
#[derive(Debug)]
pub(crate) struct Half {
    ports: GraphPorts,
    input: Port,
    session: Session,
}

impl Half {
    /// Loads the sample encoder of a bundle.
    pub(crate) fn encoder(bundle: &Bundle, options: &Options) -> Result<Self, Error> {
        Self::open(bundle, &bundle.manifest().graphs.encoder, Role::Sample, options)
    }

    /// Loads the code decoder of a bundle.
    pub(crate) fn decoder(bundle: &Bundle, options: &Options) -> Result<Self, Error> {
        Self::open(bundle, &bundle.manifest().graphs.decoder, Role::Latent, options)
    }

    fn open(bundle: &Bundle, ports: &GraphPorts, role: Role, options: &Options) -> Result<Self, Error> {
        let bytes = bundle.graph(ports)?;
        let input = ports.input(role).ok_or_else(|| missing(ports, role))?.clone();
        let session = Session::load(&bytes, &ports.file, options)?;
        Ok(Half { ports: ports.clone(), input, session })
    }

    /// The port that takes samples (of an encoder) or codes (of a decoder).
    pub(crate) fn input(&self) -> &Port {
        &self.input
    }

    /// All outputs, in the graph's order.
    pub(crate) fn outputs(&self) -> &[Port] {
        &self.ports.outputs
    }

    /// The output with this role, if the graph has one.
    pub(crate) fn output(&self, role: Role) -> Option<&Port> {
        self.ports.output(role)
    }

    /// The output that an operation cannot do without.
    pub(crate) fn required(&self, role: Role) -> Result<&Port, Error> {
        self.output(role).ok_or_else(|| missing(&self.ports, role))
    }

    /// Whether the graph takes a label with every row.
    pub(crate) fn takes_labels(&self) -> bool {
        self.ports.input(Role::Label).is_some()
    }

    /// Runs the graph and returns the named outputs, each `[rows, ...port shape]`; zero rows do not
    /// reach the engine. Labels are fed where the graph takes them and dropped where it does not.
    pub(crate) fn run<const N: usize>(
        &self,
        rows: &Rows<'_>,
        labels: Option<&[i64]>,
        outputs: [&Port; N],
    ) -> Result<[ArrayD<f32>; N], Error> {
        if rows.count == 0 {
            return Ok(outputs.map(|port| ArrayD::zeros(full_shape(0, port))));
        }
        let mut inputs = vec![(&self.input, Tensor::Floats(&rows.values))];
        if let (Some(port), Some(labels)) = (self.ports.input(Role::Label), labels) {
            inputs.push((port, Tensor::Integers(labels)));
        }
        self.session.run(rows.count, &inputs, outputs)
    }
}

fn missing(ports: &GraphPorts, role: Role) -> Error {
    let what = format!("it has no port with the role {role:?}");
    BundleError::Invalid { path: ports.file.clone().into(), what }.into()
}
