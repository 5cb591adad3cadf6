//! The command `lifeboot`. Exit status: 0 success, 1 failure, 2 wrong usage.

use std::process::ExitCode;

fn main() -> ExitCode {
    lifeboot_host_tool::run()
}
