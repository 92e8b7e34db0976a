//! `narrows report`: which parts of the page there are for each kind and type of data, and what every page holds.

use std::{collections::BTreeSet, fmt::Write};

use ndarray::{Array2, Array4};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn zoo(kind: &str) -> String {
    format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"))
}

/// Makes a report, checks what holds for every page, and returns it.
fn report(sandbox: &Sandbox, line: &str) -> String {
    sandbox.run_ok(&format!("report {line} --out page.html"));
    let page = sandbox.read_text("page.html");
    check_page(&page);
    page
}

/// Checks that the tags are closed in order, that nothing refers to another file, that identifiers are unique, that
/// pictures have descriptions, and that no section and no table is empty.
fn check_page(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{}", &page[..100]);
    check_nesting(page);
    // The name space of SVG is a name, not an address that is fetched.
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    for scheme in ["http:", "https:", "src=\"/", "@import", "url("] {
        assert!(!addresses.contains(scheme), "the page refers to something with `{scheme}`");
    }
    for source in page.split("src=\"").skip(1) {
        assert!(source.starts_with("data:image/"), "{}", &source[..60]);
    }
    let identifiers: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: BTreeSet<&str> = identifiers.iter().copied().collect();
    assert_eq!(identifiers.len(), unique.len(), "{identifiers:?}");
    assert_eq!(page.matches("<h1").count(), 1);
    for image in page.split("<img").skip(1) {
        assert!(image.split('>').next().is_some_and(|tag| tag.contains(" alt=\"")), "an image without a description");
    }
    for empty in ["<tbody></tbody>", "</h2></section>", "<p></p>", "NaN", "<td></td></tr></thead>"] {
        assert!(!page.contains(empty), "the page has `{empty}`");
    }
}

/// Checks that every tag is closed, in order. Scripts and styles are skipped.
fn check_nesting(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document");
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("the end of a tag");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "before {}", &rest[..rest.len().min(80)]);
        } else if !tag.ends_with('/') && !["meta", "img", "br", "link"].contains(&name) {
            open.push(name);
            if ["script", "style"].contains(&name) {
                rest = &rest[rest.find(&format!("</{name}>")).expect("the end of the script")..];
            }
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

/// The identifiers of the sections of a page, in order.
fn sections(page: &str) -> Vec<&str> {
    page.split("<section id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_kind_has_the_sections_that_apply_to_it() {
    let sandbox = Sandbox::new();
    let (first, codes) = (["summary"], ["reconstructions", "latent-space"]);
    let last = ["errors"];
    for (kind, used, generates) in [
        ("pca", Some("explained-variance"), false),
        ("ae", None, false),
        ("dae", None, false),
        ("wae", None, true),
        ("vae", Some("divergence"), true),
        ("cvae", Some("divergence"), true),
        ("conv-vae", Some("divergence"), true),
        ("conv-cvae", Some("divergence"), true),
    ] {
        let page = report(&sandbox, &format!("{} --data digits", zoo(kind)));
        let mut expected: Vec<&str> = first.to_vec();
        expected.extend((kind != "pca").then_some("loss"));
        expected.extend(codes);
        expected.extend(used);
        expected.extend(generates.then_some("samples"));
        expected.push("traversals");
        expected.extend(last);
        expected.extend(generates.then_some("memorised"));
        expected.push("proof");
        assert_eq!(sections(&page), expected, "{kind}");
        assert!(page.len() < 700_000, "{kind}: {} bytes", page.len());
        // A point for each of the 360 test rows in both planes, and ten classes in the legends.
        assert_eq!(page.matches("<circle class=\"k k").count(), 2 * 360 + 2 * 10, "{kind}");
        assert!(page.contains(&format!("narrows report {} --data digits --out page.html", zoo(kind))), "{kind}");
    }
}

#[test]
fn the_same_seed_gives_the_same_page_and_another_seed_another_one() {
    let sandbox = Sandbox::new();
    let line = format!("{} --data digits --rows 80", zoo("cvae"));
    let first = report(&sandbox, &line);
    assert_eq!(first, report(&sandbox, &line));
    let other = report(&sandbox, &format!("{line} --seed 1"));
    let points = |page: &str| page.split("id=\"points\">").nth(1).map(|rest| rest[..500].to_owned());
    assert_ne!(points(&first), points(&other));
    assert!(first.contains("80 of the 360 test rows, chosen at random"), "the number of points is named");
}

/// Rows of four columns, of which `d` is constant, with a class, a missing value and a label that looks like a tag.
fn table(rows: usize) -> String {
    let mut text = "a,b,<c>,d,class\n".to_owned();
    for row in 0..rows {
        let angle = row as f32 / 7.0;
        let class = if row % 3 == 0 { "<script>" } else { "other" };
        writeln!(text, "{},{},{},5,{class}", angle.sin(), 10.0 * angle.cos(), (row % 2) as f32).expect("memory");
    }
    text
}

#[test]
fn a_table_has_columns_distributions_and_correlations_and_no_pictures() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(150));
    sandbox.run_ok("train-export vae --data t.csv --label-column class --latent 2 --epochs 3 --hidden 8 --out model");
    let page = report(&sandbox, "model --data t.csv --label-column class");
    assert_eq!(
        sections(&page),
        [
            "summary",
            "loss",
            "reconstructions",
            "latent-space",
            "divergence",
            "samples",
            "traversals",
            "errors",
            "columns",
            "marginals",
            "correlations",
            "memorised",
            "proof",
        ]
    );
    assert!(!page.contains("<img"), "a table has no pictures");
    // Names of columns and classes are text, never tags.
    assert!(
        page.contains("&lt;script&gt;")
            && page.contains("&lt;c&gt;")
            && !page.contains("<c>")
            && !page.contains("<script>")
    );
    // Two dimensions are shown as they are.
    assert!(page.contains("id=\"codes\"") && !page.contains("id=\"neighbours\""));
    assert!(page.contains("constant"), "the constant column has no explained variance");
}

#[test]
fn rows_without_labels_have_no_legend_and_wide_vectors_are_tables() {
    let sandbox = Sandbox::new();
    let rows = Array2::from_shape_fn((60, 30), |(row, column)| ((row * 7 + column * 3) as f32 / 11.0).sin());
    sandbox.write_npy("x.npy", &rows);
    sandbox.run_ok("train-export ae --data x.npy --latent 5 --epochs 2 --hidden 8 --out model");
    let page = report(&sandbox, "model --data x.npy");
    assert_eq!(
        sections(&page),
        ["summary", "loss", "reconstructions", "latent-space", "traversals", "errors", "columns", "proof"]
    );
    assert!(!page.contains("class=\"legend\"") && page.contains("feature 29"), "without labels and names");
    assert!(page.contains("12 of 30 columns"), "the left out columns are named");
}

#[test]
fn a_series_is_drawn_as_lines() {
    let sandbox = Sandbox::new();
    let mut text = "a,b\n".to_owned();
    for step in 0..400 {
        let angle = step as f32 / 5.0;
        writeln!(text, "{},{}", angle.sin(), 100.0 + 20.0 * angle.cos()).expect("memory");
    }
    sandbox.write("r.csv", text);
    sandbox.run_ok("train-export vae --data r.csv --window 16 --latent 3 --epochs 2 --out model");
    let page = report(&sandbox, "model --data r.csv");
    assert!(page.matches("<svg class=\"lines\"").count() > 40 && page.contains("class=\"below\""));
    assert!(page.contains("id=\"sprites\"") && !page.contains("id=\"columns\""), "points show pictures");
    assert!(page.contains("series of shape 2 x 16"), "the summary says what a sample is");
    let text: String = page.split('>').filter_map(|part| part.split('<').next()).collect();
    assert!(text.contains("Random windows") && !text.contains("real row"), "windows are called windows");
}

#[test]
fn colour_images_and_one_latent_dimension_have_a_page() {
    let sandbox = Sandbox::new();
    let images = Array4::from_shape_fn((40, 12, 12, 3), |(row, y, x, channel)| {
        ((row * 5 + y * 3 + x * 2 + channel * 40) % 256) as u8
    });
    sandbox.write_npy("x.npy", &images);
    sandbox.run_ok("train-export vae --data x.npy --latent 1 --epochs 2 --architecture mlp --hidden 8 --out model");
    let page = report(&sandbox, "model --data x.npy --samples 5 --rows 30");
    assert!(page.contains("The code has one dimension"), "the plane shows the error as the height");
    assert!(page.contains("generated sample 4\"") && !page.contains("generated sample 5\""));
}

#[test]
fn pages_of_few_rows_and_of_packed_bundles_leave_parts_out() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("x.npy", &Array2::from_shape_fn((3, 64), |(row, column)| ((row + column) % 17) as f32));
    sandbox.run_ok(&format!("pack {} vae.narrows", zoo("vae")));
    let page = report(&sandbox, "vae.narrows --data x.npy --samples 0");
    let found = sections(&page);
    for missing in ["loss", "samples", "memorised", "errors"] {
        assert!(!found.contains(&missing), "{missing} in {found:?}");
    }
    assert!(!page.contains("Largest errors"), "three rows are shown once");
    sandbox.write_npy("one.npy", &Array2::<f32>::zeros((1, 64)));
    let page = report(&sandbox, "vae.narrows --data one.npy");
    assert!(sections(&page).contains(&"reconstructions"));
}

#[test]
fn the_result_names_the_file_and_the_figures_of_evaluate() {
    let sandbox = Sandbox::new();
    let parse = |text: &str| -> Value { serde_json::from_str(text).expect("one object") };
    let found = parse(&sandbox.run_ok(&format!("report {} --data digits --json", zoo("vae"))).stdout);
    // The default name is made of that of the bundle.
    assert_eq!(found["out"], "vae-report.html");
    assert_eq!(found["bytes"], sandbox.read_text("vae-report.html").len());
    let evaluated = parse(&sandbox.run_ok(&format!("evaluate {} --data digits --json", zoo("vae"))).stdout);
    for key in ["mse", "explained_variance", "active_units", "kl", "rows"] {
        assert_eq!(found[key], evaluated[key], "{key}");
    }
    assert!(found["pca_mse"].as_f64().is_some_and(|mse| mse > found["mse"].as_f64().expect("a number")));
    assert_eq!(found["summary"].as_array().map(Vec::len), Some(4));
    let outcome = sandbox.run_ok(&format!("report {} --data digits --out ae.html --quiet", zoo("ae")));
    assert!(outcome.stdout.contains("360 test rows") && outcome.stderr.is_empty(), "{outcome:?}");
}

#[test]
fn a_chart_that_is_not_that_of_the_training_is_left_out_and_said() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --data digits --epochs 1 --hidden 8 --out model");
    sandbox.write("model/loss.svg", "<svg x=\"1\" onload=\"alert(1)\"></svg>");
    let outcome = sandbox.run_ok("report model --data digits --out page.html");
    assert_eq!(outcome.stderr.matches("loss.svg").count(), 1, "{}", outcome.stderr);
    let page = sandbox.read_text("page.html");
    assert!(!page.contains("onload") && !sections(&page).contains(&"loss"));
}

#[test]
fn training_rows_are_named_and_the_training_is_repeated_from_their_file() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("far")).expect("a folder");
    // A column without a name in the header has the same name in training and here.
    sandbox.write("far/t.csv", table(150).replace("a,b,<c>", "a,,<c>"));
    let options = "--label-column class --latent 2 --epochs 3 --hidden 8";
    sandbox.run_ok(&format!("train-export vae --data far/t.csv {options} --out model"));
    let page = report(&sandbox, "model --data far/t.csv --label-column class --samples 3");
    assert_eq!(page.matches("These rows include the training rows; errors of new rows are larger.").count(), 2);
    assert!(page.contains(">column1<") && page.contains("too few samples to tell"));
    let command = "narrows config model &gt; again.toml\nnarrows train-export --config again.toml --data far/t.csv";
    assert!(page.contains(command), "the command works in this folder");
    let page = report(&sandbox, "model --data far/t.csv --label-column class --part train --rows 30");
    assert!(page.contains("include the training rows"));
    sandbox.write("few.csv", sandbox.read_text("far/t.csv").lines().take(3).collect::<Vec<_>>().join("\n"));
    let page = report(&sandbox, "model --data few.csv");
    for absent in ["active units", "are active", "±", "Fréchet", "training rows;"] {
        assert!(!page.contains(absent), "{absent} of two rows");
    }
    let digits = report(&sandbox, &format!("{} --data digits --part all", zoo("vae")));
    assert!(digits.contains("include the training rows"));
}

#[test]
fn impossible_reports_are_refused_and_leave_no_file() {
    let sandbox = Sandbox::new();
    let vae = zoo("vae");
    sandbox.write_npy("narrow.npy", &Array2::<f32>::zeros((5, 3)));
    sandbox.write_npy("unlabelled.npy", &Array2::<f32>::zeros((5, 64)));
    assert_refused([
        check_refusal(&sandbox, &format!("report {vae} --data narrow.npy"), &["3 values", "64"]),
        check_refusal(&sandbox, &format!("report {} --data unlabelled.npy", zoo("cvae")), &["--label"]),
        check_refusal(&sandbox, &format!("report {vae} --data digits --out page.pdf"), &["page.pdf", ".html"]),
        check_refusal(&sandbox, &format!("report {vae} --data digits --out no/page.html"), &["no folder"]),
        check_refusal(&sandbox, &format!("report {vae} --data digits --out {vae}/page.html"), &["inside the bundle"]),
        check_refusal(&sandbox, "report nothing --data digits", &["nothing"]),
        check_refusal(&sandbox, &format!("report {vae} --data unlabelled.npy --part test"), &["no test part"]),
        check_refusal(&sandbox, &format!("report {vae} --data digits --binarize static"), &["bernoulli"]),
    ]);
    for line in ["--rows 0", "--rows 2001", "--samples 401", "--samples x", "--title="] {
        assert_eq!(sandbox.run(&format!("report {vae} --data digits {line}")).code, Some(2), "{line}");
    }
    assert!(sandbox.leftover_files().is_empty());
}
