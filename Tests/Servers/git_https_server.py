"""Serves bare repositories over HTTPS with git http-backend, for one test.

    git_https_server.py ROOT CERTIFICATE KEY PORT_FILE [--user NAME:PASSWORD] [--stall] [--refuse STATUS]

--stall takes a push and never answers it; --refuse answers one with a status, as a proxy in between does.
"""

import argparse
import base64
import http.server
import os
import ssl
import subprocess
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("root")
parser.add_argument("certificate")
parser.add_argument("key")
parser.add_argument("port_file")
parser.add_argument("--user")
parser.add_argument("--stall", action="store_true")
parser.add_argument("--refuse", type=int)
options = parser.parse_args()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        is_push = self.path.endswith("/git-receive-pack")
        if is_push and options.stall:
            time.sleep(100000)
            return
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            body = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if is_push and options.refuse:
            self.status(options.refuse)
            return
        self.answer(body)

    def status(self, code, *headers):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, body):
        if options.user:
            wanted = "Basic " + base64.b64encode(options.user.encode()).decode()
            if self.headers.get("Authorization") != wanted:
                self.status(401, ("WWW-Authenticate", 'Basic realm="test"'))
                return
        path, _, query = self.path.partition("?")
        variables = dict(
            os.environ,
            GIT_PROJECT_ROOT=options.root,
            GIT_HTTP_EXPORT_ALL="1",
            REQUEST_METHOD=self.command,
            PATH_INFO=path,
            QUERY_STRING=query,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            CONTENT_LENGTH=str(len(body)),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
            REMOTE_USER="test",
            REMOTE_ADDR="127.0.0.1",
        )
        output = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True).stdout
        head, _, content = output.partition(b"\r\n\r\n")
        headers = [line.decode().split(": ", 1) for line in head.split(b"\r\n") if line]
        code = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self.send_response(code)
        for name, value in headers:
            if name not in ("Status", "Content-Length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options.certificate, options.key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(options.port_file + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(options.port_file + ".new", options.port_file)
# Ends with the test, whatever becomes of it.
parent = os.getppid()
threading.Thread(target=server.serve_forever, daemon=True).start()
while os.getppid() == parent:
    time.sleep(0.2)
