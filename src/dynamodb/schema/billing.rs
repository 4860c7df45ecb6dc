//! Billing modes and provisioned capacity.

use std::fmt;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    BillingMode, ProvisionedThroughput, ProvisionedThroughputDescription, TableDescription,
};

/// How a table is paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Billing {
    /// Read and write units per second, on the table and on the index
    #[default]
    Provisioned,
    /// Per request
    OnDemand,
}

/// Provisioned capacity units per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Read units.
    pub read: i64,
    /// Write units.
    pub write: i64,
}

impl Default for Units {
    fn default() -> Self {
        Self { read: 5, write: 5 }
    }
}

impl Units {
    /// The provisioned units of a table or an index; `None` when it is billed on demand.
    pub(crate) fn of(throughput: Option<&ProvisionedThroughputDescription>) -> Option<Self> {
        let throughput = throughput?;
        let read = throughput.read_capacity_units().unwrap_or_default();
        let write = throughput.write_capacity_units().unwrap_or_default();
        (read > 0 || write > 0).then_some(Self { read, write })
    }

    pub(crate) fn build(self) -> Result<ProvisionedThroughput, BuildError> {
        let throughput = ProvisionedThroughput::builder().read_capacity_units(self.read);
        throughput.write_capacity_units(self.write).build()
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} read, {} write", self.read, self.write)
    }
}

impl Billing {
    /// The billing mode of `table`.
    pub(crate) fn of(table: &TableDescription) -> Self {
        let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
        if mode == Some(&BillingMode::PayPerRequest) { Self::OnDemand } else { Self::Provisioned }
    }

    pub(crate) const fn mode(self) -> BillingMode {
        match self {
            Self::Provisioned => BillingMode::Provisioned,
            Self::OnDemand => BillingMode::PayPerRequest,
        }
    }
}

impl fmt::Display for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provisioned => "provisioned",
            Self::OnDemand => "on-demand",
        })
    }
}
