//! A viewer's browser, as far as signing in needs one: cookies, redirects, forms.

use std::collections::{BTreeMap, HashMap};

use reqwest::{Client, Response, Url};

use super::forms::{Form, form};

/// Redirects and forms of one trip.
const STEPS_MAX: usize = 20;

/// One browser.
pub(crate) struct Browser {
    http: Client,
    /// By host and port.
    cookies: HashMap<String, BTreeMap<String, String>>,
}

/// Where a trip went.
pub(crate) struct Trip {
    /// The address it ended at.
    pub(crate) end: Url,
    /// The page there; empty at the address it was to end at.
    pub(crate) page: String,
    /// The forms that were submitted on the way.
    pub(crate) submitted: Vec<Form>,
}

impl Trip {
    /// The SAML response that the browser carried.
    pub(crate) fn saml_response(&self) -> &str {
        let fields = self.submitted.iter().flat_map(|form| &form.fields);
        let mut documents = fields.filter(|(name, _)| name == "SAMLResponse");
        &documents.next_back().expect("a SAML response").1
    }
}

impl Browser {
    pub(crate) fn new(http: &Client) -> Self {
        Self { http: http.clone(), cookies: HashMap::new() }
    }

    /// Opens `url` and goes on, filling in `answers` wherever they are asked for, until a redirect leads
    /// to `home` or a page asks for nothing.
    pub(crate) async fn travel(&mut self, url: &str, answers: &[(&str, &str)], home: &str) -> Trip {
        let mut submitted = Vec::new();
        let mut answer = self.get(url.parse().expect("a URL")).await;
        for _ in 0..STEPS_MAX {
            if let Some(location) = answer.headers().get("location") {
                let location = location.to_str().expect("text");
                let next = answer.url().join(location).expect("a URL");
                if next.as_str().starts_with(home) {
                    return Trip { end: next, page: String::new(), submitted };
                }
                answer = self.get(next).await;
                continue;
            }
            let end = answer.url().clone();
            let page = answer.text().await.expect("a page");
            let Some(mut form) = form(&page, &end).filter(|form| form.asks_only(answers)) else {
                return Trip { end, page, submitted };
            };
            form.fill_in(answers);
            answer = self.submit(&form).await;
            submitted.push(form);
        }
        panic!("the browser travels in circles");
    }

    async fn get(&mut self, url: Url) -> Response {
        let request = self.http.get(url.clone()).header("Cookie", self.cookies_for(&url));
        self.remember(request.send().await.expect("an answer"))
    }

    /// Submits `form` as it is.
    pub(crate) async fn submit(&mut self, form: &Form) -> Response {
        let cookies = self.cookies_for(&form.action);
        let request = self.http.post(form.action.clone()).form(&form.fields);
        self.remember(request.header("Cookie", cookies).send().await.expect("an answer"))
    }

    fn cookies_for(&self, url: &Url) -> String {
        let cookies = self.cookies.get(&place(url)).into_iter().flatten();
        cookies.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn remember(&mut self, answer: Response) -> Response {
        let cookies = self.cookies.entry(place(answer.url())).or_default();
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

fn place(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or_default())
}
