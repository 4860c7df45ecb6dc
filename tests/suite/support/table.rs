//! Tables as the service itself describes them, and tables other than cruddur's.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ProvisionedThroughput, PutRequest, ScalarAttributeType, StreamSpecification,
    StreamViewType, TableDescription, WriteRequest,
};

use super::{Item, Sandbox, TABLE, runtime};

pub const INDEX: &str = "message-group-sk-index";

/// What a messages table may be like; the default is as it should be.
pub struct Shape {
    pub sort_key: &'static str,
    pub sort_type: ScalarAttributeType,
    /// The index's partition key and projection; `None` leaves the index out.
    pub index: Option<(&'static str, ProjectionType)>,
    /// The attributes of an INCLUDE.
    pub included: Vec<String>,
    /// Read and write units of the table and of the index; `None` is on-demand.
    pub units: Option<[i64; 4]>,
    pub stream: Option<StreamViewType>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            sort_key: "sk",
            sort_type: ScalarAttributeType::S,
            index: Some(("message_group_uuid", ProjectionType::All)),
            included: Vec::new(),
            units: Some([5; 4]),
            stream: None,
        }
    }
}

impl Sandbox {
    /// The table, by the service's own word; `None` when there is none.
    pub fn describe(&self, table: &str) -> Option<TableDescription> {
        let request = self.dynamodb().describe_table().table_name(table).send();
        match runtime().block_on(request) {
            Ok(answer) => answer.table,
            Err(error) if error.as_service_error().unwrap().is_resource_not_found_exception() => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Creates the messages table in another way than cruddur does.
    pub fn create_messages_table(&self, shape: &Shape) {
        let attribute = |name: &str, kind: &ScalarAttributeType| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind.clone()).build().unwrap()
        };
        let key = |hash: &str| {
            vec![
                KeySchemaElement::builder().attribute_name(hash).key_type(KeyType::Hash).build().unwrap(),
                KeySchemaElement::builder()
                    .attribute_name(shape.sort_key)
                    .key_type(KeyType::Range)
                    .build()
                    .unwrap(),
            ]
        };
        let units = |read, write| {
            ProvisionedThroughput::builder()
                .read_capacity_units(read)
                .write_capacity_units(write)
                .build()
                .unwrap()
        };
        let mut request = self
            .dynamodb()
            .create_table()
            .table_name(TABLE)
            .attribute_definitions(attribute("pk", &ScalarAttributeType::S))
            .attribute_definitions(attribute(shape.sort_key, &shape.sort_type))
            .set_key_schema(Some(key("pk")))
            .billing_mode(if shape.units.is_some() {
                BillingMode::Provisioned
            } else {
                BillingMode::PayPerRequest
            })
            .set_provisioned_throughput(shape.units.map(|[read, write, ..]| units(read, write)));
        if let Some((hash, projection)) = &shape.index {
            let included = (!shape.included.is_empty()).then(|| shape.included.clone());
            let projection = Projection::builder()
                .projection_type(projection.clone())
                .set_non_key_attributes(included)
                .build();
            request = request
                .attribute_definitions(attribute(hash, &ScalarAttributeType::S))
                .global_secondary_indexes(
                    GlobalSecondaryIndex::builder()
                        .index_name(INDEX)
                        .set_key_schema(Some(key(hash)))
                        .projection(projection)
                        .set_provisioned_throughput(shape.units.map(|[.., read, write]| units(read, write)))
                        .build()
                        .unwrap(),
                );
        }
        if let Some(kind) = &shape.stream {
            request = request.stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(kind.clone())
                    .build()
                    .unwrap(),
            );
        }
        runtime().block_on(request.send()).unwrap();
    }

    /// Puts many items into the messages table, 25 at a time.
    pub fn put_all(&self, items: impl IntoIterator<Item = Item>) {
        let requests: Vec<WriteRequest> = items
            .into_iter()
            .map(|item| {
                let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            })
            .collect();
        for batch in requests.chunks(25) {
            let request = self.dynamodb().batch_write_item().request_items(TABLE, batch.to_vec()).send();
            let answer = runtime().block_on(request).unwrap();
            assert!(answer.unprocessed_items.is_none_or(|left| left.is_empty()));
        }
    }
}
