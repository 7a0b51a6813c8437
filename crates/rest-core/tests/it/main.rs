//! Behaviour of the whole pipeline: against a scripted transport under paused time, and against real loopback sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod auth;
mod bodies;
mod decode;
mod limits;
mod origin;
mod retry;
mod secrets;
mod sockets;
mod support;
mod waits;
