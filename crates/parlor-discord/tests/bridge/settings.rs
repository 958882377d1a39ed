//! What the bridge says of its settings.

use crate::double::Discord;
use crate::support::{Bridge, Parlor, bridge};

const GOOD: &[&str] =
    &["--guild", "1", "--channel", "2", "--room", "game", "--bot-token", "t", "--admin-token", "a"];

#[tokio::test]
async fn help_teaches_and_wrong_settings_are_named() {
    let help = bridge().arg("--help").output().await.unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert_eq!(help.status.code(), Some(0));
    for word in [
        "How to begin",
        "--guild",
        "--channel",
        "--admin-token-file",
        "--bot-token-file",
        "Exit codes",
        "developer mode",
    ] {
        assert!(text.contains(word), "{word}");
    }
    for (change, why) in [
        (&["--guild", "den"][..], "--guild \"den\" is no id of Discord"),
        (&["--channel", "0"], "--channel \"0\""),
        (&["--room", "a room"], "--room \"a room\" is no id"),
        (&["--places", "0"], "--places"),
        (&["--refresh", "often"], "--refresh \"often\""),
        (&["--url", "parlor.example.org"], "--url"),
        (&["--gateway", "https://discord.example"], "--gateway"),
        (&["--bot-token-file", "/nowhere/to/be/found"], "/nowhere/to/be/found can't be read"),
    ] {
        let kept = GOOD.chunks(2).filter(|pair| pair[0] != change[0]).flatten();
        let (code, said) = Bridge::of({
            let mut command = bridge();
            command.args(kept).args(change);
            command
        })
        .ended()
        .await;
        assert_eq!(code, Some(2), "{change:?}: {said}");
        assert!(said.contains(why), "{change:?}: {said}");
    }
    for at in 0..GOOD.len() / 2 {
        let kept = GOOD.chunks(2).enumerate().filter(|(n, _)| *n != at).flat_map(|(_, pair)| pair);
        let mut command = bridge();
        command.args(kept);
        let (code, said) = Bridge::of(command).ended().await;
        assert_eq!(code, Some(2));
        assert!(said.contains("is needed"), "{said}");
    }
}

#[tokio::test]
async fn settings_come_from_a_file_too_and_a_wrong_admin_token_is_an_error_at_start() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("bot.token"), format!("{}\n", crate::double::BOT_TOKEN)).unwrap();
    std::fs::write(path("admin.token"), "not-this-servers-admin-token\n").unwrap();
    let file = format!(
        "guild = '4000'\nchannel = '5001'\nroom = 'game'\nurl = 'http://{}'\ngateway = 'ws://{}'\n\
         bot-token-file = '{}'\nadmin-token-file = '{}'\nlog-format = 'json'\n",
        parlor.addr,
        discord.addr,
        path("bot.token").display(),
        path("admin.token").display()
    );
    std::fs::write(path("bridge.toml"), file).unwrap();
    let mut command = bridge();
    command.arg("--config").arg(path("bridge.toml"));
    let (code, said) = Bridge::of(command).ended().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("401: that is not this server's admin token"), "{said}");
    assert!(said.starts_with('{'), "the log is JSON: {said}");
}
