//! The command `lifeboot`. Exit status: 0 done, 1 failed, 2 used wrongly.

use std::process::ExitCode;

fn main() -> ExitCode {
    lifeboot_host_tool::run()
}
