"""Serves moto on a free port of 127.0.0.1, prints the port, and ends with its stdin."""

import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
# moto loads a service when it is asked for the first time, and cruddur gives STS three seconds.
boto3.client(
    "sts",
    endpoint_url=f"http://127.0.0.1:{port}",
    region_name="us-east-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
).get_caller_identity()
print(port, flush=True)
sys.stdin.read()
server.stop()
