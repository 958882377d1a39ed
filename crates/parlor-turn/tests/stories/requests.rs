//! Requests and their answers: who is let in, what is granted, what is refused with which number.

use parlor_turn::{
    ALLOCATIONS_PER_ADDRESS_MAX, ALLOCATIONS_PER_IDENTITY_MAX, CHANNELS_MAX, Client, Event, Family, Input,
    NONCE_MS, PERMISSIONS_MAX, Settings, Transport, credentials,
};
use stun_types::attribute::{
    ErrorCode, Nonce, RawAttribute, Realm, UnknownAttributes, Username, XorMappedAddress,
};
use stun_types::message::{BINDING, IntegrityAlgorithm, Message, MessageWriteExt};
use stun_types::prelude::{AttributeStaticType, MessageWrite};
use turn_types::AddressFamily;
use turn_types::attribute::{
    EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use crate::world::{Out, SECRET, World, address, answer, client, code, settings, without_log, write};

const UDP: u8 = 17;

#[test]
fn a_binding_request_is_answered_with_where_it_came_from() {
    let mut world = World::new(settings());
    for port in [1, 40_000] {
        let who = client(Transport::Udp, port);
        let request = world.plain(BINDING, &[]);
        let answer = answer(&world.input(Input::FromClient { client: who, bytes: &request }));
        let message = Message::from_bytes(&answer).unwrap();
        assert_eq!(message.as_bytes()[4..20], request[4..20], "the same transaction");
        let mapped = message.attribute::<XorMappedAddress>().unwrap();
        assert_eq!(mapped.addr(message.transaction_id()), who.remote);
    }
    assert!(world.server.ledger().is_empty(), "nobody is remembered");
}

#[test]
fn an_allocation_needs_credentials_gets_a_relay_and_the_same_answer_when_it_is_asked_again() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let signs = world.challenged(who, "ann");
    let transaction = world.transaction();
    let request = signs.sign(write(ALLOCATE, transaction, &[&RequestedTransport::new(UDP)]));
    let outs = world.input(Input::FromClient { client: who, bytes: &request });
    let relay = match &outs[0] {
        Out::Open(relay, Family::V4, false) => *relay,
        other => panic!("no relay is opened: {other:?}"),
    };
    let first = answer(&outs);
    let message = Message::from_bytes(&first).unwrap();
    let relayed = message.attribute::<XorRelayedAddress>().unwrap().addr(transaction);
    assert_eq!(relayed, address("198.41.0.4:50000"));
    assert_eq!(message.attribute::<XorMappedAddress>().unwrap().addr(transaction), who.remote);
    assert_eq!(message.attribute::<Lifetime>().unwrap().seconds(), 600);
    assert!(outs.contains(&Out::Log(Event::Allocated {
        client: who,
        identity: "ann".to_owned(),
        address: relayed
    })));
    // The answer was lost.
    assert_eq!(
        without_log(world.input(Input::FromClient { client: who, bytes: &request })),
        [Out::ToClient(who, first)]
    );
    // Another request of the same client.
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&RequestedTransport::new(UDP)]), 437);
    let ledger = world.server.ledger();
    assert_eq!((ledger.allocations, ledger.identities, ledger.routes, ledger.timers), (1, 1, 2, 1));
    // It goes as it was asked to go.
    assert_eq!(world.refresh(&signs, 0), (0, Some(0)));
    assert_eq!(world.refresh(&signs, 0).0, 437, "it is gone");
    assert!(world.server.ledger().is_empty());
    assert!(world.datagram_from(relay, address("1.2.3.4:5"), b"late").is_empty());
}

#[test]
fn a_password_by_sha_256_signs_and_is_answered_in_kind() {
    let mut world = World::new(settings());
    let mut signs = world.challenged(client(Transport::Udp, 1_000), "ann");
    signs.algorithm = IntegrityAlgorithm::Sha256;
    let answer = answer(&world.ask(&signs, ALLOCATE, &[&RequestedTransport::new(UDP)]));
    assert_eq!(code(&answer), 0);
    let algorithm = Message::from_bytes(&answer).unwrap().validate_integrity(&signs.key()).unwrap();
    assert_eq!(algorithm, IntegrityAlgorithm::Sha256);
}

#[test]
fn who_shows_nothing_the_wrong_thing_or_an_old_one_is_not_let_in() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let good = world.challenged(who, "ann");
    let wanted = RequestedTransport::new(UDP);
    let mut ask = |change: &dyn Fn(&mut crate::world::Signs)| {
        let mut signs = good.clone();
        change(&mut signs);
        world.code_of(&signs, ALLOCATE, &[&wanted])
    };
    assert_eq!(ask(&|signs| signs.credentials.password.push('x')), 401);
    assert_eq!(ask(&|signs| signs.credentials = credentials("south", "ann", good_until())), 401);
    let expired = credentials(SECRET, "ann", parlor_proto::Time::from_ms(crate::world::START_MS));
    assert_eq!(ask(&|signs| signs.credentials = expired.clone()), 401, "expired this second");
    let day_old =
        credentials(SECRET, "ann", parlor_proto::Time::from_ms(crate::world::START_MS - 86_400_000));
    assert_eq!(ask(&|signs| signs.credentials = day_old.clone()), 401, "expired a day ago");
    assert_eq!(ask(&|signs| signs.nonce = "made-up".to_owned()), 438);
    assert_eq!(ask(&|signs| signs.nonce.replace_range(20..21, "g")), 438);
    assert_eq!(ask(&|_| ()), 0, "and what is right is let in");
    // A server without a secret lets nobody in.
    let mut world = World::new(Settings { secret: String::new(), ..settings() });
    let mut signs = world.challenged(who, "ann");
    signs.credentials = credentials("", "ann", good_until());
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&wanted]), 401);
}

fn good_until() -> parlor_proto::Time {
    parlor_proto::Time::from_ms(crate::world::START_MS + 60_000)
}

#[test]
fn a_nonce_is_for_one_address_and_grows_stale_the_new_one_works() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let mut signs = world.challenged(who, "ann");
    let mut other = signs.clone();
    other.client.remote = address("9.9.9.8:1000");
    assert_eq!(world.code_of(&other, ALLOCATE, &[&RequestedTransport::new(UDP)]), 438, "stolen");
    world.pass(NONCE_MS - 1_000);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&RequestedTransport::new(UDP)]), 0);
    world.pass(1_000);
    let stale = answer(&world.ask(&signs, REFRESH, &[&Lifetime::new(600)]));
    assert_eq!(code(&stale), 438);
    signs.nonce = Message::from_bytes(&stale).unwrap().attribute::<Nonce>().unwrap().nonce().to_owned();
    assert_eq!(world.refresh(&signs, 600).0, 0);
}

#[test]
fn a_signed_request_that_lacks_something_is_a_bad_request() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let signs = world.challenged(who, "ann");
    let transaction = world.transaction();
    let mut message = write(ALLOCATE, transaction, &[&RequestedTransport::new(UDP)]);
    message.add_attribute(&Username::new(&signs.credentials.username).unwrap()).unwrap();
    message.add_attribute(&Realm::new("parlor").unwrap()).unwrap();
    message.add_message_integrity(&signs.key(), IntegrityAlgorithm::Sha1).unwrap();
    assert_eq!(code(&answer(&world.input(Input::FromClient { client: who, bytes: &message.finish() }))), 400);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[]), 400, "no transport");
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&RequestedTransport::new(UDP)]), 0);
    assert_eq!(world.code_of(&signs, CREATE_PERMISSION, &[]), 400, "no peer");
    assert_eq!(world.code_of(&signs, CHANNEL_BIND, &[]), 400, "no number");
    assert_eq!(world.bind(&signs, 0x3fff, address("1.2.3.4:5")), 400);
    assert_eq!(world.bind(&signs, 0x8000, address("1.2.3.4:5")), 400);
}

#[test]
fn what_is_not_offered_is_refused_by_its_number() {
    let mut world = World::new(Settings { has_ipv6: false, ..settings() });
    let signs = world.challenged(client(Transport::Udp, 1_000), "ann");
    let udp = RequestedTransport::new(UDP);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&RequestedTransport::new(6)]), 442, "TCP is not relayed");
    let ipv6 = RequestedAddressFamily::new(AddressFamily::IPV6);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp, &ipv6]), 440);
    let no_family = RawAttribute::new(RequestedAddressFamily::TYPE, &[9, 0, 0, 0]);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp, &no_family]), 440);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp, &EvenPort::new(true)]), 508, "no reservations");
    // DONT-FRAGMENT.
    let fragment = RawAttribute::new(0x001a.into(), &[]);
    let refused = answer(&world.ask(&signs, ALLOCATE, &[&udp, &fragment]));
    assert_eq!(code(&refused), 420);
    let unknown = Message::from_bytes(&refused).unwrap();
    assert!(unknown.attribute::<UnknownAttributes>().unwrap().has_attribute(0x001a.into()));
    let outs = world.ask(&signs, ALLOCATE, &[&udp, &EvenPort::new(false)]);
    assert!(matches!(outs[0], Out::Open(_, Family::V4, true)), "an even port: {outs:?}");
}

#[test]
fn an_allocation_of_ipv6_relays_to_ipv6_only() {
    let mut world = World::new(settings());
    let signs = world.challenged(client(Transport::Udp, 1_000), "ann");
    let ipv6 = RequestedAddressFamily::new(AddressFamily::IPV6);
    let ipv4 = RequestedAddressFamily::new(AddressFamily::IPV4);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&RequestedTransport::new(UDP), &ipv6]), 0);
    assert_eq!(world.permit(&signs, address("[2606:4700:4700::1111]:443")), 0);
    assert_eq!(world.permit(&signs, address("1.1.1.1:443")), 443);
    assert_eq!(world.permit(&signs, address("[::ffff:1.1.1.1]:443")), 403, "no way to say it differently");
    assert_eq!(world.bind(&signs, 0x4000, address("1.1.1.1:443")), 443);
    assert_eq!(world.code_of(&signs, REFRESH, &[&Lifetime::new(600), &ipv4]), 443);
    assert_eq!(world.code_of(&signs, REFRESH, &[&Lifetime::new(600), &ipv6]), 0);
}

#[test]
fn forbidden_addresses_get_neither_permission_nor_channel() {
    let mut world = World::new(settings());
    let (signs, ..) = world.allocated(client(Transport::Udp, 1_000), "ann");
    let (six, ..) = {
        let signs = world.challenged(client(Transport::Udp, 1_001), "ann");
        let ipv6 = RequestedAddressFamily::new(AddressFamily::IPV6);
        assert_eq!(world.code_of(&signs, ALLOCATE, &[&RequestedTransport::new(UDP), &ipv6]), 0);
        (signs, ())
    };
    let forbidden = [
        "0.0.0.0:1",
        "10.1.2.3:1",
        "100.64.0.1:1",
        "127.0.0.1:1",
        "169.254.169.254:80",
        "172.16.0.1:1",
        "192.0.0.1:1",
        "192.0.2.1:1",
        "192.88.99.1:1",
        "192.168.1.1:1",
        "198.18.0.1:1",
        "198.51.100.1:1",
        "203.0.113.1:1",
        "224.0.0.1:1",
        "240.0.0.1:1",
        "255.255.255.255:1",
        "[::]:1",
        "[::1]:1",
        "[::ffff:8.8.8.8]:1",
        "[64:ff9b::808:808]:1",
        "[100::1]:1",
        "[2001::1]:1",
        "[2001:db8::1]:1",
        "[2002::1]:1",
        "[3fff::1]:1",
        "[5f00::1]:1",
        "[fc00::1]:1",
        "[fe80::1]:1",
        "[fec0::1]:1",
        "[ff02::1]:1",
    ];
    for text in forbidden {
        let peer = address(text);
        let of_family = if peer.is_ipv4() { &signs } else { &six };
        assert_eq!(world.permit(of_family, peer), 403, "{text}");
        assert_eq!(world.bind(of_family, 0x4000, peer), 403, "{text}");
    }
    assert_eq!((world.server.ledger().permissions, world.server.ledger().channels), (0, 0));
    assert_eq!(world.permit(&signs, address("8.8.8.8:1")), 0);
    assert_eq!(world.bind(&signs, 0x4000, address("198.41.0.4:3478")), 403, "the server's own port");
    assert_eq!(world.bind(&signs, 0x4000, address("198.41.0.4:22")), 403, "the server's own address");
}

#[test]
fn nobody_changes_anothers_allocation() {
    let mut world = World::new(settings());
    let (signs, ..) = world.allocated(client(Transport::Udp, 1_000), "ann");
    let mut other = signs.clone();
    other.credentials = credentials(SECRET, "bob", world.now + 60_000);
    assert_eq!(world.refresh(&other, 0).0, 441);
    assert_eq!(world.permit(&other, address("1.2.3.4:5")), 441);
    assert_eq!(world.bind(&other, 0x4000, address("1.2.3.4:5")), 441);
    assert_eq!(world.server.ledger().allocations, 1);
}

#[test]
fn each_identity_has_its_share_and_all_together_have_theirs() {
    let mut world =
        World::new(Settings { allocations_per_identity_max: 2, allocations_max: 3, ..settings() });
    let (first, ..) = world.allocated(client(Transport::Udp, 1_000), "ann");
    world.allocated(client(Transport::Udp, 1_001), "ann");
    let udp = RequestedTransport::new(UDP);
    let mut signs = world.challenged(client(Transport::Udp, 1_002), "ann");
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp]), 486);
    // Newer credentials of the same identity are the same identity.
    signs.credentials = credentials(SECRET, "ann", world.now + 7_200_000);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp]), 486);
    world.allocated(client(Transport::Udp, 1_003), "bob");
    let cleo = world.challenged(client(Transport::Udp, 1_004), "cleo");
    assert_eq!(world.code_of(&cleo, ALLOCATE, &[&udp]), 508);
    world.refresh(&first, 0);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp]), 0, "a place is free again");
    const { assert!(ALLOCATIONS_PER_IDENTITY_MAX > 14 * 3, "a full mesh over three transports") };
}

#[test]
fn one_address_has_its_share_whatever_names_it_invents() {
    let mut world = World::new(settings());
    for port in (1_000..).take(ALLOCATIONS_PER_ADDRESS_MAX) {
        world.allocated(client(Transport::Udp, port), &format!("guest-{port}"));
    }
    let udp = RequestedTransport::new(UDP);
    let one_more = world.challenged(client(Transport::Udp, 999), "somebody");
    assert_eq!(world.code_of(&one_more, ALLOCATE, &[&udp]), 486);
    let neighbour = Client { remote: address("198.51.100.77:999"), ..client(Transport::Udp, 999) };
    let elsewhere = world.challenged(neighbour, "somebody");
    assert_eq!(world.code_of(&elsewhere, ALLOCATE, &[&udp]), 0, "others are not concerned");
}

#[test]
fn permissions_and_channels_are_bounded() {
    let mut world = World::new(settings());
    let (signs, ..) = world.allocated(client(Transport::Udp, 1_000), "ann");
    let peer = |n: usize| address(&format!("1.2.{}.{}:5", n / 200, n % 200));
    for n in 0..PERMISSIONS_MAX {
        assert_eq!(world.permit(&signs, peer(n)), 0);
    }
    assert_eq!(world.permit(&signs, peer(PERMISSIONS_MAX)), 508);
    assert_eq!(world.permit(&signs, peer(0)), 0, "what is there can be renewed");
    assert_eq!(world.bind(&signs, 0x4000, peer(PERMISSIONS_MAX)), 508, "a channel is a permission as well");
    for (n, number) in (0..CHANNELS_MAX).zip(0x4000..) {
        assert_eq!(world.bind(&signs, number, peer(n)), 0);
    }
    assert_eq!(world.bind(&signs, 0x4fff, address("1.2.0.0:6")), 508);
    let ledger = world.server.ledger();
    assert_eq!((ledger.permissions, ledger.channels), (PERMISSIONS_MAX, CHANNELS_MAX));
}

#[test]
fn a_channel_leads_to_one_peer_and_a_peer_has_one_channel() {
    let mut world = World::new(settings());
    let (signs, ..) = world.allocated(client(Transport::Udp, 1_000), "ann");
    assert_eq!(world.bind(&signs, 0x4000, address("1.2.3.4:5")), 0);
    assert_eq!(world.bind(&signs, 0x4000, address("1.2.3.4:5")), 0, "again");
    assert_eq!(world.bind(&signs, 0x4000, address("1.2.3.4:6")), 400);
    assert_eq!(world.bind(&signs, 0x4001, address("1.2.3.4:5")), 400);
    assert_eq!(world.bind(&signs, 0x7fff, address("1.2.3.4:6")), 0, "as in RFC 5766");
}

#[test]
fn lifetimes_are_bounded_and_what_is_not_refreshed_ends() {
    let mut world = World::new(settings());
    let (signs, relay, relayed) = world.allocated(client(Transport::Tcp, 1_000), "ann");
    for (wanted, given) in [(1, 600), (700, 700), (1_000_000, 3_600), (600, 600)] {
        assert_eq!(world.refresh(&signs, wanted), (0, Some(given)), "{wanted}");
    }
    world.permit(&signs, address("1.2.3.4:5"));
    world.bind(&signs, 0x4000, address("1.2.3.4:6"));
    assert!(world.pass(599_999).is_empty(), "permissions end in silence");
    assert_eq!(world.server.ledger().allocations, 1);
    let outs = world.pass(1);
    let freed = Event::Freed { client: signs.client, address: relayed, datagrams: 0, bytes: 0 };
    assert_eq!(outs, [Out::Log(freed), Out::Close(relay)]);
    assert!(world.server.ledger().is_empty());
}

/// Credentials say how long allocations may be made: what is there stays as long as it is refreshed.
#[test]
fn an_allocation_outlives_its_credentials_and_no_other_is_made_with_them() {
    let mut world = World::new(settings());
    let mut signs = world.challenged(client(Transport::Udp, 1_000), "ann");
    signs.credentials = credentials(SECRET, "ann", world.now + 30_000);
    let udp = RequestedTransport::new(UDP);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp]), 0);
    world.pass(60_000);
    assert_eq!(world.refresh(&signs, 600).0, 0);
    let other = crate::world::Signs { client: client(Transport::Udp, 1_001), ..signs };
    assert_eq!(world.code_of(&other, ALLOCATE, &[&udp]), 401);
}

#[test]
fn a_socket_that_cant_be_opened_is_told_and_leaves_nothing() {
    let mut world = World::new(settings());
    world.has_sockets = false;
    let signs = world.challenged(client(Transport::Udp, 1_000), "ann");
    let refused = answer(&world.ask(&signs, ALLOCATE, &[&RequestedTransport::new(UDP)]));
    assert_eq!(code(&refused), 508);
    assert_eq!(ErrorCode::INSUFFICIENT_CAPACITY, 508);
    assert!(world.server.ledger().is_empty());
}

#[test]
fn who_may_have_no_relays_now_is_refused_and_asks_again_later() {
    let mut world = World::new(settings());
    world.not_allowed = Some("ann".to_owned());
    let signs = world.challenged(client(Transport::Udp, 1_000), "ann");
    let udp = RequestedTransport::new(UDP);
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp]), 403);
    assert!(world.server.ledger().is_empty(), "nothing is held for them");
    world.allocated(client(Transport::Udp, 1_001), "bob");
    world.not_allowed = None;
    assert_eq!(world.code_of(&signs, ALLOCATE, &[&udp]), 0);
}
