//! Pages for viewers whose browser cannot go on (`errors` §7), and redirects for those who can.
//!
//! Pages say what happened and what to do; they echo nothing of the request.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use usher_entitle::{BrowserForm, BrowserStep};

/// A page with a title and a piece of advice.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) advice: &'static str,
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
pub(crate) fn redirect(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => {
            (StatusCode::FOUND, PRIVATE, [(header::LOCATION, location)]).into_response()
        }
        Err(_) => trouble(&"a stored location is no header value"),
    }
}

/// Does what the browser shall do next.
pub(crate) fn step(step: &BrowserStep) -> Response {
    match step {
        BrowserStep::Go(location) => redirect(location.as_str()),
        BrowserStep::Post(form) => submitting(form),
    }
}

/// The only script of these pages, and its digest for the browser.
const SUBMIT: &str = "document.forms[0].submit()";
const SUBMIT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
     script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='",
);

/// A page whose form submits itself; without scripts it has a button.
fn submitting(form: &BrowserForm) -> Response {
    let mut fields = String::new();
    for (name, value) in &form.fields {
        let field = ["<input type=\"hidden\" name=\"", &escaped(name), "\" value=\""];
        fields.extend(field.into_iter().chain([escaped(value).as_str(), "\">"]));
    }
    let action = escaped(form.action.as_str());
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>On to your TV provider</title><style>{STYLE}</style></head>\n\
         <body><main><h1>On to your TV provider</h1>\
         <form method=\"post\" action=\"{action}\">{fields}\
         <noscript><button>Continue</button></noscript></form></main>\
         <script>{SUBMIT}</script></body>\n</html>\n"
    );
    let mut response = (StatusCode::OK, PRIVATE, Html(page)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, SUBMIT_POLICY);
    response
}

/// `text` as the value of an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The page for a failure on our side; its cause goes to the log and nowhere else.
pub(crate) fn trouble(cause: &impl std::fmt::Display) -> Response {
    tracing::error!(%cause, "a browser's request failed");
    Page {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "Something went wrong",
        advice: "This is our fault, not yours. Please try again in a few minutes.",
    }
    .into_response()
}

/// The page for a reference that leads nowhere any more.
pub(crate) const fn link_over() -> Page {
    Page {
        status: StatusCode::BAD_REQUEST,
        title: "This link is no longer valid",
        advice: "It was used already, or too much time has passed. \
                 Please start again from the app on your device.",
    }
}

/// The page for a wrong method.
pub(crate) async fn wrong_method() -> Page {
    Page {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "This page can only be opened",
        advice: "Please go back to the app on your device and follow its link again.",
    }
}
