//! Switching a table's stream on and off.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType, TableDescription};

use crate::aws::Tries;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Reason, Result};

/// What a stream's records hold besides the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// The item after the change
    NewImage,
    /// The item before the change
    OldImage,
    /// Both
    NewAndOldImages,
    /// Nothing
    KeysOnly,
}

impl View {
    /// The service's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
            Self::KeysOnly => "KEYS_ONLY",
        }
    }
}

/// The newest stream of a table, on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStream {
    /// Whether it receives changes.
    pub enabled: bool,
    /// What its records hold, such as `NEW_IMAGE`; empty when it is off.
    pub view_type: String,
    /// Its ARN; `None` when the table has never had a stream.
    pub arn: Option<String>,
    /// When it was switched on; part of its ARN.
    pub label: Option<String>,
}

impl From<&TableDescription> for TableStream {
    fn from(table: &TableDescription) -> Self {
        let on = table.stream_specification().filter(|stream| stream.stream_enabled());
        let view_type = on.and_then(StreamSpecification::stream_view_type);
        Self {
            enabled: on.is_some(),
            view_type: view_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            arn: table.latest_stream_arn().map(ToOwned::to_owned),
            label: table.latest_stream_label().map(ToOwned::to_owned),
        }
    }
}

/// What [`DynamoDb::enable_stream`] found or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enabled {
    /// It was switched on.
    Now(TableStream),
    /// It was already on, with the same view type.
    Before(TableStream),
}

impl DynamoDb {
    /// The stream of `table`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table.
    pub async fn stream_of(&self, table: &str) -> Result<TableStream> {
        let found = self.describe(table).await?.ok_or_else(|| self.missing(table))?;
        Ok(TableStream::from(&found))
    }

    /// Switches on the stream of `table`, and waits until the table is ACTIVE again.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when it already has one with another view type, which cannot be
    /// changed.
    pub async fn enable_stream(&self, table: &str, view: View) -> Result<Enabled> {
        let found = self.stream_of(table).await?;
        if found.enabled {
            if found.view_type == view.name() {
                return Ok(Enabled::Before(found));
            }
            return Err(Error::failed(format!(
                "the table {table:?} on {} already has a stream of {}, not {}; nothing was changed",
                self.endpoint(),
                found.view_type,
                view.name()
            ))
            .hint(Reason::OtherView(table.to_owned(), self.target())));
        }
        let specification = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::from(view.name()));
        self.set_stream(table, "cannot enable the stream", specification.build()).await.map(Enabled::Now)
    }

    /// Switches off the stream of `table`, and waits until the table is ACTIVE again. `None` when it is
    /// off already.
    pub async fn disable_stream(&self, table: &str) -> Result<Option<TableStream>> {
        if !self.stream_of(table).await?.enabled {
            return Ok(None);
        }
        let specification = StreamSpecification::builder().stream_enabled(false).build();
        self.set_stream(table, "cannot disable the stream", specification).await.map(Some)
    }

    async fn set_stream(
        &self,
        table: &str,
        what: &str,
        specification: Result<StreamSpecification, BuildError>,
    ) -> Result<TableStream> {
        let specification = specification.map_err(|cause| Error::failed(what).because(cause))?;
        let tries = Tries::default();
        let request =
            self.client.update_table().table_name(table).stream_specification(specification.clone());
        let sent = request.customize().interceptor(tries.clone()).send().await;
        if let Err(error) = sent
            && !(tries.went_unanswered() && self.has_stream(table, &specification).await)
        {
            return Err(self.error(what, table, &error));
        }
        Ok(TableStream::from(&self.wait_until_active(table).await?))
    }

    /// Whether the table's stream is known to be as wanted.
    async fn has_stream(&self, table: &str, wanted: &StreamSpecification) -> bool {
        let Ok(found) = self.wait_until_active(table).await else { return false };
        let view = |stream: &StreamSpecification| {
            stream.stream_enabled().then(|| stream.stream_view_type().cloned())
        };
        found.stream_specification().and_then(view) == view(wanted)
    }
}
