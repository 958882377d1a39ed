//! Who a session speaks for: `hello`, the hello that a first join implies, and sessions that come back.

use std::sync::Arc;

use parlor_proto::client::{Hello, Resume};
use parlor_proto::server::{Limits, Welcome};
use parlor_proto::{CloseCode, ErrorCode, Instance, LeaveReason, Name, ServerMessage, UserId};

use crate::io::FrameKind;
use crate::log::Event;
use crate::outbox::ReplayError;
use crate::refusal::Refusable;
use crate::registry::Registry;
use crate::session::{Identity, Link, SessionKey, Watch};
use crate::token::{Grant, TokenError};

/// Why a session does not become whom it names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HelloError {
    /// It is someone already.
    #[error("this session is {0} already")]
    SaidAlready(UserId),
    /// The identity is live elsewhere, or may come back, and the token is not for it; or it is reserved.
    #[error("{0} is in use")]
    Unavailable(UserId),
}

impl Refusable for HelloError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::SaidAlready(_) => ErrorCode::BadMessage,
            Self::Unavailable(_) => ErrorCode::UnavailableId,
        }
    }
}

/// Whom a session says it speaks for.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) user_id: Option<UserId>,
    pub(crate) user_name: Option<Name>,
    pub(crate) instance: Option<Instance>,
    /// What the token says that came along, if it was issued for that identity.
    pub(crate) proof: Result<Grant, TokenError>,
}

/// What becomes of a wish to go on.
enum Return {
    /// The old session goes on from a frame.
    GoOn(SessionKey),
    /// The old session ends, a new one has its identity.
    Replace(SessionKey),
    /// As if the wish had not been there.
    Fail,
}

impl Registry {
    pub(crate) fn on_hello(&mut self, key: SessionKey, hello: &Hello) -> Result<(), HelloError> {
        if let Some(identity) = self.sessions.identity(key) {
            return Err(HelloError::SaidAlready(identity.user_id.clone()));
        }
        let named = hello.user_id.as_ref().map(UserId::as_str);
        let proof = self.read_token(named, hello.token.as_deref());
        let mut claim = Claim {
            user_id: hello.user_id.clone(),
            user_name: hello.user_name.clone(),
            instance: hello.instance.clone(),
            proof,
        };
        if let Some(resume) = &hello.resume {
            match self.judge_return(hello, resume) {
                Return::Fail => {}
                Return::GoOn(old) => {
                    self.renew_proof(old, claim.proof);
                    self.go_on(old, key, resume.last_seq);
                    return Ok(());
                }
                Return::Replace(old) => {
                    if let Some(identity) = self.sessions.identity(old) {
                        claim.user_id.get_or_insert_with(|| identity.user_id.clone());
                        claim.user_name.get_or_insert_with(|| identity.user_name.clone());
                    }
                    let close = Some((CloseCode::Replaced, "a newer session took the place"));
                    self.end_session(old, LeaveReason::Replaced, close);
                }
            }
        }
        // A token alone says who one is.
        if let (None, Ok(grant)) = (&claim.user_id, &claim.proof) {
            claim.user_id = Some(grant.user_id.clone());
        }
        self.identify(key, claim)
    }

    /// A newer token that counts takes the place of an older one.
    fn renew_proof(&mut self, key: SessionKey, proof: Result<Grant, TokenError>) {
        let identity = self.sessions.at_mut(key).and_then(|session| session.identity.as_mut());
        if let (Some(identity), Ok(grant)) = (identity, proof)
            && grant.user_id == identity.user_id
        {
            identity.proof = Ok(grant);
        }
    }

    /// An anonymous session becomes someone, and is welcomed.
    pub(crate) fn identify(&mut self, key: SessionKey, claim: Claim) -> Result<(), HelloError> {
        let Claim { user_id, user_name, instance, proof } = claim;
        let user_id = user_id.unwrap_or_else(|| self.free_user_id());
        // It may have come with a resume that named somebody else.
        let proof = proof.and_then(|grant| grant.of(&user_id));
        if user_id.is_hub() {
            return Err(HelloError::Unavailable(user_id));
        }
        if self.peers.has_user(&user_id) {
            if proof.is_err() {
                return Err(HelloError::Unavailable(user_id));
            }
            self.replace_peer(&user_id);
        }
        if let Some(holder) = self.sessions.with_user(&user_id) {
            if proof.is_err() {
                return Err(HelloError::Unavailable(user_id));
            }
            let close = Some((CloseCode::Replaced, "somebody came with a token for this id"));
            self.end_session(holder, LeaveReason::Replaced, close);
        }
        let identity = Identity {
            user_id,
            user_name: user_name.unwrap_or_else(Name::guest),
            is_instance_ours: instance.is_none(),
            instance: instance.unwrap_or_else(|| self.entropy.instance()),
            session_id: self.entropy.session_id(),
            resume_token: self.entropy.resume_token(),
            proof,
        };
        self.outbound.log(Event::SessionStarted {
            session: identity.session_id.clone(),
            participant: identity.user_id.clone(),
        });
        self.sessions.identify(key, identity);
        self.welcome(key, false);
        Ok(())
    }

    fn free_user_id(&mut self) -> UserId {
        loop {
            let user_id = self.entropy.user_id();
            if self.sessions.with_user(&user_id).is_none() && !self.peers.has_user(&user_id) {
                return user_id;
            }
        }
    }

    fn judge_return(&self, hello: &Hello, resume: &Resume) -> Return {
        let Some(old) = self.sessions.with_token(&resume.token) else { return Return::Fail };
        let Some(session) = self.sessions.at(old) else { return Return::Fail };
        let Some(identity) = &session.identity else { return Return::Fail };
        if hello.user_id.as_ref().is_some_and(|user_id| *user_id != identity.user_id) {
            return Return::Fail;
        }
        let is_same_instance = match &hello.instance {
            Some(instance) => *instance == identity.instance,
            None => identity.is_instance_ours,
        };
        if !is_same_instance {
            return if session.link.is_suspect() { Return::Replace(old) } else { Return::Fail };
        }
        match session.outbox.after(resume.last_seq).map(|_| ()) {
            Ok(()) => Return::GoOn(old),
            Err(ReplayError::TooOld) => Return::Replace(old),
            Err(ReplayError::NeverSent) => Return::Fail,
        }
    }

    /// The old session takes the socket of the one that asked, and gets what it missed. A socket that it still had is
    /// closed; the others hear no more than that it is no longer suspect.
    fn go_on(&mut self, old: SessionKey, asking: SessionKey, last_seq: u64) {
        let Some(asking) = self.forget_session(asking) else { return };
        let Some(conn) = asking.link.conn() else { return };
        let Some(link) = self.sessions.at(old).map(|session| session.link) else { return };
        if let Some(old_conn) = link.conn() {
            self.close(old_conn, CloseCode::Replaced, "the session goes on at another socket");
        }
        self.sessions.relink(old, Link::Live(conn));
        if let Some(session) = self.sessions.at_mut(old) {
            session.on_heard(self.now);
            if asking.watch != Watch::No {
                self.watchers.insert(old, session, &self.config, self.now);
                session.watch = asking.watch;
            }
        }
        self.arm_session(old);
        self.welcome(old, true);
        let missed: Vec<Arc<str>> = match self.sessions.at(old).map(|session| session.outbox.after(last_seq))
        {
            Some(Ok(frames)) => frames.collect(),
            _ => Vec::new(),
        };
        let replayed = missed.len();
        for text in missed {
            self.outbound.send(conn, text, FrameKind::Kept);
        }
        if let Some(identity) = self.sessions.identity(old) {
            self.outbound.log(Event::SessionResumed {
                session: identity.session_id.clone(),
                participant: identity.user_id.clone(),
                replayed,
            });
        }
        if link.is_suspect() {
            self.show_suspect(old, false);
        }
        if self.sessions.at(old).is_some_and(|session| session.watch != Watch::No) {
            self.answer_list(old);
        }
    }

    /// Sent outside the numbers: it tells where they stand.
    fn welcome(&mut self, key: SessionKey, resumed: bool) {
        let ice_servers = self.fresh_ice_servers(key);
        let Some(session) = self.sessions.at(key) else { return };
        let (Some(identity), Some(conn)) = (&session.identity, session.link.conn()) else { return };
        let welcome = ServerMessage::Welcome(Box::new(Welcome {
            user_id: identity.user_id.clone(),
            user_name: identity.user_name.clone(),
            session_id: identity.session_id.as_str().to_owned(),
            resume_token: identity.resume_token.as_ref().to_owned(),
            resumed,
            last_cseq: session.last_cseq,
            protocol: 1,
            ice_servers,
            limits: Limits {
                frames_per_second: self.config.frames_per_second,
                frames_burst: self.config.frames_burst,
                rooms_per_session: u32::try_from(self.config.rooms_per_session_max).unwrap_or(u32::MAX),
                grace_ms: u32::try_from(self.config.grace_ms).unwrap_or(u32::MAX),
                ..Limits::default()
            },
        }));
        self.outbound.send(conn, welcome.encode().text(), FrameKind::Kept);
    }
}
