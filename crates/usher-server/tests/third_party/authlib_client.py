"""Registers and gets tokens at the documented endpoints with Authlib.

Argument: JSON with `base` and `statement`.
"""

import json
import sys

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

given = json.loads(sys.argv[1])
base = given["base"]

registered = requests.post(
    f"{base}/o/client/register",
    json={"software_statement": given["statement"]},
    timeout=10,
)
assert registered.status_code == 201, registered.text
client = registered.json()


def session(secret):
    return OAuth2Session(
        client["client_id"], secret, token_endpoint_auth_method="client_secret_post"
    )


def fetch(secret):
    return session(secret).fetch_token(
        f"{base}/o/client/token", grant_type="client_credentials", timeout=10
    )


tokens = [fetch(client["client_secret"]) for _ in range(2)]
try:
    fetch("guess")
    wrong_secret = None
except OAuthError as error:
    wrong_secret = error.error

print(
    json.dumps(
        {
            "access_tokens": [token["access_token"] for token in tokens],
            "wrong_secret": wrong_secret,
        }
    )
)
