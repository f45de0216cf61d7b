"""An identity provider made of `pysaml2`: it reads usher's metadata, verifies usher's requests and signs
everybody in as `carol`."""

import http.server
import json
import os
import sys
import urllib.parse

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.validate import valid_instance
from saml2.xml.schema import validate as validate_with_schema
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

settings = json.loads(sys.argv[1])
origin = f"http://127.0.0.1:{settings['port']}"
config = IdPConfig().load({
    "entityid": f"{origin}/idp",
    "service": {"idp": {
        "endpoints": {"single_sign_on_service": [(f"{origin}/sso", BINDING_HTTP_REDIRECT)]},
        "name_id_format": [NAMEID_FORMAT_PERSISTENT],
        "want_authn_requests_signed": True,
        "want_authn_requests_only_with_valid_cert": True,
        "sign_response": False,
        "sign_assertion": True,
        "signing_algorithm": SIG_RSA_SHA256,
        "digest_algorithm": DIGEST_SHA256,
        "policy": {"default": {"lifetime": {"minutes": 15}, "attribute_restrictions": None,
                               "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}},
    }},
    "metadata": {"local": [settings["sp_metadata"]]},
    "key_file": os.path.join(settings["directory"], "key.pem"),
    "cert_file": os.path.join(settings["directory"], "certificate.pem"),
    "xmlsec_binary": "/usr/bin/xmlsec1",
})
idp = Server(config=config)
with open(settings["sp_metadata"]) as file:
    validate_with_schema(file.read())
CAROL = {"householdID": ["hh-3"], "zip": ["10001", "10002"], "authorized_resources": ["acme-one"]}


def page(query):
    """The page with the answer to the request in `query`."""
    parameters = {name: values[0] for name, values in urllib.parse.parse_qs(query).items()}
    parsed = idp.parse_authn_request(
        parameters["SAMLRequest"], BINDING_HTTP_REDIRECT,
        relay_state=parameters["RelayState"], sigalg=parameters["SigAlg"], signature=parameters["Signature"])
    request = parsed.message
    valid_instance(request)
    validate_with_schema(str(parsed.xmlstr, "utf-8") if isinstance(parsed.xmlstr, bytes) else parsed.xmlstr)
    response = idp.create_authn_response(
        CAROL,
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="carol-7f31", sp_name_qualifier=request.issuer.text),
        authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": origin},
        **idp.response_args(request))
    form = idp.apply_binding(
        BINDING_HTTP_POST, str(response), request.assertion_consumer_service_url,
        parameters["RelayState"], response=True)
    return form["data"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, page(urllib.parse.urlsplit(self.path).query)
        except Exception as error:  # Whatever it dislikes is the answer.
            status, text = 400, f"refused: {type(error).__name__} {error}"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", settings["port"]), Handler)
print("ready", flush=True)
server.serve_forever()
