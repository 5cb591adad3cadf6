fn main() {
    lifeboot_build::bootloader(&["release.pub.pem"]);
}
