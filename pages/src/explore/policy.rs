//! The Content-Security-Policy of a page: it may load only what it contains, and ask only its own address.

use axum::http::HeaderValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Returns the policy. Scripts and styles inside the page are allowed by their hashes, so that text which gets into the
/// page by mistake is not run.
pub(crate) fn of_page(page: &str) -> Result<HeaderValue, String> {
    let (scripts, styles) = (hashes(page, "script"), hashes(page, "style"));
    let policy = format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src{styles}; img-src 'self' data: blob:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).map_err(|error| error.to_string())
}

/// Returns the hashes of the content of all elements with this name.
fn hashes(page: &str, element: &str) -> String {
    let (start, end) = (format!("<{element}"), format!("</{element}>"));
    let contents = page.split(&start).skip(1).filter_map(|rest| rest.split_once('>')?.1.split_once(end.as_str()));
    contents
        .filter(|(content, _)| !content.is_empty())
        .map(|(content, _)| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(content.as_bytes()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inline_script_and_style_has_its_hash() {
        let page = "<style>a</style><script src=\"x\"></script><script type=\"module\">b</script>";
        let policy = of_page(page).expect("a policy");
        let policy = policy.to_str().expect("ASCII");
        assert!(policy.contains("style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='"), "{policy}");
        assert!(policy.contains("script-src 'self' 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='"), "{policy}");
    }
}
