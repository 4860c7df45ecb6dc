//! Links the dev build's program at a fixed address. Relocating 100 MB took half of its start-up, and the
//! tests start it thousands of times. A release stays position-independent.

#![expect(clippy::disallowed_methods, reason = "Cargo tells a build script by its environment")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable, value| std::env::var(variable).is_ok_and(|set| set == value);
    if is("PROFILE", "debug") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
