//! Tells the code which multiply instructions the core has: stable Rust has no `cfg` for them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(assembly, values(none(), \"armv6m\", \"armv7m\", \"armv7em\"))");
    let Ok(target) = std::env::var("TARGET") else { return };
    let architecture = match target.split('-').next() {
        Some("thumbv6m") => "armv6m",
        Some("thumbv7m") => "armv7m",
        // With `umaal`. Armv8-M Mainline has it only with its DSP extension, which no target's name tells.
        Some("thumbv7em") => "armv7em",
        _ => return,
    };
    if std::env::var_os("CARGO_FEATURE_PORTABLE").is_none() {
        println!("cargo::rustc-cfg=assembly");
        println!("cargo::rustc-cfg=assembly=\"{architecture}\"");
    }
}
