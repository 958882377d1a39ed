//! Ten thousand of everything: nothing grows with what others have. Counted, not timed.

use parlor_room::Config;
use serde_json::json;

use crate::world::World;

#[test]
fn rr_11_ten_thousand_joins_and_leaves_leave_nothing() {
    let mut world = World::with(Config { empty_room_ms: 1_000, ..Config::default() });
    for round in 0..100 {
        let conns: Vec<_> = (0..100)
            .map(|n| {
                let conn = world.open();
                let room = format!("room-{}", n % 20);
                let data =
                    json!({"roomId": room, "userId": format!("p-{round}-{n}"), "create": {"name": room}});
                world.say(conn, "user-joined-room", data);
                conn
            })
            .collect();
        world.pass(20);
        for conn in conns {
            world.close_tab(conn);
        }
        world.clear();
    }
    assert_eq!(world.gauges().joins_total, 10_000);
    world.pass(2_000);
    world.assert_empty();
}
