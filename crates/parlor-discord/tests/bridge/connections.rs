//! What may happen to the connections to Discord and to parlor, and that nobody is on the roster or off it for that.

use crate::double::{Discord, OTHER_VOICE, VOICE};
use crate::support::{Bridge, Parlor};

#[tokio::test]
async fn gp_07_what_was_missed_while_cut_off_is_told_by_the_resume() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let mut bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    discord.set_down(true);
    discord.cut();
    discord.moves(12, VOICE);
    discord.moves(13, VOICE);
    discord.moves(11, None);
    discord.set_down(false);
    parlor.has(&[12, 13], &[]).await;
    bridge.line("nothing was missed").await;
    let counts = discord.counts();
    assert_eq!((counts.identifies, counts.failed_resumes), (1, 0));
    // And it goes on.
    discord.moves(14, VOICE);
    parlor.has(&[12, 13, 14], &[]).await;
}

#[tokio::test]
async fn gp_07_after_a_resume_that_fails_the_snapshot_is_the_truth() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    for user in [15, 14, 13, 12, 11] {
        discord.moves(user, VOICE);
    }
    let _bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11, 12, 13, 14], &[15]).await;
    discord.moves(16, VOICE);
    parlor.has(&[11, 12, 13, 14], &[15, 16]).await;
    discord.set_down(true);
    discord.cut();
    // Nobody will ever tell of these.
    for (user, channel) in [(11, None), (13, Some(OTHER_VOICE)), (10, Some(VOICE))] {
        discord.moves(user, channel);
    }
    discord.forget();
    discord.set_down(false);
    // Who was there keeps their turn, although the snapshot names 10 first.
    parlor.has(&[12, 14, 15, 16], &[10]).await;
    let counts = discord.counts();
    assert_eq!((counts.identifies, counts.failed_resumes), (2, 1));
    discord.moves(12, None);
    parlor.has(&[14, 15, 16, 10], &[]).await;
}

#[tokio::test]
async fn gp_07_reconnects_and_invalid_sessions_are_followed() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let _bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    discord.resumed_after("a resume after opcode 7", Discord::reconnect).await;
    discord.moves(12, VOICE);
    parlor.has(&[11, 12], &[]).await;
    discord.resumed_after("a resume after opcode 9", |discord| discord.invalidate(true)).await;
    discord.moves(13, VOICE);
    parlor.has(&[11, 12, 13], &[]).await;
    // Closed with a code that lets one resume.
    discord.resumed_after("a resume after a close", |discord| discord.close(4000)).await;
    discord.invalidate(false);
    discord.moves(11, None);
    discord.until("another identify", |counts| counts.identifies == 2).await;
    discord.moves(14, VOICE);
    parlor.has(&[12, 13, 14], &[]).await;
}

#[tokio::test]
async fn gp_07_heartbeats_are_sent_and_a_connection_that_does_not_answer_them_is_left() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let _bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    discord.until("heartbeats", |counts| counts.heartbeats > 1).await;
    discord.resumed_after("a resume elsewhere", Discord::deafen).await;
    discord.moves(12, VOICE);
    discord.moves(13, VOICE);
    parlor.has(&[11, 12, 13], &[]).await;
    assert_eq!(discord.counts().identifies, 1);
}

#[tokio::test]
async fn gp_07_while_the_guild_is_not_available_the_roster_stays() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let mut bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    discord.guild_outage();
    bridge.line("not available").await;
    parlor.has(&[11], &[]).await;
    discord.moves(12, VOICE);
    discord.guild_back();
    parlor.has(&[11, 12], &[]).await;
}

#[tokio::test]
async fn a_close_that_is_final_ends_the_bridge_with_its_reason() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    let bridge = Bridge::start_with(&discord, parlor.addr, VOICE, &["--bot-token", "wrong.bot.token"]);
    let (code, said) = bridge.ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("4004 Authentication failed."), "{said}");
    assert!(!said.contains("wrong.bot.token"), "no secret is shown");
}

#[tokio::test]
async fn gp_07_a_parlor_that_was_started_anew_is_told_all_of_it() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let mut bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    let addr = parlor.stop().await;
    discord.moves(12, VOICE);
    bridge.line("parlor does not have the roster").await;
    let parlor = Parlor::start_at(addr).await;
    parlor.has(&[11, 12], &[]).await;
    bridge.signal("TERM");
    let (code, said) = bridge.ended().await;
    assert_eq!(code, Some(0), "{said}");
    parlor.has(&[11, 12], &[]).await;
}
