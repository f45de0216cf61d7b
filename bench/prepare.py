#!/usr/bin/env python3
"""Makes one viewer ready for the load profiles: registers a client, signs `ann` in, starts streams.

usage: prepare.py DATA_DIRECTORY

Talks to the demo server whose demo.json lies in the directory and prints what the load scripts
need as one JSON object. A device of her own is signed in at the provider that speaks SAML, so that
profiles.py has one of each kind to copy. Uses nothing but the standard library.
"""

import base64
import html.parser
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request


def device(name):
    return "fingerprint " + base64.b64encode(name.encode()).decode()


DEVICE = device("bench-device")
SAML_DEVICE = device("bench-device-saml")
STREAMS = 64


class Form(html.parser.HTMLParser):
    """The first form of a page: where it goes and the fields it already has."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes.get("action", "")
        elif tag == "input" and attributes.get("name"):
            self.fields[attributes["name"]] = attributes.get("value") or ""


class Stay(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the caller."""

    def redirect_request(self, *_):
        return None


class Demo:
    def __init__(self, world):
        self.world = world
        self.base = world["base_url"]
        self.opener = urllib.request.build_opener(Stay, urllib.request.HTTPCookieProcessor())

    def call(self, url, body=None, headers=None):
        """Status, headers and text of an answer, redirects and errors included."""
        if isinstance(body, dict):
            body = urllib.parse.urlencode(body)
        data = None if body is None else body.encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.base, url), data, headers or {})
        try:
            answer = self.opener.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, answer.headers, answer.read().decode()

    def register(self):
        statement = json.dumps({"software_statement": self.world["software_statements"]["acme-tv"]})
        status, _, text = self.call("/o/client/register", statement, {"Content-Type": "application/json"})
        expect(status == 201, "registration", text)
        return json.loads(text)

    def token(self, client):
        form = {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
        }
        status, _, text = self.call("/o/client/token", form)
        expect(status == 201, "token", text)
        return json.loads(text)["access_token"]

    def sign_in(self, mvpd, headers):
        """Walks a browser's way through the sign-in page of the built-in provider."""
        redirect_url = "https://acme.example/signed-in"
        ask = {"mvpd": mvpd, "domainName": "acme.example", "redirectUrl": redirect_url}
        status, _, text = self.call("/api/v2/REF30/sessions", ask, headers)
        expect(status == 200, "session", text)
        url, body = json.loads(text)["url"], None
        for _ in range(10):
            status, answered, text = self.call(url, body)
            if 300 <= status < 400:
                url, body = urllib.parse.urljoin(urllib.parse.urljoin(self.base, url), answered["Location"]), None
                if url.startswith(redirect_url):
                    return
            else:
                expect(status == 200, "sign-in page", text)
                form = Form(text)
                url = urllib.parse.urljoin(urllib.parse.urljoin(self.base, url), form.action)
                body = form.fields | {"username": "ann", "password": "ann"}
        sys.exit("sign-in does not end")

    def start_stream(self, number):
        """Starts a stream of its own subject, so that no limit is met."""
        headers = {"Authorization": "Basic " + base64.b64encode(b"demo-app:").decode()}
        path = f"/v2/sessions/Cablevision/bench-{number}"
        status, answered, text = self.call(path, "", headers)
        expect(status == 202, "stream", text)
        return f"{path}/{answered['Location']}"


def expect(holds, what, text):
    if not holds:
        sys.exit(f"{what} was refused: {text}")


def main():
    data = pathlib.Path(sys.argv[1])
    demo = Demo(json.loads((data / "demo.json").read_text()))
    client = demo.register()
    headers = {
        "Authorization": "Bearer " + demo.token(client),
        "AP-Device-Identifier": DEVICE,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    demo.sign_in("OpCo", headers | {"AP-Device-Identifier": SAML_DEVICE})
    demo.sign_in("Cablevision", headers)
    headers["Content-Type"] = "application/json"
    resource = json.dumps({"resources": ["acme-sports"]})
    status, _, text = demo.call("/api/v2/REF30/decisions/authorize/Cablevision", resource, headers)
    expect(status == 200 and json.loads(text)["decisions"][0]["authorized"], "authorization", text)
    streams = data / "bench-streams"
    streams.write_text("".join(demo.start_stream(number) + "\n" for number in range(STREAMS)))
    print(json.dumps({
        "BENCH_CLIENT_ID": client["client_id"],
        "BENCH_CLIENT_SECRET": client["client_secret"],
        "BENCH_TOKEN": headers["Authorization"],
        "BENCH_DEVICE": DEVICE,
        "BENCH_STREAMS": str(streams),
    }))


main()
