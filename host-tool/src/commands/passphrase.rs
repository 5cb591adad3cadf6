//! The passphrase of an encrypted private key: from a file, from the environment, or typed at the terminal.

use crate::error::Error;
use lifeboot_artifact::keys::{KeyError, Passphrase, PrivateKey};
use lifeboot_project::environment::variable;
use lifeboot_project::key_files;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};

/// The environment variable that may hold it. No argument does, because other users of the machine can see the
/// arguments of every program.
const VARIABLE: &str = "LIFEBOOT_PASSPHRASE";

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// The passphrase of an encrypted private key: this file's first line [default: LIFEBOOT_PASSPHRASE, or a prompt]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Arguments {
    /// Reads a private key, with its passphrase if it is encrypted.
    pub fn private_key(&self, path: &Path) -> Result<PrivateKey, Error> {
        key_files::unlock(path, |path| match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => typed(&format!("Passphrase of {}: ", path.display()), path),
        })
    }

    /// Returns the passphrase of a new key.
    pub fn for_new_key(&self, path: &Path) -> Result<Passphrase, Error> {
        if let Some(passphrase) = self.given()? {
            return Ok(passphrase);
        }
        let passphrase = typed(&format!("New passphrase of {}: ", path.display()), path)?;
        if passphrase.is_empty() {
            return Err(Error::EmptyPassphrase);
        }
        if typed("The same again: ", path)? != passphrase {
            return Err(Error::PassphrasesDiffer);
        }
        Ok(passphrase)
    }

    /// Returns whether the command line names a passphrase file.
    pub fn is_given(&self) -> bool {
        self.passphrase_file.is_some()
    }

    fn given(&self) -> Result<Option<Passphrase>, Error> {
        if let Some(path) = &self.passphrase_file {
            return Ok(Some(key_files::passphrase(path)?));
        }
        let text = variable(VARIABLE);
        Ok(text.map(|text| Passphrase::new(text.into_encoded_bytes())))
    }
}

/// Prompts at the terminal, without echo; fails if there is no terminal.
fn typed(prompt: &str, path: &Path) -> Result<Passphrase, Error> {
    if !stdin().is_terminal() {
        return Err(KeyError::PassphraseNeeded(path.to_owned()).into());
    }
    let text = rpassword::prompt_password(prompt).map_err(|error| Error::Terminal(error.to_string()))?;
    Ok(Passphrase::new(text))
}
