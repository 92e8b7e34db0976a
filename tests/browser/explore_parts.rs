//! All other parts of the page of `narrows explore`, and its form for tables, series and colour images.

use crate::{
    chromium::Chromium,
    explore::Explorer,
    page::Page,
    rules::{assert_accessible, assert_quiet_and_at_home},
    sandbox::Sandbox,
    screenshots,
};

fn assert_finished(page: &mut Page<'_>) {
    assert_accessible(page);
    assert_quiet_and_at_home(page);
}

#[test]
fn samples_blends_noise_and_the_keyboard_change_the_pictures() {
    let Some(mut chromium) = Chromium::start() else { return };
    let explorer = Explorer::start("vae", "--data digits --part test --live-only");
    let mut page = explorer.open(&mut chromium);
    assert!(!page.text("location.href").contains("token"), "the token is still in the address");
    let seen = "#seen canvas";
    page.assert_changes(seen, "a random sample", |page| page.click("#random button"));
    page.assert_changes(seen, "a reset", |page| page.click("#reset-all"));
    page.assert_changes(seen, "a real sample", |page| page.click("#thumbnails button:nth-of-type(2)"));
    assert!(page.text("document.getElementById('about-seen').textContent").contains("Squared error"));
    page.assert_changes("#blend-seen canvas", "the position between two samples", |page| {
        page.value("document.getElementById('blend-position').focus()");
        (0..5).for_each(|_| page.press("ArrowRight"));
    });
    page.assert_changes("#noise-noisy canvas", "other noise", |page| page.click("#other-noise"));
    page.assert_changes("#drawing", "a key on the drawing", |page| {
        page.value("document.getElementById('drawing').focus()");
        page.press("ArrowUp");
    });
    page.wait_until("location.hash.includes('code=')");
    assert_finished(&mut page);
}

#[test]
fn the_fragment_of_the_address_restores_the_code() {
    let Some(mut chromium) = Chromium::start() else { return };
    let explorer = Explorer::start("vae", "");
    let mut page = explorer.open(&mut chromium);
    let latent = page.number("document.querySelectorAll('#sliders input').length") as usize;
    let code = vec!["0.5"; latent].join(",");
    let mut page = explorer.open_with(&mut chromium, &format!("#code={code}"));
    assert_eq!(page.number("Number(document.querySelector('#sliders output').textContent)"), 0.5);
    page.value(&format!("location.hash = '#code={}'", vec!["0.25"; latent].join(",")));
    page.wait_until("Number(document.querySelector('#sliders output').textContent) === 0.25");
    let mut page = explorer.open_with(&mut chromium, "#row=3");
    assert!(page.text("document.getElementById('about-seen').textContent").starts_with("Reconstruction of row 3"));
    // Wrong fragments are ignored.
    let mut page = explorer.open_with(&mut chromium, "#code=1,x&row=999&label=%");
    assert_finished(&mut page);
}

#[test]
fn a_long_code_is_in_the_fragment_and_the_newest_action_counts() {
    let Some(mut chromium) = Chromium::start() else { return };
    let sandbox = Sandbox::new();
    let images = ndarray::Array3::from_shape_fn((120, 10, 10), |(row, y, x)| {
        ((row * 37 + y * 11 * (row % 7) + x * 5) % 256) as u8
    });
    sandbox.write_npy("x.npy", &images);
    sandbox.run_ok("train-export ae --data x.npy --latent 70 --hidden 16 --epochs 1 --out long");
    let explorer = Explorer::run(&sandbox, "long --data x.npy --live-only");
    let mut page = explorer.open(&mut chromium);
    page.value("document.querySelector('#sliders input').focus()");
    (0..5).for_each(|_| page.press("ArrowRight"));
    // The fragment follows after a pause.
    page.value("new Promise((go) => setTimeout(go, 800))");
    page.wait_until("location.hash.startsWith('#floats=')");
    let value = "document.querySelector('#sliders output').textContent";
    let (fragment, moved) = (page.text("location.hash"), page.text(value));
    let mut page = explorer.open_with(&mut chromium, &fragment);
    assert_eq!(page.text(value), moved);
    // The answer for the sample arrives late, after the reset.
    page.value(
        "(() => { const ask = window.fetch; window.fetch = async (path, options) => { \
         if (path === '/api/row') { await new Promise((go) => setTimeout(go, 400)); window.arrived = true; } \
         return ask(path, options); }; })()",
    );
    page.value("document.getElementById('plane').focus()");
    page.press("Enter");
    page.click("#reset-all");
    page.wait_until("window.arrived === true");
    page.value("new Promise((go) => setTimeout(go, 300))");
    assert_eq!(page.text("document.getElementById('about-seen').textContent"), "");
    // A failure stays in view until its part succeeds.
    page.value(
        "window.real = window.fetch; window.fetch = async (path, options) => \
        path === '/api/plane' ? new Response('{\"error\": \"no plane\"}', { status: 500 }) \
        : window.real(path, options)",
    );
    page.value(
        "(() => { const select = document.querySelector('#axes select'); select.value = 'dimensions'; \
         select.dispatchEvent(new Event('change')); })()",
    );
    page.wait_until("document.getElementById('problem').textContent === 'no plane'");
    page.click("#reset-all");
    page.value("new Promise((go) => setTimeout(go, 300))");
    assert_eq!(page.value("document.getElementById('problem').hidden"), false);
    // The same dimension cannot be chosen twice.
    let disabled = "[...document.querySelectorAll('#axes > select option')].filter((option) => option.disabled) \
                    .map((option) => option.value).join()";
    let chosen = "[...document.querySelectorAll('#axes > select')].map((select) => select.value).reverse().join()";
    let (disabled, chosen) = (page.text(disabled), page.text(chosen));
    assert_eq!(disabled, chosen);
    assert_finished(&mut page);
}

/// A table with text that must be escaped, a recording, and colour images.
fn write_data(sandbox: &Sandbox) {
    let rows = (0..80).map(|row| {
        let (a, b) = ((f64::from(row) * 0.7).sin() * 40.0, (f64::from(row) * 1.3).cos());
        format!("{a},{b},{},{}\n", a - 2.0 * b, ["cat", "dog"][row as usize % 2])
    });
    sandbox.write("t.csv", format!("height,<b>weight</b>,age,kind\n{}", rows.collect::<String>()));
    let steps = (0..200).map(|step| {
        let angle = f64::from(step) / 5.0;
        format!("{step},{},{}\n", angle.sin(), 100.0 + 20.0 * (angle * 1.7).cos())
    });
    sandbox.write("r.csv", format!("time,a,b\n{}", steps.collect::<String>()));
    let colours = ndarray::Array4::from_shape_fn((60, 8, 8, 3), |(row, y, x, channel)| {
        ((row * 37 + y * 11 * (row % 3) + x * 5 + channel * 80) % 256) as u8
    });
    sandbox.write_npy("c.npy", &colours);
}

#[test]
fn tables_series_and_colour_images_have_a_page_of_their_own_form() {
    let Some(mut chromium) = Chromium::start() else { return };
    let sandbox = Sandbox::new();
    write_data(&sandbox);
    sandbox.run_ok("train-export pca --data t.csv --label-column kind --latent 2 --out table");
    sandbox.run_ok("train-export pca --data r.csv --window 16 --time-column time --latent 3 --out series");
    sandbox.run_ok("train-export pca --data c.npy --latent 40 --out colours");
    for (name, arguments, has_drawing) in [
        ("table", "table --data t.csv --label-column kind", false),
        ("series", "series --data r.csv", false),
        ("colours", "colours --data c.npy", true),
        ("colours-probe", "colours", true),
    ] {
        let explorer = Explorer::run(&sandbox, arguments);
        let mut page = explorer.open(&mut chromium);
        page.assert_changes("#seen canvas", name, |page| {
            let (x, y) = page.centre("#plane");
            page.drag(&[(x, y), (x + 40.0, y + 20.0), (x + 80.0, y + 40.0)]);
        });
        page.click("#thumbnails button:nth-of-type(3)");
        page.wait_until("document.getElementById('about-seen').textContent.startsWith('Reconstruction of ')");
        page.value("document.querySelector('#seen details').open = true");
        page.wait_until("document.querySelectorAll('#seen details td').length > 0");
        assert_eq!(page.value("document.getElementById('drawing') !== null"), has_drawing, "{name}");
        page.value("document.querySelector('#seen details').open = false");
        screenshots::take(&mut page, &format!("explore-{name}"));
        assert_finished(&mut page);
    }
}
