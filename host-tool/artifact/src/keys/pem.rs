//! PEM blocks (RFC 7468), as key files hold them.

/// The line that marks a demo's throw-away key; the bootloader's build script looks for it in the public file.
pub const DEMO_LINE: &str = "Lifeboot demo key: throw-away, protects nothing";

/// The label of a private key.
pub const PRIVATE: &str = "PRIVATE KEY";
/// The label of an encrypted private key.
pub const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// The label of a public key.
pub const PUBLIC: &str = "PUBLIC KEY";

/// The first PEM block of a text.
pub(super) struct Pem<'a> {
    pub label: &'a str,
    pub text: &'a str,
    pub is_demo: bool,
}

impl Pem<'_> {
    pub(super) fn find(file: &str) -> Option<Pem<'_>> {
        const BEGIN: &str = "-----BEGIN ";
        let start = file.find(BEGIN)?;
        let label = file[start + BEGIN.len()..].split_once("-----")?.0;
        let end = format!("-----END {label}-----");
        let text = &file[start..start + file[start..].find(&end)? + end.len()];
        let is_demo = file[..start].lines().any(|line| line.trim_end() == DEMO_LINE);
        Some(Pem { label, text, is_demo })
    }
}

/// Returns the label of the first PEM block in a text; `None` if there is no block.
pub fn label(text: &str) -> Option<&str> {
    Pem::find(text).map(|pem| pem.label)
}
