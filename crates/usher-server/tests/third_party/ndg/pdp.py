"""A decision point made of `ndg_saml` and `ndg_xacml`: their reader of queries, their policy engine, their
writer of answers. `xmlsec1` verifies the queries and signs the answers."""

import datetime
import http.server
import json
import os
import subprocess
import sys
import tempfile
import uuid

import today  # noqa: F401  (before anything of theirs)

from lxml import etree as ElementTree

from ndg.saml.saml2.core import Assertion, Conditions, Issuer, Response, SAMLVersion, Status, StatusCode
from ndg.saml.saml2.xacml_profile import XACMLAuthzDecisionStatement
from ndg.saml.xml.etree import ResponseElementTree
from ndg.saml.xml.etree_xacml_profile import XACMLAuthzDecisionQueryElementTree, setElementTreeMap
from ndg.xacml.core.context.pdp import PDP
from ndg.xacml.parsers.etree.factory import ReaderFactory

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
QUERY = "{urn:oasis:names:tc:xacml:2.0:profile:saml2.0:v2:schema:protocol}XACMLAuthzDecisionQuery"
TEMPLATE = """<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<ds:SignatureMethod Algorithm="%(algorithm)s"/>
<ds:Reference URI="#%(id)s"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
<ds:DigestMethod Algorithm="%(digest)s"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>
<ds:SignatureValue/></ds:Signature>"""

here = os.path.dirname(os.path.abspath(__file__))
settings = json.loads(sys.argv[1])
setElementTreeMap()
pdp = PDP.fromPolicySource(os.path.join(here, "policy.xml"), ReaderFactory)


def xmlsec1(document, *arguments):
    """What `xmlsec1` makes of `document`."""
    with tempfile.NamedTemporaryFile(suffix=".xml", dir=settings["directory"]) as file:
        file.write(document)
        file.flush()
        command = ["xmlsec1", *arguments, file.name]
        return subprocess.run(command, capture_output=True, check=True).stdout


def verified(document):
    """The query in `document`, if usher signed it."""
    xmlsec1(document, "--verify", "--pubkey-cert-pem", settings["sp_certificate"],
            "--id-attr:ID", "urn:oasis:names:tc:xacml:2.0:profile:saml2.0:v2:schema:protocol:XACMLAuthzDecisionQuery")
    query = ElementTree.fromstring(document).find(f"{{{SOAP}}}Body").find(QUERY)
    query.remove(query.find(f"{{{DSIG}}}Signature"))
    return XACMLAuthzDecisionQueryElementTree.fromXML(query)


def decided(query):
    """The answer to `query`."""
    decision = pdp.evaluate(query.xacmlContextRequest)
    statement = XACMLAuthzDecisionStatement()
    statement.xacmlContextResponse = decision
    now = datetime.datetime.utcnow()
    assertion = Assertion()
    assertion.version = SAMLVersion(SAMLVersion.VERSION_20)
    assertion.id = "_" + uuid.uuid4().hex
    assertion.issueInstant = now
    assertion.issuer = issuer()
    assertion.conditions = Conditions()
    assertion.conditions.notBefore = now
    assertion.conditions.notOnOrAfter = now + datetime.timedelta(minutes=5)
    assertion.statements.append(statement)
    response = Response()
    response.id = "_" + uuid.uuid4().hex
    response.issueInstant = now
    response.inResponseTo = query.id
    response.issuer = issuer()
    response.status = Status()
    response.status.statusCode = StatusCode()
    response.status.statusCode.value = StatusCode.SUCCESS_URI
    response.assertions.append(assertion)
    return response.id, ElementTree.tostring(addressed(ResponseElementTree.toXML(response))).decode()


def addressed(response):
    """`response` with the one element of the profile that `ndg_saml` does not know."""
    conditions = response.find(f".//{{{SAML}}}Conditions")
    restriction = ElementTree.SubElement(conditions, f"{{{SAML}}}AudienceRestriction")
    ElementTree.SubElement(restriction, f"{{{SAML}}}Audience").text = settings["audience"]
    return response


def issuer():
    made = Issuer()
    made.value = settings["entity_id"]
    return made


def signed(identifier, response):
    """`response`, signed, in its envelope."""
    names = {"id": identifier, "algorithm": settings["algorithm"], "digest": settings["digest"]}
    end = response.rindex("</")
    document = (f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{response[:end]}{TEMPLATE % names}'
                f"{response[end:]}</soap:Body></soap:Envelope>")
    return xmlsec1(document.encode(), "--sign", "--privkey-pem", settings["key"],
                   "--id-attr:ID", f"{SAMLP}:Response")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = signed(*decided(verified(body)))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = http.server.ThreadingHTTPServer(("127.0.0.1", settings["port"]), Handler)
print("ready", flush=True)
server.serve_forever()
