"""Writes items with boto3's batch_writer, and prints how many a second.

usage: bench-write.py TABLE ITEMS.ndjson    (items as typed JSON, one a line)
"""

import json
import os
import sys
import time

import boto3
from boto3.dynamodb.types import TypeDeserializer

table_name, file = sys.argv[1:]
plain = TypeDeserializer()
with open(file, encoding="utf-8") as lines:
    items = [{name: plain.deserialize(value) for name, value in json.loads(line).items()} for line in lines]
table = boto3.resource("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).Table(table_name)
start = time.perf_counter()
with table.batch_writer() as batch:
    for item in items:
        batch.put_item(Item=item)
print(f"{len(items) / (time.perf_counter() - start):.0f}")
