//! What `usher demo` prints when it is ready.

use super::Demo;

/// A short welcome: where everything is, who can sign in, and three lines to paste.
pub fn welcome(demo: &Demo) -> String {
    let base = demo.base_url.as_str().trim_end_matches('/');
    let json = demo.data_dir.join("demo.json");
    let json = json.display();
    format!(
        r#"usher demo is ready.

  Start here     {base}/demo/
  API            {base}/openapi.json
  Hand-out       {json}

  Sign in at     Cablevision (demo) as ann / ann: all five channels
                 OpCo Cable (demo), by SAML, with the same names
  Or without     FreeHour: one hour per device
                 other viewers, and what is special about each: {base}/demo/

Paste these lines into another terminal: an app registers, gets a token, asks which providers there are.

  curl -s {base}/o/client/register -H 'Content-Type: application/json' -d "{{\"software_statement\":\"$(curl -s {base}/demo/statements/acme-tv)\"}}" | tee client.json
  curl -s {base}/o/client/token -d grant_type=client_credentials -d client_id=$(grep -o '"client_id":"[^"]*' client.json | cut -d'"' -f4) -d client_secret=$(grep -o '"client_secret":"[^"]*' client.json | cut -d'"' -f4) | tee token.json
  curl -s {base}/api/v2/REF30/configuration -H "Authorization: Bearer $(grep -o '"access_token":"[^"]*' token.json | cut -d'"' -f4)"

Stop with Ctrl-C.
"#
    )
}
