//! Screenshots of a page, for people to look at: narrow and wide, light and dark, in `target/browser/`.

use std::{fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::page::{Page, Scheme};

/// Widths of a phone and of a desktop, in pixels.
pub(crate) const WIDTHS: [u32; 2] = [400, 1400];
const HEIGHT: u32 = 900;

/// Takes screenshots, and checks that no width needs scrolling to the side.
pub(crate) fn take(page: &mut Page<'_>, name: &str) {
    for width in WIDTHS {
        page.resize(width, HEIGHT);
        let content = page.number("document.documentElement.scrollWidth");
        for scheme in Scheme::ALL {
            page.prefer(scheme);
            save(page, &format!("{name}-{width}-{}", scheme.name()));
        }
        assert!(content <= f64::from(width), "{name} is {content} pixels wide in a window of {width}");
    }
    page.resize(WIDTHS[1], HEIGHT);
    page.prefer(Scheme::Light);
}

/// Takes one screenshot as the page is.
pub(crate) fn save(page: &mut Page<'_>, name: &str) {
    let png = STANDARD.decode(page.screenshot()).expect("base64");
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "target", "browser"].iter().collect();
    fs::create_dir_all(&folder).expect("a writable folder");
    fs::write(folder.join(format!("{name}.png")), png).expect("a writable folder");
}
