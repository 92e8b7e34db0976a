//! The scripts of the page, contained in the program.

/// The addresses of the scripts, and their text.
pub(crate) const ASSETS: [(&str, &str); 17] = [
    ("/explore/main.js", include_str!("../assets/explore/main.js")),
    ("/explore/api.js", include_str!("../assets/explore/api.js")),
    ("/explore/state.js", include_str!("../assets/explore/state.js")),
    ("/explore/elements.js", include_str!("../assets/explore/elements.js")),
    ("/explore/picture.js", include_str!("../assets/explore/picture.js")),
    ("/explore/lines.js", include_str!("../assets/explore/lines.js")),
    ("/explore/bars.js", include_str!("../assets/explore/bars.js")),
    ("/explore/cells.js", include_str!("../assets/explore/cells.js")),
    ("/explore/plane.js", include_str!("../assets/explore/plane.js")),
    ("/explore/sliders.js", include_str!("../assets/explore/sliders.js")),
    ("/explore/classes.js", include_str!("../assets/explore/classes.js")),
    ("/explore/samples.js", include_str!("../assets/explore/samples.js")),
    ("/explore/blend.js", include_str!("../assets/explore/blend.js")),
    ("/explore/noise.js", include_str!("../assets/explore/noise.js")),
    ("/explore/draw.js", include_str!("../assets/explore/draw.js")),
    ("/explore/score.js", include_str!("../assets/explore/score.js")),
    ("/explore/save.js", include_str!("../assets/explore/save.js")),
];
