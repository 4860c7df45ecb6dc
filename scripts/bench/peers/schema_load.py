"""Creates the messages table."""

import os

import boto3

units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
answer = boto3.client("dynamodb").create_table(
    TableName=os.environ["DDB_MESSAGE_TABLE"],
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("message_group_uuid", "pk", "sk")],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    BillingMode="PROVISIONED",
    ProvisionedThroughput=units,
    GlobalSecondaryIndexes=[
        {
            "IndexName": "message-group-sk-index",
            "KeySchema": [
                {"AttributeName": "message_group_uuid", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
            "ProvisionedThroughput": units,
        }
    ],
)
print(answer)
