//! A model of the time that a job takes.
//!
//! The time of a row on one core is that of decoding its bytes, of the multiply-adds of the graph, and of writing its
//! result. Tasks share nothing, so cores and machines divide it; the network can be a lower limit. A job also has a
//! start.

/// What a row costs, and what the machines can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Bytes of the values of a row after decompression.
    pub(crate) input_bytes: f64,
    /// Bytes of the results of a row.
    pub(crate) output_bytes: f64,
    /// Multiply-adds of the graph for a row.
    pub(crate) multiply_adds: f64,
    /// What a core does in a second.
    pub(crate) core: Core,
    /// Bytes a second between a machine and the store; infinite for a local disk.
    pub(crate) network: f64,
}

/// Rates of one core.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Core {
    /// Bytes of values that are decoded from Parquet.
    pub(crate) decoded: f64,
    /// Multiply-adds.
    pub(crate) multiply_adds: f64,
    /// Bytes of results that are encoded to Parquet.
    pub(crate) encoded: f64,
}

/// Seconds from the command to the first row: the check of the executors, the plan, and opening the model.
const START: f64 = 0.5;

impl Cost {
    /// Returns the seconds of one row on one core.
    pub(crate) fn row(&self) -> f64 {
        self.input_bytes / self.core.decoded
            + self.multiply_adds / self.core.multiply_adds
            + self.output_bytes / self.core.encoded
    }

    /// Returns the seconds of a job of `rows` rows on `machines` with `cores` each.
    pub(crate) fn job(&self, rows: f64, machines: f64, cores: f64) -> f64 {
        let computed = rows * self.row() / (machines * cores);
        let transferred = rows * (self.input_bytes + self.output_bytes) / (machines * self.network);
        START + computed.max(transferred)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_and_machines_divide_the_time_until_the_network_limits_it() {
        let core = Core { decoded: 1e9, multiply_adds: 1e10, encoded: 1e8 };
        let cost = Cost { input_bytes: 1000.0, output_bytes: 100.0, multiply_adds: 1e4, core, network: f64::INFINITY };
        assert!((cost.row() - 3e-6).abs() < 1e-12);
        assert!((cost.job(1e6, 1.0, 1.0) - START - 3.0).abs() < 1e-6);
        assert!((cost.job(1e6, 10.0, 3.0) - START - 0.1).abs() < 1e-6);
        let slow = Cost { network: 1.1e6, ..cost };
        assert!((slow.job(1e6, 10.0, 3.0) - START - 100.0).abs() < 1e-6);
    }
}
