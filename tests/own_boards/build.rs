fn main() {
    lifeboot_build::firmware();
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
