//! Puts the commit into the version, and links the dev build's program at a fixed address. Relocating 100 MB
//! took half of its start-up, and the tests start it thousands of times. A release stays position-independent.

#![expect(clippy::disallowed_methods, reason = "Cargo tells a build script by its environment")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CRUDDUR_BUILD");
    let variable = |name| std::env::var(name).unwrap_or_default();
    // What `make dist` says: a commit and its date. Cargo knows neither.
    let build = Some(variable("CRUDDUR_BUILD")).filter(|build| !build.is_empty());
    let build = build.map(|build| format!(" ({build})")).unwrap_or_default();
    println!("cargo::rustc-env=CRUDDUR_VERSION={}{build}", variable("CARGO_PKG_VERSION"));
    let is = |name, value| variable(name) == value;
    if is("PROFILE", "debug") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
