//! A process that ends while its threads compute ends, and does so in good order.
#![cfg(unix)]

use std::{env, process::Command, thread, time::Duration};

use narrows_runtime::{Autoencoder, Options, bundle::Kind};

mod support;

use support::{Fixture, samples};

/// Not a test of its own: what a child process runs. The program ends behind it, and its threads go on.
#[test]
#[ignore = "run by the other test, in a child process"]
fn child() {
    let fixture = Fixture::new(Kind::Vae);
    let path = fixture.path();
    let options = Options::default().chunk(10);
    let shared = Autoencoder::open_with(&path, &options).expect("a good bundle");
    let shared: &Autoencoder = Box::leak(Box::new(shared));
    for at in 0..6 {
        let path = path.clone();
        thread::spawn(move || {
            loop {
                // When the process ends, these end in errors.
                let _ = if at % 2 == 0 {
                    Autoencoder::open(&path).and_then(|model| model.encode(&samples(3)))
                } else {
                    shared.encode(&samples(100))
                };
            }
        });
    }
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn a_process_may_end_while_threads_open_and_encode() {
    for round in 0..20 {
        let output = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "child", "--ignored"])
            .output()
            .expect("a program that starts");
        assert!(output.status.success(), "round {round}: {:?}, {output:?}", output.status);
    }
}
