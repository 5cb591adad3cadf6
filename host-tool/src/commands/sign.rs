//! `lifeboot sign`

use clap::ArgGroup;
use lifeboot_core::{Board, Version};
use lifeboot_host_tool::image_file::{ImageFile, Release, UnsignedImage, hex};
use lifeboot_host_tool::keys::{PrivateKey, PublicKey};
use lifeboot_host_tool::sign::Program;
use lifeboot_host_tool::{Error, files, inspect, version};
use std::path::{Path, PathBuf};

/// Make a signed image of firmware
///
/// Takes the ELF file as the linker wrote it for slot A, with relocations (linker argument --emit-relocs), and makes one
/// image that runs in either slot. The same firmware, key and options give the same image, to the byte.
#[derive(clap::Args)]
#[command(
    group = ArgGroup::new("signer").required(true).args(["key", "external_bytes", "signature"]),
    after_help = "\
Examples:
  lifeboot sign firmware.elf --board microbit --version 1.2.3 --key release.pem -o firmware.img

  Prove that the image is what the linker would have made for slot B:
  lifeboot sign a.elf --board microbit --version 1.2.3 --key release.pem --relinked b.elf

  With a key that stays elsewhere, as in an HSM:
  lifeboot sign firmware.elf --board microbit --version 1.2.3 --public-key release.pub.pem --external-bytes bytes
  openssl pkeyutl -sign -rawin -inkey release.pem -in bytes -out signature
  lifeboot sign firmware.elf --board microbit --version 1.2.3 --public-key release.pub.pem --signature signature"
)]
pub struct Arguments {
    /// The linked firmware
    #[arg(value_name = "FIRMWARE.elf")]
    firmware: PathBuf,
    /// The board that the firmware was built for
    #[arg(long, value_parser = super::board)]
    board: &'static Board,
    /// The firmware's version: MAJOR.MINOR.PATCH, or with a build number MAJOR.MINOR.PATCH+BUILD
    #[arg(long, value_parser = version::parse)]
    version: Version,
    /// The private key to sign with
    #[arg(long, value_name = "KEY.pem", conflicts_with = "public_key")]
    key: Option<PathBuf>,
    /// Write the bytes to sign to this file, and no image
    #[arg(long, value_name = "FILE", requires = "public_key", conflicts_with = "out")]
    external_bytes: Option<PathBuf>,
    /// Take the signature from this file: 64 bytes of plain Ed25519 over the bytes of --external-bytes
    #[arg(long, value_name = "FILE", requires = "public_key")]
    signature: Option<PathBuf>,
    /// The public half of a key that stays elsewhere
    #[arg(long, value_name = "KEY.pub.pem")]
    public_key: Option<PathBuf>,
    /// The security counter; once confirmed, the device never starts an image with a lower one
    #[arg(long, default_value_t = 0)]
    epoch: u32,
    /// The storage schemas that the firmware can live with
    #[arg(long, value_name = "LOW..=HIGH", value_parser = schemas, default_value = "0..=0")]
    schemas: (u16, u16),
    /// The lowest bootloader format that the firmware can live with
    #[arg(long, value_name = "FORMAT", default_value_t = lifeboot_core::info::FORMAT)]
    lowest_bootloader: u16,
    /// The same program, linked for slot B: compare it with the image as it will be in slot B
    #[arg(long, value_name = "OTHER.elf", conflicts_with = "bound")]
    relinked: Option<PathBuf>,
    /// Leave the relocations out: the image runs only in the slot that the firmware is linked for
    #[arg(long)]
    bound: bool,
    /// The image file [default: the firmware's name with .img]
    #[arg(short, long, value_name = "OUT.img")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let signer = Signer::read(arguments)?;
    let program = Program::read(&files::read(&arguments.firmware)?, arguments.board, arguments.bound)?;
    let release = Release {
        version: arguments.version,
        epoch: arguments.epoch,
        lowest_bootloader: arguments.lowest_bootloader,
        schemas: arguments.schemas,
    };
    let public = signer.public();
    let unsigned = program.image(release, public.id())?;
    let proved = match &arguments.relinked {
        Some(other) => Some(program.prove(&files::read(other)?).map(|()| other)?),
        None => None,
    };
    if public.is_demo() {
        eprintln!("warning: this is a demo's throw-away key, which protects nothing");
    }
    if let Some(path) = &arguments.external_bytes {
        files::write(path, &unsigned.bytes_to_sign())?;
        say_proved(&program, proved);
        println!(
            "wrote {}: sign these bytes, and come back with --signature in place of --external-bytes",
            path.display()
        );
        return Ok(());
    }
    let image = signer.sign(unsigned)?;
    let out = arguments.out.clone().unwrap_or_else(|| arguments.firmware.with_extension("img"));
    files::write(&out, &image.to_bytes())?;
    say_proved(&program, proved);
    let (header, board) = (image.header(), arguments.board);
    println!("signed {}: {} {}, epoch {}", out.display(), board.name, header.version, header.epoch);
    println!("key {}, digest {}", hex(&header.key_id), hex(&header.digest));
    println!("slot: {}", inspect::used(board, header.image_length().unwrap_or_default()));
    Ok(())
}

fn say_proved(program: &Program, other: Option<&PathBuf>) {
    if let Some(other) = other {
        let (count, length) = (program.listed().len(), program.firmware().payload().len());
        println!("proved: with {count} relocations all {length} bytes are those of {}", other.display());
    }
}

/// Where the signature comes from.
enum Signer {
    Key(PrivateKey),
    Elsewhere { public: PublicKey, signature: Option<[u8; 64]> },
}

impl Signer {
    fn read(arguments: &Arguments) -> Result<Signer, Error> {
        match (&arguments.key, &arguments.public_key) {
            (Some(key), _) => Ok(Signer::Key(PrivateKey::read(key)?)),
            (None, Some(public)) => {
                let signature = arguments.signature.as_deref().map(read_signature).transpose()?;
                Ok(Signer::Elsewhere { public: PublicKey::read(public)?, signature })
            }
            (None, None) => unreachable!("the command line's groups ask for one of them"),
        }
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
    let bytes = files::read(path)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| Error::SignatureLength { path: path.to_owned(), length })
}

fn schemas(text: &str) -> Result<(u16, u16), String> {
    let (low, high) = text.split_once("..=").unwrap_or((text, text));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok((low, high)),
        _ => Err("give the lowest and the highest schema, up to 65535, e.g. 1..=3".to_owned()),
    }
}
