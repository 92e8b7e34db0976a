//! What holds for every page: it reports nothing, it stays on this machine, and it can be used without seeing it.

use crate::page::Page;

/// Whether an address leads to another machine.
fn leaves(address: &str) -> bool {
    !["file:", "data:", "blob:", "about:"].iter().any(|scheme| address.starts_with(scheme))
}

/// Checks that the page has reported nothing and has loaded only what is in its own file.
pub(crate) fn assert_quiet_and_closed(page: &mut Page<'_>) {
    assert_eq!(page.complaints(), [""; 0]);
    let outside: Vec<String> = page.requests().into_iter().filter(|address| leaves(address)).collect();
    assert_eq!(outside, [""; 0], "the page asks for other files");
}

/// Checks that the page has reported nothing and has only asked its own server.
pub(crate) fn assert_quiet_and_at_home(page: &mut Page<'_>) {
    assert_eq!(page.complaints(), [""; 0]);
    let origin = page.text("location.origin");
    let outside = page.requests().into_iter().filter(|address| leaves(address) && !address.starts_with(&origin));
    assert_eq!(outside.collect::<Vec<_>>(), [""; 0], "the page asks other servers than {origin}");
}

/// Checks headings, texts of images, names of controls and identifiers.
pub(crate) fn assert_accessible(page: &mut Page<'_>) {
    let faults = page.text(
        r#"(() => {
            const faults = [];
            const all = selector => [...document.querySelectorAll(selector)];
            if (all("h1").length !== 1) faults.push(`${all("h1").length} first headings`);
            if (!document.title.trim()) faults.push("no title");
            if (!document.documentElement.lang) faults.push("no language");
            for (const image of all("img")) {
                if (!image.hidden && !image.alt.trim()) faults.push(`no alternative text: ${image.outerHTML.slice(0, 80)}`);
                if (image.complete && image.naturalWidth === 0) faults.push(`broken: ${image.alt}`);
            }
            for (const chart of all("svg, canvas")) {
                const name = chart.getAttribute("aria-label") || chart.getAttribute("aria-labelledby")
                    || chart.querySelector(":scope > title") || chart.closest("[role=img], [aria-hidden=true], [role=application]");
                if (!name) faults.push(`no name: ${chart.outerHTML.slice(0, 80)}`);
            }
            for (const control of all("input, select, textarea, button")) {
                const name = control.labels?.length || control.getAttribute("aria-label")
                    || control.getAttribute("aria-labelledby") || control.textContent.trim();
                if (!name) faults.push(`no label: ${control.outerHTML.slice(0, 80)}`);
            }
            const ids = all("[id]").map(element => element.id);
            const repeated = ids.filter((id, at) => ids.indexOf(id) !== at);
            if (repeated.length) faults.push(`repeated identifiers: ${[...new Set(repeated)].slice(0, 5)}`);
            const missing = all("a[href^='#']").filter(link => !ids.includes(link.hash.slice(1)));
            if (missing.length) faults.push(`links to nothing: ${missing.map(link => link.hash)}`);
            return faults.join("\n");
        })()"#,
    );
    assert_eq!(faults, "", "faults of the page");
}
