//! The style sheet of the pages, and logos.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("../../templates/demo/style.css");

/// Logos: file name, text, colour.
const LOGOS: [(&str, &str, &str); 6] = [
    ("cablevision.svg", "Cablevision", "#2743a8"),
    ("opco.svg", "OpCo", "#0b6b4f"),
    ("freehour.svg", "Free Hour", "#9a3b00"),
    ("promopass.svg", "Promo Pass", "#7a2a6b"),
    ("unlinked.svg", "Unlinked", "#4a5568"),
    ("usher.svg", "u", "#2743a8"),
];

pub(super) async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=300"),
        ],
        STYLE,
    )
}

/// A provider's logo in the size that pickers use, 112×33 pixels (`mvpd` §3).
pub(super) async fn logo(Path(file): Path<String>) -> Response {
    let Some((_, text, colour)) = LOGOS.iter().find(|(name, ..)| *name == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let width = if text.len() == 1 { 33 } else { 112 };
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="33" viewBox="0 0 {width} 33" role="img" aria-label="{text}"><rect width="{width}" height="33" rx="7" fill="{colour}"/><text x="50%" y="22" text-anchor="middle" font-family="system-ui,sans-serif" font-size="16" font-weight="700" fill="white">{text}</text></svg>"#
    );
    (
        [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=3600")],
        svg,
    )
        .into_response()
}
