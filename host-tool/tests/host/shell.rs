//! Completions and manual pages: nothing that the commands' help names is missing in them.

use crate::command_line::Folder;
use crate::reported::line;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The flags of a command, as its help lists them.
fn flags(folder: &Folder, command: &str) -> BTreeSet<String> {
    let help = folder.done(&format!("{command} --help"));
    let options = help.split_once("\nOptions:\n").unwrap().1;
    let lines = options.lines().take_while(|line| line.is_empty() || line.starts_with(' ')).map(str::trim_start);
    let words = lines.filter(|line| line.starts_with('-')).flat_map(|line| line.split([' ', ',']));
    words.filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}

/// The names of all commands, those of commands with commands of their own as well: `rollout plan`.
fn commands(folder: &Folder) -> Vec<String> {
    let mut all = Vec::new();
    for name in folder.commands().into_iter().filter(|name| name != "help") {
        let within = folder.commands_of(&name).into_iter().filter(|inner| inner != "help");
        all.extend(within.map(|inner| format!("{name} {inner}")));
        all.push(name);
    }
    all
}

#[test]
fn every_command_and_flag_is_completed() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "nushell"] {
        let script = folder.done(&format!("completions {shell}"));
        for command in commands(&folder) {
            let name = command.split(' ').next_back().unwrap();
            assert!(script.contains(name), "{shell}: {command}");
            for flag in flags(&folder, &command) {
                // fish has its own way to write them.
                let flag = if shell == "fish" { format!("-l {}", &flag[2..]) } else { flag };
                assert!(script.contains(&flag), "{shell}: {command} {flag}");
            }
        }
    }
    let script = line("completions", &folder.run("completions bash --json"));
    assert_eq!(script["script"].as_str().unwrap(), folder.done("completions bash"));
    assert!(
        folder
            .refused("completions tcsh", 2)
            .contains("[possible values: bash, elvish, fish, nushell, powershell, zsh]")
    );
}

/// What bash offers when Tab is pressed behind these words.
fn offered(folder: &Folder, words: &[&str]) -> BTreeSet<String> {
    let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let (last, at) = (words.last().unwrap(), words.len() - 1);
    let script = format!(
        "source ./lifeboot.bash; COMP_WORDS=({line}); COMP_CWORD={at}; \
         _lifeboot lifeboot '{last}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words[at - 1]
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.0.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes() {
    let folder = Folder::new();
    folder.put("lifeboot.bash", folder.done("completions bash").as_bytes());
    let checked = Command::new("bash").args(["-n", "lifeboot.bash"]).current_dir(folder.0.path()).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(offered(&folder, &["lifeboot", "ro"]), set(&["rollback", "rollout"]));
    assert_eq!(offered(&folder, &["lifeboot", "push", "--no"]), set(&["--no-wait"]));
    let formats = set(&["elf", "hex", "bin", "uf2"]);
    assert_eq!(offered(&folder, &["lifeboot", "provision", "--format", ""]), formats);
    // Files are completed by bash itself, from the folder.
    assert_eq!(offered(&folder, &["lifeboot", "sign", "--key", "key.p"]), set(&["key.pem", "key.pub.pem"]));
    for command in commands(&folder) {
        let words: Vec<&str> = ["lifeboot"].into_iter().chain(command.split(' ')).chain(["--"]).collect();
        let offered = offered(&folder, &words);
        let flags = flags(&folder, &command);
        assert!(offered.is_superset(&flags), "{command}: {flags:?}, and only {offered:?}");
    }
}

#[test]
fn every_command_has_a_manual_page_with_every_flag() {
    let folder = Folder::new();
    let said = folder.done("man --out share/man1");
    let mut expected = BTreeSet::from(["lifeboot.1".to_owned()]);
    for command in commands(&folder) {
        let name = format!("lifeboot-{}.1", command.replace(' ', "-"));
        let page = String::from_utf8(folder.bytes(&format!("share/man1/{name}"))).unwrap();
        let has_examples = folder.commands_of(&command).is_empty();
        let sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS"];
        for section in sections.into_iter().filter(|section| has_examples || *section != "EXAMPLES") {
            let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
            assert!(heading.iter().any(|heading| page.contains(heading)), "{name}: {section}");
        }
        for flag in flags(&folder, &command) {
            assert!(page.contains(&flag.replace('-', "\\-")), "{name}: {flag}");
        }
        expected.insert(name);
    }
    let files = fs::read_dir(folder.0.path().join("share/man1")).unwrap();
    assert_eq!(files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>(), expected);
    assert_eq!(said.lines().map(|line| line.replace("wrote share/man1/", "")).collect::<BTreeSet<_>>(), expected);
    let main = folder.done("man");
    assert_eq!(main.trim_end(), String::from_utf8(folder.bytes("share/man1/lifeboot.1")).unwrap().trim_end());
    for command in commands(&folder).iter().filter(|command| !command.contains(' ')) {
        assert!(main.contains(&format!("lifeboot\\-{command}(1)")), "{command}");
    }
    for setting in lifeboot_project::settings::SETTINGS {
        assert!(main.contains(&format!("\\fB{}\\fR", setting.variable())), "{}", setting.name);
    }
    assert_eq!(
        line("man", &folder.run("man --out share/man1 --json"))["files"].as_array().unwrap().len(),
        expected.len()
    );
    assert!(line("man", &folder.run("man --json"))["page"].as_str().unwrap().contains(".TH lifeboot 1 "));
    folder.put("file", b"");
    let said = folder.failed("man --out file/man1");
    assert!(said.starts_with("error: cannot write file/man1\n  because: "), "{said}");
}
