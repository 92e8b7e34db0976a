//! Moments, samples and SQL on a cluster.

use narrows_datafusion::narrows_runtime::{bundle::Moments, ndarray::Array2};

use crate::{
    files::{read, write},
    process::{Cluster, succeed},
    support::Form,
};

#[test]
fn moments_and_samples_of_a_cluster_are_those_of_one_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (pixels, _) = write(&data, 5000, 7, Form::Binary);
    let cluster = Cluster::of_two();
    let data = data.display().to_string();
    let file = folder.path().join("moments.safetensors");
    succeed(["moments", "--data", &data, "--out", &file.display().to_string(), "--engine", &cluster.engine()]);
    let moments = Moments::read(&file).expect("a moments file");
    let floats: Array2<f32> = pixels.mapv(f32::from);
    let expected = Moments::of(&floats.view(), None);
    assert_eq!((moments.count, &moments.minimum, &moments.maximum), (5000, &expected.minimum, &expected.maximum));
    // Sums of 5,000 small numbers as doubles, in another order.
    assert!(moments.covariance.iter().zip(&expected.covariance).all(|(one, other)| (one - other).abs() < 1e-10));

    let sample = |name: &str, engine: &str| {
        let out = folder.path().join(name).join("part-0.parquet");
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
        let flags = ["--rows", "5000", "--seed", "3", "--key", "id"];
        let command = ["sample", "--data", &data, "--out", &out.display().to_string(), "--engine", engine];
        succeed(command.into_iter().chain(flags));
        read(&folder.path().join(name), 5000)
    };
    let (one, two) = (sample("one", "local"), sample("two", &cluster.engine()));
    assert_eq!(one.schema().fields(), two.schema().fields());
    assert!(one.columns() == two.columns());
}

#[test]
fn statements_of_sql_run_on_a_cluster_with_all_functions() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    write(&data, 1797, 3, Form::FixedFloats);
    let cluster = Cluster::of_two();
    let sql = format!(
        "CREATE EXTERNAL TABLE digits STORED AS PARQUET LOCATION '{}';
         SELECT label, count(*) AS rows FROM digits WHERE narrows_is_anomaly('{}', x) IS NOT NULL
         GROUP BY label ORDER BY label LIMIT 2;",
        data.display(),
        crate::support::zoo("detector")
    );
    let output = succeed(["sql", &sql, "--engine", &cluster.engine()]);
    assert!(output.contains("| 0     | 178  |") && output.contains("| 1     | 182  |"), "{output}");
    assert_eq!(output, succeed(["sql", &sql]));
}
