"""Proxies before the services, which break one request, or every request from some point on."""

import json
import socket
import socketserver
import struct
import threading
import time

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
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    proxy.serve(proxy.keep(self.request))
                except OSError:
                    pass  # Either side has gone.

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, block_on_close = True, True, False

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(STEP,), daemon=True).start()

    def begin(self, kind=None, first=NEVER, lasting=False):
        """From now on does what `kind` says to the request number `first`, from 1."""
        with self._lock:
            self.kind, self.first, self.lasting, self.requests = kind, first, lasting, 0

    def end(self):
        """Ends the fault and all connections; returns how many requests there were."""
        self.over.set()
        with self._lock:
            self.first, self.lasting, self.over = NEVER, False, threading.Event()
            for one in self._sockets:
                close(one)
            self._sockets.clear()
            return self.requests

    def close(self):
        self.end()
        self.server.shutdown()
        self.server.server_close()

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


def close(one):
    """Wakes those who wait for it, too."""
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # It is closed already.
    one.close()


def reset(client):
    """Closes with RST: the other side does not read an end, but fails."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    close(client)


class Http(Proxy):
    """For DynamoDB and Cognito."""

    KINDS = (
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
        if kind == "reset before":
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
            is_dynamodb = b"dynamodb" in request.lower()
            slow = "ProvisionedThroughputExceededException" if is_dynamodb else "TooManyRequestsException"
            status, error = {
                "throttled": ("400 Bad Request", slow),
                "error 500": ("500 Internal Server Error", "InternalServerError"),
                "error 503": ("503 Service Unavailable", "ServiceUnavailable"),
                "no JSON": ("200 OK", None),
                "expired": ("400 Bad Request", "ExpiredTokenException"),
            }[kind]
            body = json.dumps({"__type": error, "message": f"made up: {kind}"}).encode() if error else b'{"Tab'
            client.sendall(head(status, len(body)) + body)
            return True
        return False


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

    KINDS = ("reset before", "reset after", "truncated", "stalled", "dripped", "garbage")

    def serve(self, client):
        server = self.connect()
        # What happens to the answers from now on.
        mode = {"kind": None}
        threading.Thread(target=self.answer, args=(client, server, mode), daemon=True).start()
        while data := client.recv(1 << 20):
            if self.is_next_broken():
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
