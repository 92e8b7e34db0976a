//! The page of `narrows report`.

use crate::{
    chromium::Chromium,
    page::Page,
    rules::{assert_accessible, assert_quiet_and_closed},
    sandbox::Sandbox,
    screenshots,
};

/// Makes the page of a model in the zoo and opens it.
fn report<'a>(chromium: &'a mut Chromium, sandbox: &Sandbox, bundle: &str) -> Page<'a> {
    let zoo = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo");
    sandbox.run_ok(&format!("report {zoo}/{bundle} --data digits --rows 300 --out report.html"));
    chromium.open_file(&sandbox.path("report.html"))
}

#[test]
fn points_show_their_pictures_and_the_legend_hides_classes() {
    let Some(mut chromium) = Chromium::start() else { return };
    let sandbox = Sandbox::new();
    let mut page = report(&mut chromium, &sandbox, "cvae");
    let canvas = "figure.scatter .detail canvas";

    page.hover("figure.scatter svg.points .k");
    page.wait_until(&format!("!document.querySelector('{canvas}').hidden"));
    // The pointer chooses the nearest point, and points far apart are not the same.
    page.assert_changes(canvas, "hovering another point", |page| {
        page.value(
            "(() => { const marks = [...document.querySelector('figure.scatter svg.points').querySelectorAll('.k')]; \
             const x = mark => mark.getBoundingClientRect().x; \
             const first = x(marks[0]); \
             marks.sort((one, other) => Math.abs(x(other) - first) - Math.abs(x(one) - first))[0].id = 'far'; })()",
        );
        page.hover("#far");
    });
    page.assert_changes(canvas, "an arrow key", |page| {
        page.value("document.querySelector('figure.scatter .plot').focus()");
        for key in ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "ArrowDown"] {
            page.press(key);
        }
    });

    let hidden = "document.querySelectorAll('figure.scatter .k.off').length";
    assert_eq!(page.number(hidden), 0.0);
    page.click("figure.scatter .legend button");
    assert!(page.number(hidden) > 0.0, "the legend hides no point");
    page.click("figure.scatter .legend button");
    assert_eq!(page.number(hidden), 0.0, "the legend does not show its points again");

    page.value("document.getElementById('far').removeAttribute('id')");
    screenshots::take(&mut page, "report-cvae");
    assert_accessible(&mut page);
    assert_quiet_and_closed(&mut page);
}

#[test]
fn models_without_prior_and_tables_have_a_page_too() {
    let Some(mut chromium) = Chromium::start() else { return };
    let sandbox = Sandbox::new();
    let mut page = report(&mut chromium, &sandbox, "pca");
    screenshots::take(&mut page, "report-pca");
    assert_accessible(&mut page);
    assert_quiet_and_closed(&mut page);

    let rows = (0..120).map(|row| format!("{},{},{}\n", row % 7, 3 * (row % 7) + row % 2, (row * 37) % 11));
    sandbox.write("table.csv", format!("height,width,age\n{}", rows.collect::<String>()));
    sandbox.run_ok("train-export vae --data table.csv --latent 2 --epochs 5 --out table");
    sandbox.run_ok("report table --data table.csv --out table.html");
    let mut page = chromium.open_file(&sandbox.path("table.html"));
    screenshots::take(&mut page, "report-table");
    assert_accessible(&mut page);
    assert_quiet_and_closed(&mut page);
}
