use super::*;
use miette::Diagnostic as _;

fn parse(text: &str) -> Result<Settings, SettingError> {
    Settings::parse(Path::new("/etc/lifeboot/fleet.toml"), text)
}

fn with(line: &str) -> Result<Settings, SettingError> {
    parse(&format!("# fleet\n[other]\na = 1\n[gateway]\nserver = \"https://updates.example.com\"\n{line}\n"))
}

#[test]
fn a_server_is_all_it_takes() {
    let settings = with("").unwrap();
    assert_eq!(settings.tenant, "DEFAULT");
    assert_eq!(settings.listen.unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(settings.poll, (Duration::from_secs(5), Duration::from_secs(3600)));
    assert_eq!(settings.consent, None);
}

#[test]
fn each_example_is_taken() {
    for (name, _, example) in SETTINGS.iter().filter(|(name, ..)| *name != "server") {
        let settings = with(&format!("{name} = {example}"));
        assert!(settings.is_ok(), "{name}: {settings:?}");
    }
    assert_eq!(with("ca = \"ca.pem\"").unwrap().ca.unwrap(), Path::new("/etc/lifeboot/ca.pem"));
    assert_eq!(with("listen = \"off\"").unwrap().listen, None);
}

#[test]
fn what_is_wrong_has_its_line_and_a_help() {
    let all = [
        ("poll_at_least = 5", "write poll-at-least"),
        ("frequency = 5", "the settings of [gateway] are "),
        ("polls = 0", "polls = 8"),
        ("polls = \"8\"", "polls = 8"),
        ("polls = -1", "polls = 8"),
        ("listen = \"9464\"", "127.0.0.1:9464"),
        ("consent = \"yes\"", "consent = \"wait\""),
        ("gateway-token = \"secret\"", "{ credential = \"gateway\" }"),
        ("gateway-token = { credential = \"../x\" }", "{ credential = \"gateway\" }"),
        ("hosts = \"a\"", "[\"gateway.example.com\"]"),
        ("poll-at-least = 7200", "make it less"),
        ("tenant = \"a/b\"", "tenant = \"DEFAULT\""),
        ("ca = ", "NAME = VALUE"),
    ];
    for (line, help) in all {
        let error = with(line).unwrap_err();
        assert_eq!(error.line, 6, "{line}: {error}");
        assert!(error.help.contains(help), "{line}: {}", error.help);
        assert!(!error.to_string().contains("secret\""), "{error}");
    }
    assert!(parse("[other]\n").unwrap_err().help.contains("[gateway]"));
    assert!(parse("\n[gateway]\n").unwrap_err().to_string().ends_with("fleet.toml:2: [gateway] has no server"));
    assert!(parse("gateway = 1\n").unwrap_err().what.contains("no table"));
}

#[test]
fn folders_do_not_get_in_each_others_way() {
    let all = [
        ("inbox = \"state\"", "state = \"state\"", "inbox: it is the same folder as state"),
        ("inbox = \"/srv/./a/../state/\"", "state = \"/srv/state\"", "inbox: it is the same folder as state"),
        ("inbox = \"/var/lib/lifeboot-gateway\"", "", "inbox: it is the same folder as state"),
        ("inbox = \"/var\"", "", "inbox: state is inside of it"),
        ("inbox = \"/../var\"", "", "inbox: state is inside of it"),
        ("inbox = \"a\"", "cache = \"a\"", "inbox: it is the same folder as cache"),
        ("inbox = \"a\"", "cache = \"a/cache\"", "inbox: cache is inside of it"),
        ("inbox = \"a/inbox\"", "cache = \"a\"", "inbox: it is inside of cache"),
        ("cache = \"a\"", "state = \"a\"", "cache: it is the same folder as state"),
        ("cache = \"a\"", "state = \"a/state\"", "cache: state is inside of it"),
        ("state = \"/var/cache/lifeboot-gateway\"", "", "state: it is the same folder as cache"),
        ("state = \"/var/cache/lifeboot-gateway/state\"", "", "state: it is inside of cache"),
    ];
    for (line, other, what) in all {
        let error = with(&format!("{line}\n{other}")).unwrap_err();
        assert_eq!((error.line, &*error.what), (6, what), "{line} {other}");
        let name = line.split(' ').next().unwrap();
        assert!(error.help.contains(&format!("for example: {name} = \"/var/")), "{}", error.help);
    }
    for (line, other) in [
        ("inbox = \"state/inbox\"", "state = \"state\"\ncache = \"state/cache\""),
        ("inbox = \"state-inbox\"", "state = \"state\""),
        ("inbox = \"../lifeboot/inbox\"", "state = \"../../state\""),
    ] {
        with(&format!("{line}\n{other}")).unwrap();
    }
}

#[test]
fn tokens_do_not_cross_a_network_in_the_clear_unasked() {
    let plain = "[gateway]\nserver = \"http://updates.example.com\"\n";
    let error = parse(plain).unwrap_err();
    assert!(error.line == 2 && error.help.contains("allow-plain-http"), "{error:?}");
    parse(&format!("{plain}allow-plain-http = true\n")).unwrap();
    parse("[gateway]\nserver = \"http://127.0.0.1:8080\"\n").unwrap();
}

#[test]
fn secrets_come_from_files_and_credentials() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gateway"), "all\n").unwrap();
    fs::write(folder.path().join("targets"), "ab one\n").unwrap();
    let file = folder.path().join("targets").display().to_string();
    let text = format!("gateway-token = {{ credential = \"gateway\" }}\ntarget-tokens = {{ file = \"{file}\" }}");
    let settings = with(&text).unwrap();
    settings.read_tokens(Some(folder.path())).unwrap();
    let error = settings.read_tokens(None).unwrap_err();
    assert!(error.help().unwrap().to_string().contains("LoadCredential=gateway:"), "{error}");
    assert!(matches!(settings.read_tokens(Some(Path::new("/none"))), Err(TokenError::Read { .. })));
}
