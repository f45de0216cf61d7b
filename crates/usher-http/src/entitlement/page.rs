//! Pages for viewers whose browser cannot go on (`errors` §7), and redirects for those who can.
//!
//! Pages say what happened and what to do; they echo nothing of the request.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// A page with a title and a piece of advice.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) advice: &'static str,
}

/// On every answer to a browser: links are single-use, and their query is nobody else's business.
const PRIVATE: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ),
];

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{font:18px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;\
    place-items:center;background:light-dark(#f4f5f7,#15171c);color:light-dark(#1c2430,#e8eaf0)}\
    main{max-width:32rem;margin:1.5rem;padding:2rem 2.5rem;border-radius:1rem;\
    background:light-dark(#fff,#20242c);box-shadow:0 2px 24px #0002}\
    h1{font-size:1.5rem;margin:0 0 .75rem}p{margin:0}";

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Self { status, title, advice } = self;
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head>\n\
             <body><main><h1>{title}</h1><p>{advice}</p></main></body>\n</html>\n"
        );
        (status, PRIVATE, Html(page)).into_response()
    }
}

/// Sends the browser to `location`, which was checked when it was stored.
pub(super) fn redirect(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => {
            (StatusCode::FOUND, PRIVATE, [(header::LOCATION, location)]).into_response()
        }
        Err(_) => trouble(&"a stored location is no header value"),
    }
}

/// The page for a failure on our side; its cause goes to the log and nowhere else.
pub(super) fn trouble(cause: &impl std::fmt::Display) -> Response {
    tracing::error!(%cause, "a browser's request failed");
    Page {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "Something went wrong",
        advice: "This is our fault, not yours. Please try again in a few minutes.",
    }
    .into_response()
}

/// The page for a reference that leads nowhere any more.
pub(super) const fn link_over() -> Page {
    Page {
        status: StatusCode::BAD_REQUEST,
        title: "This link is no longer valid",
        advice: "It was used already, or too much time has passed. \
                 Please start again from the app on your device.",
    }
}

/// The page for a wrong method.
pub(super) async fn wrong_method() -> Page {
    Page {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "This page can only be opened",
        advice: "Please go back to the app on your device and follow its link again.",
    }
}
