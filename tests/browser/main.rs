//! Tests of the web pages in headless Chromium: what they show, that they report no error, and that they load nothing.
//!
//! Without Chromium, every test prints a sentence and passes, unless `NARROWS_REQUIRE_BROWSER` is 1. The protocol is
//! JSON over the pipes 3 and 4 of the browser, so that the tests need no crate for WebSockets and no Python.

#![cfg(unix)]

mod compare;
mod explore;
mod explore_parts;
mod report;

mod chromium;
mod page;
mod pipe;
mod rules;
#[path = "../program/sandbox.rs"]
#[expect(dead_code, reason = "the tests of the program use all of it")]
mod sandbox;
mod screenshots;
