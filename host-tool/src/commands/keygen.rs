//! `lifeboot keygen`

use super::passphrase;
use crate::error::Error;
use lifeboot_artifact::hex;
use lifeboot_project::key_files;
use lifeboot_report::Keygen;
use std::path::PathBuf;

/// Make a signing key
///
/// Writes the private key to OUT.pem, readable by you only, and the public key to OUT.pub.pem, for building the
/// bootloader. Existing files are never overwritten. Keep the private key off the machines that build the firmware, and
/// keep a copy of it in a safe place: without it, devices in the field can no longer be updated.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot keygen release.pem
  lifeboot keygen --encrypt release.pem  # asks for a passphrase
  openssl genpkey -algorithm ed25519 -out release.pem     (makes an equally good one)
  lifeboot keygen --demo demo.pem")]
pub struct Arguments {
    /// The private key's file; the public key's file has the same name with .pub.pem
    #[arg(value_name = "OUT.pem")]
    out: PathBuf,
    /// Mark the key as a demo's throw-away key; a bootloader that is built with it reports this to every host
    #[arg(long)]
    demo: bool,
    /// Encrypt the private key with a passphrase, as --passphrase-file does too; openssl can read such a key
    #[arg(long)]
    encrypt: bool,
    #[command(flatten)]
    passphrase: passphrase::Arguments,
}

pub fn run(arguments: &Arguments) -> Result<Keygen, Error> {
    let (public, public_path) = if arguments.encrypt || arguments.passphrase.is_given() {
        key_files::refuse_taken(&arguments.out)?; // Before anybody types a passphrase for nothing.
        let passphrase = arguments.passphrase.for_new_key(&arguments.out)?;
        key_files::generate_encrypted(&arguments.out, arguments.demo, &passphrase)?
    } else {
        key_files::generate(&arguments.out, arguments.demo)?
    };
    Ok(Keygen {
        private_key: arguments.out.display().to_string(),
        public_key: public_path.display().to_string(),
        key_id: hex(&public.id()),
        demo_key: public.is_demo(),
    })
}
