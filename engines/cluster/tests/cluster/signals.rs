//! Ends on request: of a client, of an executor, of a whole cluster.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    files::{read, write},
    process::{Cluster, names, port, program, signal, succeed},
    support::{Form, zoo},
};

#[test]
fn ctrl_c_cancels_the_job_and_the_same_command_continues_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, 2_000_000, 40, Form::FixedFloats);
    let cluster = Cluster::of_two();
    let (data_text, out_text, engine) = (data.display().to_string(), out.display().to_string(), cluster.engine());
    let command = ["encode", &zoo("conv-vae"), "--data", &data_text, "--out", &out_text, "--engine", &engine];
    let job = program(command).stderr(Stdio::piped()).spawn().expect("the program starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !out.exists() || names(&out, "part-").is_empty() {
        assert!(Instant::now() < deadline, "no result in 60 s");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(job.id(), "INT");
    let output = job.wait_with_output().expect("it ends");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("files are complete, and the same command computes the others"), "{message}");
    cluster.wait_until(|known| known.jobs == 0);
    succeed(command);
    read(&out, 2_000_000);
    assert!(
        names(&out, "").iter().all(|name| name.starts_with("part-") || name.starts_with('_')),
        "{:?}",
        names(&out, "")
    );
}

#[test]
fn an_executor_that_is_asked_to_end_costs_no_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, 2_000_000, 40, Form::FixedFloats);
    let mut cluster = Cluster::of_two();
    let (data_text, out_text, engine) = (data.display().to_string(), out.display().to_string(), cluster.engine());
    let command = ["encode", &zoo("conv-vae"), "--data", &data_text, "--out", &out_text, "--engine", &engine];
    let job = program(command).stdout(Stdio::piped()).spawn().expect("the program starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !out.exists() || names(&out, "part-").is_empty() {
        assert!(Instant::now() < deadline, "no result in 60 s");
        std::thread::sleep(Duration::from_millis(20));
    }
    cluster.executors[0].signal("TERM");
    let status = cluster.executors[0].child.wait().expect("it ends");
    assert!(status.success(), "{status}");
    let output = job.wait_with_output().expect("it ends");
    assert!(output.status.success());
    read(&out, 2_000_000);
}

#[test]
fn the_processes_of_up_end_with_it_however_it_ends() {
    for name in ["INT", "KILL"] {
        let (scheduler, first) = (port(), port());
        let (_, _) = (port(), port());
        let mut up = program(["up", "--port", &scheduler.to_string(), "--executor-port", &first.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = up.stdout.take().expect("piped");
        let lines = std::io::BufRead::lines(std::io::BufReader::new(output));
        let ready = lines.map_while(Result::ok).find(|line| line.starts_with("ready: "));
        assert_eq!(ready, Some(format!("ready: --engine ballista://127.0.0.1:{scheduler} (Ctrl-C stops it)")));
        signal(up.id(), name);
        up.wait().expect("it ends");
        let deadline = Instant::now() + Duration::from_secs(20);
        for port in [scheduler, first, first + 1, first + 2, first + 3] {
            while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                assert!(Instant::now() < deadline, "port {port} is open after SIG{name}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}
