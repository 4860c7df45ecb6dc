"""Prints the answer to a Query.

usage: get_conversation.py QUERY-AS-JSON
"""

import json
import sys

import boto3

answer = boto3.client("dynamodb").query(**json.loads(sys.argv[1]))
print(json.dumps({"Items": answer["Items"], "ConsumedCapacity": answer["ConsumedCapacity"]}))
