"""A function on the table's stream, written as the app's is: it knows Lambda's event and boto3,
and nothing of cruddur. Run by itself it is handed the events on stdin, one a line."""

import json
import os
import sys

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def lambda_handler(event, context):
    handled = 0
    for record in event["Records"]:
        handled += 1
        if record["eventSource"] != "aws:dynamodb" or record["eventName"] == "REMOVE":
            continue
        change = record["dynamodb"]
        pk, sk = change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"]
        if not pk.startswith("MSG#"):
            continue
        rows = table.query(
            IndexName="message-group-sk-index",
            KeyConditionExpression=Key("message_group_uuid").eq(pk.removeprefix("MSG#")),
        )
        for row in rows["Items"]:
            table.delete_item(Key={"pk": row["pk"], "sk": row["sk"]})
            row.update(sk=sk, message=change["NewImage"]["message"]["S"])
            table.put_item(Item=row)
    return {"handled": handled}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(lambda_handler(json.loads(line), None)), flush=True)
