//! Executors that die, and executors that cannot run a query.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};

use crate::{
    files::{read, write},
    process::{Cluster, fail, names, port, program, succeed},
    support::{Form, zoo},
};

/// A job of some seconds: rows, files.
const LONG: (usize, usize) = (2_000_000, 40);

/// Waits until some results are complete and others are not.
fn wait_for_results(out: &std::path::Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !out.exists() || names(out, "part-").is_empty() {
        assert!(Instant::now() < deadline, "no result in 60 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_job_survives_the_death_of_an_executor_with_every_row_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, LONG.0, LONG.1, Form::FixedFloats);
    let mut cluster = Cluster::of_two();
    let (data_text, engine) = (data.display().to_string(), cluster.engine());
    let start = Instant::now();
    let undisturbed = folder.path().join("undisturbed").display().to_string();
    succeed(["encode", &zoo("conv-vae"), "--data", &data_text, "--out", &undisturbed, "--engine", &engine]);
    let undisturbed_time = start.elapsed();
    let start = Instant::now();
    let job = program(["encode", &zoo("conv-vae"), "--data", &data_text, "--out", &out.display().to_string()])
        .args(["--engine", &engine])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for_results(&out);
    cluster.executors[0].kill();
    let output = job.wait_with_output().expect("it ends");
    println!("undisturbed {undisturbed_time:.1?}, with a killed executor {:.1?}", start.elapsed());
    assert!(output.status.success());
    let expected = read(&folder.path().join("undisturbed"), LONG.0);
    assert!(read(&out, LONG.0) == expected);
    assert!(
        names(&out, "").iter().all(|name| name.starts_with("part-") || name.starts_with('_')),
        "{:?}",
        names(&out, "")
    );
}

#[test]
fn a_job_without_executors_fails_and_another_run_continues_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, LONG.0, LONG.1, Form::FixedFloats);
    let mut cluster = Cluster::of_two();
    let (data_text, out_text, engine) = (data.display().to_string(), out.display().to_string(), cluster.engine());
    let job = program(["encode", &zoo("conv-vae"), "--data", &data_text, "--out", &out_text, "--engine", &engine])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for_results(&out);
    cluster.executors.iter_mut().for_each(|executor| executor.kill());
    let start = Instant::now();
    let output = job.wait_with_output().expect("it ends");
    let message = String::from_utf8_lossy(&output.stderr);
    println!("failed after {:.1?}: {message}", start.elapsed());
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("no live executors") || message.contains("executor"), "{message}");
    let complete = names(&out, "part-").len();
    assert!(complete < LONG.1, "the job was over before the executors died");
    let report = succeed(["encode", &zoo("conv-vae"), "--data", &data_text, "--out", &out_text]);
    assert!(report.starts_with(&format!("wrote {} rows", LONG.0)), "{report}");
    read(&out, LONG.0);
}

#[test]
fn an_executor_that_cannot_open_the_bundle_is_named_before_the_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    write(&data, 100, 2, Form::FixedFloats);
    let models = folder.path().join("models");
    let copy = models.join("model");
    std::fs::create_dir_all(&copy).expect("a folder");
    for file in std::fs::read_dir(zoo("vae")).expect("a committed bundle").flatten() {
        std::fs::copy(file.path(), copy.join(file.file_name())).expect("a copy");
    }
    let others = folder.path().join("others");
    std::fs::create_dir_all(others.join("model")).expect("a folder");
    for file in std::fs::read_dir(zoo("ae")).expect("a committed bundle").flatten() {
        std::fs::copy(file.path(), others.join("model").join(file.file_name())).expect("a copy");
    }
    let (models, others) = (models.display().to_string(), others.display().to_string());
    let (data, out) = (data.display().to_string(), folder.path().join("out").display().to_string());
    let cases: [(&[&str], &str); 3] = [
        (&[], "there is no bundle `model@"),
        (&["--models", &others], "is another bundle than the query needs"),
        (&["--models", &models, "--onnxruntime", "/nowhere/libonnxruntime.so"], "/nowhere/libonnxruntime.so"),
    ];
    let good: &[&str] = &["--models", &models];
    for (flags, expected) in cases {
        let cluster = Cluster::start_with(good, &[good, flags]);
        let message = fail([
            "encode",
            "model",
            "--models",
            &models,
            "--data",
            &data,
            "--out",
            &out,
            "--engine",
            &cluster.engine(),
        ]);
        let (bad, good) = (cluster.executor_ports[1], cluster.executor_ports[0]);
        assert!(message.contains(&format!("the executor 127.0.0.1:{bad}: ")), "{message}");
        assert!(message.contains(expected) && !message.contains(&format!(":{good}")), "{message}");
    }
    let cluster = Cluster::start(&[good]);
    let message =
        fail(["encode", "model", "--models", &models, "--data", &data, "--out", &out, "--engine", &cluster.engine()]);
    assert!(message.contains(&format!("the scheduler at http://127.0.0.1:{}: ", cluster.port)), "{message}");
    assert!(message.contains("there is no bundle `model@"), "{message}");
    let cluster = Cluster::start_with(good, &[good]);
    succeed(["encode", "model", "--models", &models, "--data", &data, "--out", &out, "--engine", &cluster.engine()]);
}

#[test]
fn an_executor_without_the_functions_is_named_before_the_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    write(&data, 100, 2, Form::FixedFloats);
    let cluster = Cluster::start(&[&[]]);
    let bare = port();
    let config = ExecutorProcessConfig {
        port: bare,
        grpc_port: bare + 1,
        external_host: Some("127.0.0.1".to_owned()),
        scheduler_port: cluster.port,
        scheduler_host: "127.0.0.1".to_owned(),
        work_dir: Some(folder.path().display().to_string()),
        ..ExecutorProcessConfig::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.spawn(start_executor_process(config.into()));
    cluster.wait(2);
    let (data, out) = (data.display().to_string(), folder.path().join("out").display().to_string());
    let message = fail(["encode", &zoo("vae"), "--data", &data, "--out", &out, "--engine", &cluster.engine()]);
    assert!(message.contains(&format!("the executor 127.0.0.1:{bare}: it does not have the functions")), "{message}");
    runtime.shutdown_background();
}

#[test]
fn a_cluster_without_executors_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    write(&data, 100, 2, Form::FixedFloats);
    let cluster = Cluster::start(&[]);
    let (data, out) = (data.display().to_string(), folder.path().join("out").display().to_string());
    let message = fail(["encode", &zoo("vae"), "--data", &data, "--out", &out, "--engine", &cluster.engine()]);
    assert!(message.contains("no executor is connected to the scheduler"), "{message}");
}
