//! Report hosts: names under which reports have no prefix (`wolap.md` §2).
//!
//! On the host of stream reports `/v2/tenant` is `/cmu/v2/tenant`, on that of entitlement reports `/v3/year`
//! is `/esm/v3/year`. Everything else is what it is on every host; links always have the prefix.

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri, header};
use usher_reports::{Address, Api};

/// Host names of the reporting APIs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportHosts {
    /// Of entitlement reports.
    pub esm: Option<String>,
    /// Of stream reports.
    pub cmu: Option<String>,
}

impl ReportHosts {
    /// Gives a request for a report host the path that it has on other hosts.
    pub(crate) fn rewrite(&self, request: &mut Request) {
        let Some((api, prefix)) = self.api(request.uri(), request.headers()) else { return };
        let uri = request.uri();
        let path = uri.path().trim_start_matches('/');
        if Address::parse(api, path).is_err() {
            return;
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(format!("{prefix}/{path}{query}")).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }

    fn api(&self, uri: &Uri, headers: &HeaderMap) -> Option<(Api, &'static str)> {
        let Self { esm, cmu } = self;
        if esm.is_none() && cmu.is_none() {
            return None;
        }
        let in_header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = uri.host().or(in_header)?;
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is = |name: &Option<String>| {
            name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(host))
        };
        if is(cmu) {
            Some((Api::Cmu, "/cmu"))
        } else if is(esm) {
            Some((Api::Esm, "/esm"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn only_report_paths_of_report_hosts_get_a_prefix() {
        let hosts = ReportHosts {
            esm: Some("esm.example".to_owned()),
            cmu: Some("streams.example".to_owned()),
        };
        for (host, asked, served) in [
            ("streams.example", "/v2", "/cmu/v2"),
            (
                "Streams.Example:8443",
                "/v2/tenant/year.csv?start=2024",
                "/cmu/v2/tenant/year.csv?start=2024",
            ),
            ("esm.example", "/v3/year", "/esm/v3/year"),
            ("esm.example", "/v2.json", "/esm/v2.json"),
            ("streams.example", "/v3/year", "/v3/year"),
            ("streams.example", "/o/client/token", "/o/client/token"),
            ("streams.example", "/cmu/v2/tenant", "/cmu/v2/tenant"),
            ("tv.example", "/v2/sessions/a/b", "/v2/sessions/a/b"),
        ] {
            let mut request = Request::get(asked).header("host", host).body(Body::empty()).unwrap();
            hosts.rewrite(&mut request);
            assert_eq!(request.uri(), served, "{host}{asked}");
        }
    }
}
