//! The local stack: DynamoDB inside this process.

pub mod dynamodb;
