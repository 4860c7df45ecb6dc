"""Proxies before the services, which break one request, or every request from some point on."""

import json
import re
import socket
import struct
import threading
import time

from world import free_ports

NEVER = 10**9
STEP = 0.02


class Proxy:
    """Passes everything through, but for what a fault breaks."""

    def __init__(self, port):
        self.upstream = port
        self.kind, self.first, self.lasting, self.requests = None, NEVER, False, 0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._sockets = []
        self._listener = listener_by_number()
        self.port = self._listener.getsockname()[1]
        self._is_open, self._is_closed = threading.Event(), False
        self._is_open.set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self._is_open.wait() and not self._is_closed:
            try:
                client = self.keep(self._listener.accept()[0])
            except OSError:
                continue  # It refuses.
            threading.Thread(target=self.handle, args=(client,), daemon=True).start()

    def handle(self, client):
        try:
            self.serve(client)
        except OSError:
            pass  # Either side has gone.

    def begin(self, kind=None, first=NEVER, lasting=False):
        """From now on does what `kind` says to the request number `first`, from 1."""
        with self._lock:
            self.kind, self.first, self.requests = kind, first, 0
            self.lasting = lasting or kind in ("refused", "endless")
        if kind == "refused" and first == 1:
            self.refuse()

    def refuse(self):
        """As if nobody listened; but nobody else gets the port."""
        with self._lock:
            if self.first == NEVER:
                return  # Another request was late to ask for it.
            self._is_open.clear()
            close(self._listener, only_shut=True)
            for one in self._sockets:
                close(one)

    def end(self):
        """Ends the fault and all connections; returns how many requests there were."""
        self.over.set()
        with self._lock:
            self.first, self.lasting, self.over = NEVER, False, threading.Event()
            for one in self._sockets:
                close(one)
            self._sockets.clear()
            if not self._is_open.is_set():
                self._listener.listen()
                self._is_open.set()
            return self.requests

    def close(self):
        self.end()
        self._is_closed = True
        close(self._listener)

    def keep(self, one):
        with self._lock:
            self._sockets.append(one)
        return one

    def connect(self):
        return self.keep(socket.create_connection(("127.0.0.1", self.upstream)))

    def is_next_broken(self):
        with self._lock:
            self.requests += 1
            return self.requests == self.first or (self.lasting and self.requests > self.first)

    def drip(self, client, data):
        over = self.over
        for byte in data:
            if over.wait(STEP * 5):
                return
            client.sendall(bytes([byte]))


def listener_by_number():
    """On a port that it has asked for by number, for only then it keeps it while it is shut."""
    while True:
        try:
            return socket.create_server(("127.0.0.1", *free_ports(1)))
        except OSError:
            pass  # Somebody has taken it since.


def close(one, only_shut=False):
    """Wakes those who wait for it, too. What listened keeps its port if it is only shut."""
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # It is closed already.
    if not only_shut:
        one.close()


def reset(client):
    """Closes with RST: the other side does not read an end, but fails."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    close(client)


class Http(Proxy):
    """For AWS's services."""

    KINDS = (
        "refused",
        "reset before",
        "reset after",
        "closed before",
        "truncated",
        "stalled",
        "dripped",
        "throttled",
        "error 500",
        "error 503",
        "no JSON",
        "no HTTP",
        "huge",
        "expired",
        "endless",
    )

    def serve(self, client):
        while request := read_message(client):
            if not self.is_next_broken():
                client.sendall(self.answer(request))
            elif not self.break_(client, request):
                return

    def answer(self, request):
        with self.connect() as upstream:
            upstream.sendall(request)
            return read_message(upstream)

    def break_(self, client, request):
        """Returns whether the connection can be used again."""
        kind = self.kind
        if kind == "refused":
            self.refuse()
        elif kind == "reset before":
            reset(client)
        elif kind == "reset after":
            self.answer(request)
            reset(client)
        elif kind == "closed before":
            close(client)
        elif kind == "truncated":
            answer = self.answer(request)
            client.sendall(answer[: len(answer) // 2])
            close(client)
        elif kind == "stalled":
            self.over.wait()
        elif kind == "dripped":
            self.drip(client, self.answer(request))
        elif kind == "no HTTP":
            client.sendall(b"\0\xff" * 300)
            close(client)
        elif kind == "huge":
            over = self.over
            client.sendall(head("200 OK", 10**12))
            while not over.is_set():
                client.sendall(b" " * 65536)
        else:
            client.sendall(self.page_again(request) if kind == "endless" else refusal(kind, request))
            return True
        return False

    def page_again(self, request):
        """The first page, with a key as if there were more."""
        header, _, body = request.partition(b"\r\n\r\n")
        target = re.search(rb"(?i)x-amz-target: \w+\.(\w+)", header)
        if not (add_key := PAGED.get(target and target[1].decode())):
            return self.answer(request)
        is_key = re.compile("ExclusiveStart|Token").search
        body = json.dumps({name: value for name, value in json.loads(body).items() if not is_key(name)}).encode()
        header = re.sub(rb"(?i)content-length: \d+", b"content-length: %d" % len(body), header)
        answer = self.answer(header + b"\r\n\r\n" + body)
        if not answer.startswith(b"HTTP/1.1 200"):
            return answer
        page = json.loads(answer.partition(b"\r\n\r\n")[2])
        add_key(page)
        body = json.dumps(page).encode()
        return head("200 OK", len(body)) + body


def more_items(page):
    if page.get("Items"):
        last = page["Items"][-1]
        page["LastEvaluatedKey"] = {name: last[name] for name in ("pk", "sk") if name in last}


# What makes a page one of many.
PAGED = {
    "Query": more_items,
    "Scan": more_items,
    "ListTables": lambda page: page.update(LastEvaluatedTableName=page["TableNames"][-1]),
    "DescribeStream": lambda page: page["StreamDescription"].update(LastEvaluatedShardId="shardId-1"),
    "ListUsers": lambda page: page.update(PaginationToken="again"),
}


def refusal(kind, request):
    """A service's error, in the words of DynamoDB, Cognito or EC2."""
    is_json = b"x-amz-json" in request.lower()
    is_dynamodb = b"dynamodb" in request.lower()
    slow = "ProvisionedThroughputExceededException" if is_dynamodb else "TooManyRequestsException"
    status, error = {
        "throttled": ("400 Bad Request", slow if is_json else "RequestLimitExceeded"),
        "error 500": ("500 Internal Server Error", "InternalServerError" if is_json else "InternalError"),
        "error 503": ("503 Service Unavailable", "ServiceUnavailable" if is_json else "Unavailable"),
        "no JSON": ("200 OK", None),
        "expired": ("400 Bad Request", "ExpiredTokenException" if is_json else "RequestExpired"),
    }[kind]
    body = b'{"Tab'
    if error and is_json:
        body = json.dumps({"__type": error, "message": f"made up: {kind}"}).encode()
    elif error:
        words = f"<Error><Code>{error}</Code><Message>made up: {kind}</Message></Error>"
        body = f"<Response><Errors>{words}</Errors><RequestID>1</RequestID></Response>".encode()
    return head(status, len(body)) + body


def head(status, length):
    lines = (f"HTTP/1.1 {status}", "content-type: application/x-amz-json-1.0", f"content-length: {length}", "", "")
    return "\r\n".join(lines).encode()


def read_message(stream):
    """A request or an answer, whole; nothing at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := stream.recv(65536)):
            return b""
        data += more
    first, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in first.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0]) - len(body) if lengths else 0
    while left > 0:
        more = stream.recv(65536)
        if not more:
            return b""
        data, left = data + more, left - len(more)
    return data


class Stream(Proxy):
    """For PostgreSQL. A request is what the client sends at once."""

    KINDS = ("refused", "reset before", "reset after", "truncated", "stalled", "dripped", "garbage")

    def serve(self, client):
        server = self.connect()
        # What happens to the answers from now on.
        mode = {"kind": None}
        threading.Thread(target=self.answer, args=(client, server, mode), daemon=True).start()
        while data := client.recv(1 << 20):
            if self.is_next_broken():
                if self.kind == "refused":
                    self.refuse()
                    return
                if self.kind == "reset before":
                    reset(client)
                    close(server)
                    return
                mode["kind"] = self.kind
            server.sendall(data)
        close(server)

    def answer(self, client, server, mode):
        try:
            while data := server.recv(1 << 20):
                kind = mode["kind"]
                if kind is None:
                    client.sendall(data)
                elif kind == "dripped":
                    self.drip(client, data)
                elif kind == "stalled":
                    self.over.wait()
                elif kind == "garbage":
                    client.sendall(b"\xff" * 40)
                    time.sleep(STEP)
                    close(client)
                    server.close()
                else:
                    if kind == "truncated":
                        client.sendall(data[: len(data) // 2])
                    reset(client)
                    server.close()
            close(client)
        except OSError:
            pass
