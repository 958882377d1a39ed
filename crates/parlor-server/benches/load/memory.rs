//! Memory: many sockets that have said who they are and are silent. Measured: how much more memory is resident, for each.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::figures::Figures;
use crate::servers::{Programs, Server};
use crate::swarm::Swarm;
use crate::usage::resident_bytes;
use crate::websocket::Mask;

/// Goal of docs/measurements.md.
const BYTES_MAX: f64 = 10.0 * 1024.0;

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let sockets = scale.pick(5_000, 10);
    let hello = |number: usize| format!(r#"{{"type":"hello","data":{{"userId":"m{number}"}}}}"#);
    let server = programs.parlor();
    let bytes = each(&server, sockets, |swarm, number| {
        swarm.open(server.address, server.ws());
        swarm.send(number, &hello(number));
        swarm.expect(number, "welcome");
    });
    figures.add_with_goal(&format!("parlor, {sockets} sockets: each"), bytes, "B", BYTES_MAX);

    let server = programs.parlor();
    let bytes = each(&server, sockets, |swarm, number| {
        swarm.open(server.address, server.ws());
        swarm.send(number, &hello(number));
        let room = number / 2;
        swarm.send(
            number,
            &format!(
                r#"{{"type":"user-joined-room","data":{{"roomId":"m{room}","create":{{"name":"Room","listed":false}}}}}}"#
            ),
        );
        swarm.expect(number, "room-joined");
    });
    figures.add(&format!("parlor, {sockets} sockets in rooms of two: each"), bytes, "B");

    if let Some(server) = programs.peer_server() {
        let bytes = each(&server, sockets, |swarm, number| {
            let path = format!("/peerjs?key=peerjs&id=m{number}&token=t&version=1.5.5");
            swarm.open(server.address, &path);
            swarm.expect(number, "OPEN");
        });
        figures.add(&format!("PeerServer, {sockets} sockets: each"), bytes, "B");
    }
}

pub(crate) fn each(server: &Server, sockets: usize, mut connect: impl FnMut(&mut Swarm, usize)) -> f64 {
    let mut swarm = Swarm::new(Mask::Zero);
    let before = resident_bytes(server.process);
    for number in 0..sockets {
        connect(&mut swarm, number);
    }
    // Let the server finish what it still has to write.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(500) {
        swarm.poll(Duration::from_millis(50), |_, _| {});
    }
    (resident_bytes(server.process) as f64 - before as f64) / sockets as f64
}
