"""A server on this machine that cuts off, refuses and forgets as it is told."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        time.sleep(server.delay)
        content = server.files.get(self.path)
        code = server.refusals.pop(0) if server.refusals else 200 if content else 404
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if code == 200 and start >= len(content):
            code = 416
        if code != 200:
            self.send_error(code)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.tells_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else None
        self.wfile.write(content[start:][:cut])

    def log_message(self, *args):
        """Keep the error stream clean."""


@pytest.fixture
def server(monkeypatch):
    """Serve what is put into `files`; each request takes the next of `cuts` and of `refusals`."""
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.requests = {}, []
    server.cuts, server.refusals = [], []
    server.ranges, server.tells_length, server.delay = True, True, 0
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
