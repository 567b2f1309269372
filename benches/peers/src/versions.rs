//! What is compared, and what is left out and why.

use std::process::Command;

use crate::engines::simpy;

const ENGINES: [&str; 9] =
    ["jeton", "desim", "odem-rs", "nexosim", "anysystem", "madsim", "turmoil", "shuttle", "stateright"];

/// The version of a package that is built in.
pub(crate) fn of(name: &str) -> String {
    let lock: toml::Table = include_str!("../Cargo.lock").parse().expect("Cargo writes it so");
    let packages = lock["package"].as_array().expect("Cargo writes it so");
    let package = packages.iter().find(|package| package["name"].as_str() == Some(name)).expect("it is built in");
    package["version"].as_str().expect("Cargo writes it so").to_owned()
}

pub(crate) fn print() {
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("{}", rustc.unwrap_or_else(|_| "an unknown compiler".to_owned()));
    println!("{}", ENGINES.map(|name| format!("{name} {}", of(name))).join(", "));
    match simpy::version() {
        Ok((simpy, python)) => println!("SimPy {simpy} on Python {python}"),
        Err(why) => println!("SimPy is left out (pip install simpy): {why}"),
    }
    for (is_in, name, why) in [
        (cfg!(feature = "desim"), "desim", "it needs --features desim and RUSTC_BOOTSTRAP=desim,jeton_peers"),
        (cfg!(madsim), "madsim", "it needs RUSTFLAGS=\"--cfg madsim\""),
    ] {
        if !is_in {
            println!("{name} is left out: {why}, which benches/peers/run.sh sets");
        }
    }
}
