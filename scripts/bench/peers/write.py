"""Writes items with boto3's batch_writer. Prints how many, and how long that took.

usage: write.py TABLE FILE    (typed JSON, one item a line)
"""

import json
import sys
import time

import boto3
from boto3.dynamodb.types import TypeDeserializer

table, file = sys.argv[1:]
plain = TypeDeserializer()
with open(file, encoding="utf-8") as lines:
    items = [{name: plain.deserialize(value) for name, value in json.loads(line).items()} for line in lines]
start = time.perf_counter()
with boto3.resource("dynamodb").Table(table).batch_writer() as batch:
    for item in items:
        batch.put_item(Item=item)
print(json.dumps({"items": len(items), "seconds": time.perf_counter() - start}))
