"""A decision point that permits everything to whoever shows a certificate of its authority, by Python's `ssl`
and the `openssl` behind it. usage: tls_pdp.py PORT DIRECTORY"""

import http.server
import pathlib
import ssl
import subprocess
import sys

port, directory = int(sys.argv[1]), pathlib.Path(sys.argv[2])


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


openssl("req", "-x509", "-new", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=laboratory", "-keyout", "authority.key", "-out", "authority.pem")
(directory / "extensions").write_text("basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n")
for who in ["server", "client"]:
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={who}",
            "-keyout", f"{who}.key", "-out", f"{who}.csr")
    openssl("x509", "-req", "-in", f"{who}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", f"{who}.pem")


class Pdp(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        subject = dict(pair for name in self.connection.getpeercert()["subject"] for pair in name)
        body = b'{"decision":"Permit","ttl":600}' if subject["commonName"] == "client" else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory / "server.pem", directory / "server.key")
context.load_verify_locations(directory / "authority.pem")
context.verify_mode = ssl.CERT_REQUIRED
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Pdp)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
