//! The headers that every answer carries, refusals included (`concurrency` §4.2, §4.3).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use usher_core::Timestamp;

use super::answer::{Answer, http_date};
use super::settings::{Origins, StreamSettings};

const FIXED: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_XSS_PROTECTION, "1; mode=block"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "Location, Date, Expires, Content-Length, Last-Modified",
    ),
];

/// Three entries, because that is what clients of the documented service see.
const VARY: [&str; 3] =
    ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"];

/// On answers to preflights.
const PREFLIGHT: [(HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS, HEAD, PUT"),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Authorization, Content-Type, Accept, X-Terminate, X-Client-Version",
    ),
    (header::ACCESS_CONTROL_MAX_AGE, "3600"),
];

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");

const HSTS: &str = "max-age=31536000 ; includeSubDomains";

/// What a deployment's answers wear, made once.
#[derive(Clone, Debug)]
pub(super) struct Dress {
    fixed: HeaderMap,
    origins: Vec<String>,
}

impl Dress {
    pub(super) fn new(settings: &StreamSettings) -> Self {
        let mut fixed = HeaderMap::with_capacity(16);
        let mut insert = |name, value| fixed.insert(name, HeaderValue::from_static(value));
        for (name, value) in FIXED {
            insert(name, value);
        }
        if settings.over_tls {
            insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        let origins = match &settings.origins {
            Origins::Any => {
                insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
                Vec::new()
            }
            Origins::Listed(origins) => origins.clone(),
        };
        for value in VARY {
            fixed.append(header::VARY, HeaderValue::from_static(value));
        }
        Self { fixed, origins }
    }

    /// The complete answer; `origin` is who asked, `now` dates what has no date of its own.
    pub(super) fn put_on(
        &self,
        answer: Answer,
        origin: Option<HeaderValue>,
        now: Timestamp,
    ) -> Response {
        let mut headers = self.fixed.clone();
        if let Some(origin) = origin.filter(|origin| self.admits(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        headers.insert(header::DATE, http_date(answer.at.unwrap_or(now)));
        if let Some(expires) = answer.expires {
            headers.insert(header::EXPIRES, http_date(expires));
        }
        if let Some((name, value)) = answer.own {
            headers.insert(name, value);
        }
        let body = answer.json.map_or_else(Body::empty, |json| {
            headers.insert(header::CONTENT_TYPE, JSON);
            Body::from(json)
        });
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = headers;
        response
    }

    /// The answer to a preflight, whatever it asks about.
    pub(super) fn preflight(&self, origin: Option<HeaderValue>, now: Timestamp) -> Response {
        let mut response = self.put_on(Answer::empty(StatusCode::OK), origin, now);
        let headers = response.headers_mut();
        headers.extend(PREFLIGHT.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }

    /// Whether this origin is on the list; nobody is when there is none, because all may call then.
    fn admits(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|listed| listed == origin)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::PolicyNames;
    use super::*;

    fn settings() -> StreamSettings {
        StreamSettings {
            challenge: true,
            origins: Origins::Any,
            policy_names: PolicyNames::Plain,
            termination_message: String::new(),
            over_tls: false,
        }
    }

    fn hsts(settings: &StreamSettings) -> Option<String> {
        let answer = Answer::empty(StatusCode::OK);
        let answer = Dress::new(settings).put_on(answer, None, Timestamp::default());
        let value = answer.headers().get(header::STRICT_TRANSPORT_SECURITY)?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_answers_over_tls_ask_for_tls() {
        assert_eq!(hsts(&settings()), None);
        let over_tls = StreamSettings { over_tls: true, ..settings() };
        assert_eq!(hsts(&over_tls).as_deref(), Some("max-age=31536000 ; includeSubDomains"));
    }
}
