"""Prints the names of all tables."""

import json

import boto3

pages = boto3.client("dynamodb").get_paginator("list_tables").paginate()
print(json.dumps({"TableNames": [name for page in pages for name in page["TableNames"]]}))
