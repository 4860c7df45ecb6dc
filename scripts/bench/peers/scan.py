"""Prints every item of a table, as typed JSON.

usage: scan.py TABLE
"""

import json
import sys

import boto3

for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=sys.argv[1]):
    for item in page["Items"]:
        print(json.dumps(item))
