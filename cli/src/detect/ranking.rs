//! Figures of a ranking as text and JSON.

use narrows_evaluate::Ranking;
use serde_json::{Value, json};

/// Formats the figures: `AUROC 0.9512, average precision 0.7210, precision at 25: 68.00 %`.
pub(crate) fn ranking_in_words(ranking: &Ranking) -> String {
    let Ranking { anomalies, auroc, average_precision, precision_at_anomalies, .. } = ranking;
    let auroc = auroc.map(|value| format!("AUROC {value:.4}"));
    let precision = average_precision.map(|value| format!("average precision {value:.4}"));
    let first = precision_at_anomalies.map(|value| format!("precision at {anomalies}: {:.2} %", 100.0 * value));
    let figures: Vec<String> = [auroc, precision, first].into_iter().flatten().collect();
    if figures.is_empty() { "no figures without anomalies".to_owned() } else { figures.join(", ") }
}

/// Returns the figures as an object; those that do not exist are null.
pub(crate) fn ranking_json(ranking: &Ranking) -> Value {
    let Ranking { rows, anomalies, auroc, average_precision, precision_at_anomalies } = ranking;
    json!({
        "rows": rows,
        "anomalies": anomalies,
        "auroc": auroc,
        "average_precision": average_precision,
        "precision_at_anomalies": precision_at_anomalies,
    })
}
