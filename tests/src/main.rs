//! `polku-sandbox`: how does somebody who has nothing but the Rust toolchain see the gateway at work?

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use polku_tests::sandbox::{self, Afterwards, Sandbox};

/// Plays the story of one invented young person on a real gateway with simulated agencies, then stays up to be called.
///
/// Exit codes: 0 the story went as it should, 1 it went otherwise, 2 a file or port cannot be used, 64 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "polku-sandbox", version)]
struct Arguments {
    /// Ends after the story instead of staying up.
    #[arg(long)]
    once: bool,
    /// Keeps everything in this folder, which is new or empty. Otherwise a temporary one is removed at the end.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Where gRPC is served; port 0 for any free one [default: 127.0.0.1:8443, with --once any free port].
    #[arg(long, value_name = "ADDR")]
    grpc: Option<SocketAddr>,
    /// Where the agencies' own protocols are served [default: 127.0.0.1:8444, with --once any free port].
    #[arg(long, value_name = "ADDR")]
    inbound: Option<SocketAddr>,
}

impl Arguments {
    fn sandbox(self) -> Sandbox {
        let port = |usual: u16| if self.once { 0 } else { usual };
        let local = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Sandbox {
            grpc: self.grpc.unwrap_or_else(|| local(port(8443))),
            inbound: self.inbound.unwrap_or_else(|| local(port(8444))),
            afterwards: if self.once { Afterwards::End } else { Afterwards::StayUp },
            folder: self.folder,
        }
    }
}

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => sandbox::run(&arguments.sandbox()),
        Err(error) => {
            let wrong = error.use_stderr();
            // Nobody is left to tell when even this cannot be written.
            let _ = error.print();
            if wrong { ExitCode::from(64) } else { ExitCode::SUCCESS }
        }
    }
}
