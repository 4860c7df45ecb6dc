"""A table of pages of about 1 MB, of which every segment gives one page at a time, and takes its time.

usage: segmented.py MILLISECONDS PAGES    prints its endpoint

It stands for a server that limits each segment, as DynamoDB's partitions do, and not the whole table.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ITEMS = 3000


def page(number):
    """The items of a page, as JSON."""
    items = [
        {
            "pk": {"S": f"MSG#{number:08}"},
            "sk": {"S": f"{at:08}"},
            "message": {"S": "invented, and of some length. " * 8},
        }
        for at in range(ITEMS)
    ]
    return json.dumps(items, separators=(",", ":"))


class Table(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise the second of two small packets waits for the first to be acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        body = {"Scan": self.scan, "DescribeTable": self.describe}[operation](asked).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def scan(self, asked):
        time.sleep(delay)
        # The pages are dealt out to the segments.
        at = asked.get("Segment", 0)
        if start := asked.get("ExclusiveStartKey"):
            at = int(start["pk"]["S"].split("#")[1]) + asked.get("TotalSegments", 1)
        if at >= len(pages):
            return '{"Items":[],"Count":0,"ScannedCount":0}'
        count = f'"Count":{ITEMS},"ScannedCount":{ITEMS}'
        key = {"pk": {"S": f"MSG#{at:08}"}, "sk": {"S": f"{ITEMS - 1:08}"}}
        return f'{{"Items":{pages[at]},{count},"LastEvaluatedKey":{json.dumps(key)}}}'

    def describe(self, asked):
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        table = {
            "TableName": asked["TableName"],
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            "ItemCount": ITEMS * len(pages),
            "TableSizeBytes": sum(map(len, pages)),
        }
        return json.dumps({"Table": table})


class Server(ThreadingHTTPServer):
    daemon_threads = True


delay, pages = float(sys.argv[1]) / 1000, [page(number) for number in range(int(sys.argv[2]))]
server = Server(("127.0.0.1", 0), Table)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
