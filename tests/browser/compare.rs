//! The page of `narrows compare`.

use crate::{
    chromium::Chromium,
    rules::{assert_accessible, assert_quiet_and_closed},
    sandbox::Sandbox,
    screenshots,
};

#[test]
fn the_page_of_a_comparison_shows_its_table_and_loads_nothing() {
    let Some(mut chromium) = Chromium::start() else { return };
    let sandbox = Sandbox::new();
    sandbox.run_ok("compare pca vae --latent 2,3 --epochs 2 --likelihood-samples 4 --out c");
    let mut page = chromium.open_file(&sandbox.path("c/compare.html"));
    assert_eq!(page.number("document.querySelectorAll('tbody tr').length"), 4.0);
    assert!(page.number("document.querySelectorAll('svg text').length") > 0.0);
    screenshots::take(&mut page, "compare");
    assert_accessible(&mut page);
    assert_quiet_and_closed(&mut page);
}

#[test]
fn a_page_that_complains_or_loads_something_is_noticed() {
    let Some(mut chromium) = Chromium::start() else { return };
    let sandbox = Sandbox::new();
    let html = "<!DOCTYPE html><title>t</title><img src='http://example.invalid/x.png'><p id='a'>one<p id='a'>two\
        <script>console.error('wrong'); setTimeout(() => { throw new Error('thrown'); })</script>";
    sandbox.write("bad.html", html);
    let mut page = chromium.open_file(&sandbox.path("bad.html"));
    page.wait_until("performance.now() > 100");
    let complaints = page.complaints().join("\n");
    assert!(complaints.contains("wrong") && complaints.contains("thrown"), "{complaints}");
    assert!(page.requests().iter().any(|address| address == "http://example.invalid/x.png"));
    let faults = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| assert_accessible(&mut page)));
    assert!(faults.is_err(), "no heading, no alternative text and repeated identifiers are not noticed");
}

#[test]
fn the_pictures_of_the_zoo_are_images_that_a_browser_shows() {
    let Some(mut chromium) = Chromium::start() else { return };
    let zoo = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo");
    let sandbox = Sandbox::new();
    let pictures = ["cvae/samples.png", "cvae/reconstructions.png", "cvae/loss.svg", "pca/reconstructions.png"];
    let images: String = pictures.iter().map(|name| format!("<img alt='{name}' src='file://{zoo}/{name}'>")).collect();
    sandbox.write("zoo.html", format!("<!DOCTYPE html><html lang=en><title>zoo</title><h1>Zoo</h1>{images}"));
    let mut page = chromium.open_file(&sandbox.path("zoo.html"));
    assert_accessible(&mut page);
    assert_quiet_and_closed(&mut page);
}
