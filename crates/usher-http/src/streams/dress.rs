//! The headers that every answer carries, refusals included (`concurrency` §4.2, §4.3).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use usher_core::Timestamp;

use super::answer::http_date;
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

    /// `answer` with what every answer carries; `origin` is who asked, `now` dates those without a date.
    pub(super) fn put_on(
        &self,
        mut answer: Response,
        origin: Option<HeaderValue>,
        now: Timestamp,
    ) -> Response {
        let own = std::mem::replace(answer.headers_mut(), self.fixed.clone());
        let headers = answer.headers_mut();
        headers.extend(own);
        if let Some(origin) = origin.filter(|origin| self.admits(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        headers.entry(header::DATE).or_insert_with(|| http_date(now));
        answer
    }

    /// Whether this origin is on the list; nobody is when there is none, because all may call then.
    fn admits(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|listed| listed == origin)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

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
        let answer = Response::new(Body::empty());
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
