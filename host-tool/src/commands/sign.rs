//! `lifeboot sign`

use super::firmware::read_firmware;
use super::firmware::{board_for, version_for};
use super::{passphrase, patches, release};
use crate::error::Error;
use crate::output;
use lifeboot_artifact::image_file::{ImageFile, UnsignedImage};
use lifeboot_artifact::keys::{PrivateKey, PublicKey};
use lifeboot_artifact::sign::Program;
use lifeboot_artifact::{hex, swu, version};
use lifeboot_core::Version;
use lifeboot_core::image::Header;
use lifeboot_project::files::{self, Kind};
use lifeboot_project::key_files;
use lifeboot_project::relink::{Relink, relink};
use lifeboot_report::{Either, PatchReport, Proved, SignedImage, SlotUse, ToSign};
use std::path::{Path, PathBuf};

/// Make a signed image of firmware
///
/// Reads the ELF file as the linker wrote it for slot A, with relocations (linker argument --emit-relocs), and makes
/// one image that runs in either slot. The output is deterministic: the same firmware, key and options give the same
/// bytes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot sign target/thumbv6m-none-eabi/release/app --key release.pem -o firmware.img
  lifeboot sign firmware.elf --version 1.2.3 --epoch 2 --key release.pem

  For a fleet server that wants SWUpdate's container, also firmware.swu:
  lifeboot sign firmware.elf --version 1.3.0 --key release.pem -o firmware.img --swu 1

  Let devices that run the last release be sent only what changed since:
  lifeboot sign firmware.elf --version 1.3.0 --key release.pem --from firmware-1.2.3.img

  Rotate keys: signed with the next one, this image revokes the last one wherever it is confirmed:
  lifeboot sign firmware.elf --version 1.3.0 --key next.pem --revoke last.pub.pem

  Prove that the image is what the linker would have made for slot B:
  lifeboot sign target/thumbv6m-none-eabi/release/app --version 1.2.3 --key release.pem --prove
  lifeboot sign a.elf --version 1.2.3 --key release.pem --relinked b.elf

  With a key that stays elsewhere, as in an HSM:
  lifeboot sign firmware.elf --version 1.2.3 --public-key release.pub.pem --external-bytes bytes
  openssl pkeyutl -sign -rawin -inkey release.pem -in bytes -out signature
  lifeboot sign firmware.elf --version 1.2.3 --public-key release.pub.pem --signature signature")]
pub struct Arguments {
    /// The linked firmware
    #[arg(value_name = "FIRMWARE.elf", env = "LIFEBOOT_FIRMWARE")]
    firmware: PathBuf,
    /// The firmware's version: MAJOR.MINOR.PATCH, or with a build number MAJOR.MINOR.PATCH+BUILD [default: Cargo.toml's]
    #[arg(long, env = "LIFEBOOT_VERSION", value_parser = version::parse)]
    version: Option<Version>,
    /// The private key to sign with
    #[arg(long, value_name = "KEY.pem", env = "LIFEBOOT_KEY")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: passphrase::Arguments,
    /// Write the bytes to sign to this file, instead of an image; - is stdout
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signature", "out"])]
    external_bytes: Option<PathBuf>,
    /// Take the signature from this file: 64 bytes, plain Ed25519 over the bytes of --external-bytes
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// The public half of an external key; for --external-bytes and --signature
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_PUBLIC_KEY")]
    public_key: Option<PathBuf>,
    #[command(flatten)]
    release: release::Arguments,
    /// The same program linked for slot B, to compare with the image as rebased to slot B
    #[arg(long, value_name = "OTHER.elf", conflicts_with = "bound")]
    relinked: Option<PathBuf>,
    /// Link the firmware for slot B as well, by cargo or by --relink, and compare it with the image as rebased to slot B
    #[arg(long, conflicts_with_all = ["relinked", "bound"])]
    prove: bool,
    /// A shell command that links the firmware for slot B, to the file that LIFEBOOT_RELINKED names; for --prove
    #[arg(long, value_name = "COMMAND", env = "LIFEBOOT_RELINK", conflicts_with = "cargo")]
    relink: Option<String>,
    /// Leave the relocations out: the image runs only in the slot that the firmware is linked for
    #[arg(long)]
    bound: bool,
    /// Add a patch from this older image, for devices that run it. May be repeated
    #[arg(long, value_name = "OLD.img", conflicts_with = "external_bytes")]
    from: Vec<PathBuf>,
    /// The image file; - is stdout [default: the firmware's name with .img]
    #[arg(short, long, value_name = "OUT.img")]
    out: Option<PathBuf>,
    /// Also write the image in SWUpdate's container, for fleet servers that want one: beside the image, ending in .swu, for this
    /// revision of the board's hardware
    #[arg(long, value_name = "REVISION", conflicts_with = "external_bytes")]
    swu: Option<String>,
    /// The arguments that cargo built the firmware with, such as --features; for --prove
    #[arg(last = true, value_name = "CARGO BUILD ARGUMENTS", requires = "prove")]
    cargo: Vec<String>,
}

impl Arguments {
    /// Returns the firmware as linked for slot B, and where it comes from; `None` if no proof was requested.
    fn relinked(&self, elf: &[u8]) -> Result<Option<(Vec<u8>, String)>, Error> {
        if let Some(path) = &self.relinked {
            return Ok(Some((files::read(path, Kind::Elf)?, path.display().to_string())));
        }
        let how = match &self.relink {
            Some(line) => Relink::Command(line.clone()),
            None => Relink::Cargo(self.cargo.clone()),
        };
        if self.prove { Ok(Some(relink(&how, &self.firmware, elf, &|| false)?)) } else { Ok(None) }
    }

    /// Returns whether stdout is the file that this command writes.
    pub fn stdout_is_taken(&self) -> bool {
        [&self.out, &self.external_bytes].into_iter().flatten().any(|path| files::is_stdout(path))
    }
}

pub fn run(arguments: &Arguments) -> Result<Either<SignedImage, ToSign>, Error> {
    let signer = Signer::read(arguments)?;
    let elf = read_firmware(&arguments.firmware)?;
    let board = board_for(&elf, arguments.release.board.as_deref())?;
    let relinked = arguments.relinked(&elf)?;
    let program = match &relinked {
        Some((relinked, _)) => Program::read_and_prove(&elf, board, relinked)?,
        None => Program::read(&elf, board, arguments.bound)?,
    };
    let (version, version_from) = version_for(&arguments.firmware, arguments.version)?.ok_or(Error::VersionNeeded)?;
    let public = signer.public();
    let unsigned = program.image(arguments.release.of(version)?, public.id())?;
    let proved = relinked.map(|(_, by)| proved(&program, by));
    if public.is_demo() {
        output::warn("this is a demo's throw-away key, which protects nothing");
    }
    if let Some(path) = &arguments.external_bytes {
        files::write(path, &unsigned.bytes_to_sign())?;
        let revokes = ids(unsigned.header());
        return Ok(Either::Other(ToSign { bytes_to_sign: files::shown(path), revokes, proved }));
    }
    let image = patches::added(signer.sign(unsigned)?, &arguments.from)?;
    let out = arguments.out.clone().unwrap_or_else(|| files::with_ending(&arguments.firmware, &LINKED, "img"));
    // What cannot be written as a container is not signed by halves.
    let container = arguments.swu.as_deref().map(|revision| swu::write(&image, revision)).transpose()?;
    if container.is_some() && files::is_stdout(&out) {
        return Err(Error::ContainerBesideStdout);
    }
    let beside = out.with_extension("swu");
    let outputs = [&*out, &*beside];
    files::check_outputs(&outputs[..1 + usize::from(container.is_some())])?;
    files::write(&out, &image.to_bytes())?;
    let container = container.map(|bytes| files::write(&beside, &bytes).map(|()| files::shown(&beside)));
    let container = container.transpose()?;
    let (header, board) = (image.header(), image.board());
    Ok(Either::One(SignedImage {
        image: files::shown(&out),
        container,
        board: board.name.to_owned(),
        version: header.version.to_string(),
        version_from: version_from.map(|path| path.display().to_string()),
        epoch: header.epoch,
        key_id: hex(&header.key_id),
        revokes: ids(header),
        demo_key: public.is_demo(),
        digest: hex(&header.digest),
        slot: SlotUse::new(board, header.image_length().unwrap_or_default()),
        bound: image.is_bound(),
        proved,
        patches: PatchReport::of(&image),
    }))
}

fn ids(header: &Header) -> Vec<String> {
    header.revokes.ids().map(|id| hex(&id)).collect()
}

fn proved(program: &Program, relinked: String) -> Proved {
    Proved { relocations: program.table().len(), bytes: program.firmware().payload().len(), relinked }
}

/// Endings of linked programs.
const LINKED: [&str; 3] = ["elf", "axf", "out"];

/// Where the signature comes from.
enum Signer {
    Key(PrivateKey),
    Elsewhere { public: PublicKey, signature: Option<[u8; 64]> },
}

impl Signer {
    fn read(arguments: &Arguments) -> Result<Signer, Error> {
        // Key files may come from lifeboot.toml or the environment, so the other arguments decide which one is used.
        let elsewhere = arguments.external_bytes.is_some() || arguments.signature.is_some();
        if !elsewhere {
            return Ok(Signer::Key(arguments.passphrase.private_key(arguments.key.as_ref().ok_or(Error::KeyNeeded)?)?));
        }
        let signature = arguments.signature.as_deref().map(read_signature).transpose()?;
        let public = key_files::public(arguments.public_key.as_ref().ok_or(Error::PublicKeyNeeded)?)?;
        Ok(Signer::Elsewhere { public, signature })
    }

    fn public(&self) -> PublicKey {
        match self {
            Signer::Key(key) => key.public(),
            Signer::Elsewhere { public, .. } => public.clone(),
        }
    }

    fn sign(&self, image: UnsignedImage) -> Result<ImageFile, Error> {
        let signature = match self {
            Signer::Key(key) => key.sign(&image.bytes_to_sign()),
            Signer::Elsewhere { signature, .. } => signature.unwrap_or([0; 64]),
        };
        let image = image.with_signature(signature)?;
        image.check_signature(&self.public())?;
        Ok(image)
    }
}

fn read_signature(path: &Path) -> Result<[u8; 64], Error> {
    let bytes = files::read(path, Kind::Signature)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| Error::SignatureLength { path: path.to_owned(), length })
}
