//! `polku`: what does the operator or the integrator want to do?

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
