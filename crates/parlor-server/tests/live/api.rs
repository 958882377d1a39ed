//! The admin API over real sockets: its paths, its description, its problems, and what it does to those in a room.

use std::collections::BTreeSet;

use parlor_server::{AdminToken, Config};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, config};

/// A server with an admin API.
async fn start() -> Server {
    let admin_token = Some(AdminToken::new(SECRET).unwrap());
    Server::start(Config { admin_token, ..config() }).await
}

const SECRET: &str = "an-admin-token-for-tests";

/// A request with these headers and that body.
async fn raw(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let (addr, length) = (server.addr, body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    server.request(&request).await
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n")
}

/// A request of the operator's.
async fn ask(server: &Server, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = raw(server, method, &format!("/api/v1{path}"), &bearer(SECRET), &body).await;
    (answer.status, parsed(&answer))
}

/// The body of an answer, whose kind and headers fit its status.
fn parsed(answer: &Answer) -> Value {
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    if answer.status == 204 {
        assert!(answer.body.is_empty());
        return Value::Null;
    }
    let value: Value = serde_json::from_slice(&answer.body).unwrap();
    let kind = answer.header("content-type").unwrap();
    if answer.status < 400 {
        assert_eq!(kind, "application/json");
    } else {
        assert_eq!(kind, "application/problem+json");
        assert_eq!((&value["status"], &value["type"]), (&json!(answer.status), &json!("about:blank")));
        for member in ["title", "detail", "code"] {
            assert!(!value[member].as_str().unwrap().is_empty(), "{value}");
        }
    }
    value
}

async fn description(server: &Server) -> Value {
    let answer = server.get("/api/v1/openapi.json").await;
    assert_eq!(answer.status, 200);
    parsed(&answer)
}

/// Checks a body against what the description says of it.
fn assert_fits(description: &Value, method: &str, path: &str, status: u16, body: &Value) {
    let operation = &description["paths"][path][method.to_lowercase()];
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{method} {path} answers {status}, the description does not say so");
    let Some(content) = response["content"].as_object() else {
        assert!(body.is_null() || path == "/openapi.json", "{method} {path} {status}: {body}");
        return;
    };
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    if path == "/openapi.json" {
        return;
    }
    let reference = content[kind]["schema"]["$ref"].as_str().unwrap();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": reference,
        "components": description["components"],
    });
    if let Err(error) = jsonschema::validator_for(&schema).unwrap().validate(body) {
        panic!("{method} {path} {status}: {error}\n{body}");
    }
    let name = reference.rsplit('/').next().unwrap();
    let known = description["components"]["schemas"][name]["properties"].as_object().unwrap();
    for member in body.as_object().unwrap().keys() {
        assert!(known.contains_key(member), "{name} does not say that there is {member}");
    }
}

/// In order, each with what is expected: method, path as described, path as asked, body, status.
fn story() -> Vec<(&'static str, &'static str, &'static str, Value, u16)> {
    let den = || json!({"id": "den", "name": "Den", "capacity": 2, "topology": "mesh", "listed": false});
    let roster = || json!({"members": ["ada", "bob"], "waiting": ["cat"]});
    vec![
        ("GET", "/openapi.json", "/openapi.json", Value::Null, 200),
        ("GET", "/rooms", "/rooms", Value::Null, 200),
        ("POST", "/rooms", "/rooms", den(), 201),
        ("POST", "/rooms", "/rooms", den(), 409),
        ("POST", "/rooms", "/rooms", json!({"name": "Second", "roster": roster()}), 201),
        ("POST", "/rooms", "/rooms", json!({"name": "Third", "capacity": 0}), 422),
        ("POST", "/rooms", "/rooms", json!({"name": "Third", "capacity": 1, "roster": roster()}), 422),
        ("POST", "/rooms", "/rooms", json!({"name": "Third", "colour": "red"}), 422),
        ("POST", "/rooms", "/rooms", json!({"name": "", "id": "third"}), 422),
        ("POST", "/rooms", "/rooms", json!([]), 422),
        ("GET", "/rooms", "/rooms?limit=1", Value::Null, 200),
        ("GET", "/rooms", "/rooms?after=den", Value::Null, 200),
        ("GET", "/rooms", "/rooms?after=gone", Value::Null, 404),
        ("GET", "/rooms", "/rooms?limit=many", Value::Null, 400),
        ("GET", "/rooms/{id}", "/rooms/den", Value::Null, 200),
        ("GET", "/rooms/{id}", "/rooms/gone", Value::Null, 404),
        ("GET", "/rooms/{id}", "/rooms/not%20an%20id", Value::Null, 404),
        ("GET", "/rooms/{id}", "/rooms/%ff", Value::Null, 404),
        ("GET", "/rooms/{id}/participants", "/rooms/den/participants", Value::Null, 200),
        ("GET", "/rooms/{id}/participants", "/rooms/gone/participants", Value::Null, 404),
        ("DELETE", "/rooms/{id}/participants/{userId}", "/rooms/den/participants/dan", Value::Null, 404),
        ("DELETE", "/rooms/{id}/participants/{userId}", "/rooms/den/participants/eve", Value::Null, 204),
        ("GET", "/rooms/{id}/roster", "/rooms/den/roster", Value::Null, 404),
        ("PUT", "/rooms/{id}/roster", "/rooms/gone/roster", roster(), 404),
        ("PUT", "/rooms/{id}/roster", "/rooms/den/roster", json!({"members": ["a", "b", "c"]}), 422),
        ("PUT", "/rooms/{id}/roster", "/rooms/den/roster", json!({"members": ["hub"]}), 422),
        ("PUT", "/rooms/{id}/roster", "/rooms/den/roster", json!({"members": ["a b"]}), 422),
        ("PUT", "/rooms/{id}/roster", "/rooms/den/roster", json!({"waiting": []}), 422),
        ("PUT", "/rooms/{id}/roster", "/rooms/den/roster", roster(), 200),
        ("GET", "/rooms/{id}/roster", "/rooms/den/roster", Value::Null, 200),
        ("DELETE", "/rooms/{id}/roster", "/rooms/den/roster", Value::Null, 204),
        ("DELETE", "/rooms/{id}/roster", "/rooms/den/roster", Value::Null, 404),
        ("POST", "/tokens", "/tokens", json!({"userId": "ada", "room": "den", "ttl": 60}), 201),
        ("POST", "/tokens", "/tokens", json!({"userId": "ada"}), 201),
        ("POST", "/tokens", "/tokens", json!({"userId": "ada", "ttl": 0}), 422),
        ("POST", "/tokens", "/tokens", json!({"userId": "hub"}), 422),
        ("POST", "/tokens", "/tokens", json!({"room": "den"}), 422),
        ("DELETE", "/rooms/{id}", "/rooms/den", Value::Null, 204),
        ("DELETE", "/rooms/{id}", "/rooms/den", Value::Null, 404),
    ]
}

#[tokio::test]
async fn each_path_does_what_its_description_says_and_is_described() {
    let server = start().await;
    let description = description(&server).await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."), "{description}");
    assert_eq!(description["servers"], json!([{"url": "/api/v1"}]));
    let mut asked = BTreeSet::new();
    let mut _eve: Option<Client> = None;
    for (method, path, target, body, status) in story() {
        let (got, answer) = ask(&server, method, target, body).await;
        assert_eq!(got, status, "{method} {target}: {answer}");
        assert_fits(&description, method, path, status, &answer);
        asked.insert(format!("{method} {path}"));
        if (method, path, status) == ("GET", "/rooms/{id}", 200) {
            _eve = Some(server.in_room("eve", "den").await);
        }
    }
    let mut described = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            described.insert(format!("{} {path}", method.to_uppercase()));
            assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{operation}");
        }
    }
    assert_eq!(asked, described);
}

#[tokio::test]
async fn rooms_are_told_a_page_at_a_time() {
    let server = start().await;
    for id in ["a", "b", "c"] {
        assert_eq!(ask(&server, "POST", "/rooms", json!({"id": id, "name": id})).await.0, 201);
    }
    let (_, page) = ask(&server, "GET", "/rooms?limit=2", Value::Null).await;
    let ids = |page: &Value| -> Vec<String> {
        let rooms = page["rooms"].as_array().unwrap().iter();
        rooms.map(|room| room["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids(&page), &page["next"]), (vec!["a".to_owned(), "b".to_owned()], &json!("b")));
    let (_, page) = ask(&server, "GET", "/rooms?limit=2&after=b", Value::Null).await;
    assert_eq!((ids(&page), page.get("next")), (vec!["c".to_owned()], None));
}

#[tokio::test]
async fn without_an_admin_token_the_api_is_off_and_says_so() {
    let server = Server::start(config()).await;
    let described = start().await;
    let description = description(&described).await;
    for path in ["/rooms", "/openapi.json", "/nothing"] {
        let answer = raw(&server, "GET", &format!("/api/v1{path}"), &bearer(""), "").await;
        assert_eq!(answer.status, 503);
        let problem = parsed(&answer);
        assert_eq!(problem["code"], "api-off");
        if path == "/rooms" {
            assert_fits(&description, "GET", path, 503, &problem);
        }
        assert!(problem["detail"].as_str().unwrap().contains("--admin-token-file"));
    }
}

#[tokio::test]
async fn only_who_shows_the_token_may_ask() {
    let server = start().await;
    let longer = format!("{SECRET}x");
    let wrong = [
        String::new(),
        bearer(""),
        bearer(&SECRET[1..]),
        bearer(&longer),
        format!("Authorization: Basic {SECRET}\r\n"),
        format!("Authorization: {SECRET}\r\n"),
        "Authorization: Bearer \u{e9}\r\n".to_owned(),
    ];
    for headers in wrong {
        for (method, path) in
            [("GET", "/rooms"), ("DELETE", "/rooms/den"), ("GET", "/nothing"), ("PUT", "/rooms")]
        {
            let answer = raw(&server, method, &format!("/api/v1{path}"), &headers, "").await;
            assert_eq!(answer.status, 401, "{headers}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert_eq!(parsed(&answer)["code"], "unauthorized");
        }
    }
    let lower = format!("authorization: bearer   {SECRET}\r\n");
    assert_eq!(raw(&server, "GET", "/api/v1/rooms", &lower, "").await.status, 200);
}

#[test]
fn an_admin_token_can_not_be_guessed_and_is_not_shown() {
    for text in ["", "   ", "fifteen-letters", "sixteen letters!!", "sixteen-lettersé"] {
        assert!(AdminToken::new(text).is_err(), "{text}");
    }
    let token = AdminToken::new("  sixteen-letters!\n").unwrap();
    assert_eq!(token, AdminToken::new("sixteen-letters!").unwrap());
    assert_eq!(format!("{token:?}"), "AdminToken(secret)");
}

#[tokio::test]
async fn each_error_is_a_problem() {
    let server = start().await;
    let json = bearer(SECRET);
    let plain = format!("Authorization: Bearer {SECRET}\r\nContent-Type: text/plain\r\n");
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(256 * 1024));
    let deep = "[".repeat(100_000);
    let description = description(&server).await;
    for (method, path, headers, body, status, code) in [
        ("GET", "/nothing", &json, "", 404, "no-route"),
        ("GET", "", &json, "", 404, "no-route"),
        ("GET", "/rooms/den/participants/ada/more", &json, "", 404, "no-route"),
        ("PATCH", "/rooms", &json, "", 405, "wrong-method"),
        ("POST", "/rooms/den/roster", &json, "{}", 405, "wrong-method"),
        ("POST", "/rooms", &json, "", 400, "bad-message"),
        ("POST", "/rooms", &json, "{\"name\": ", 400, "bad-message"),
        ("POST", "/rooms", &json, "\u{0}", 400, "bad-message"),
        ("POST", "/rooms", &json, &deep, 400, "bad-message"),
        ("POST", "/rooms", &json, &large, 413, "too-large"),
        ("POST", "/rooms", &plain, "{\"name\": \"a\"}", 415, "wrong-type"),
        ("PUT", "/rooms/den/roster", &plain, "{\"members\": []}", 415, "wrong-type"),
    ] {
        let answer = raw(&server, method, &format!("/api/v1{path}"), headers, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let problem = parsed(&answer);
        assert_eq!(problem["code"], code, "{method} {path}");
        match status {
            404 => {}
            405 => assert!(answer.header("allow").is_some(), "{method} {path}"),
            _ => assert_fits(&description, method, &path.replace("den", "{id}"), status, &problem),
        }
    }
    assert_eq!(ask(&server, "GET", "/rooms", Value::Null).await.1["rooms"], json!([]), "nothing was made");
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_kept_out_here_too() {
    let server = start().await;
    let get = async |host: &str, origin: &str| {
        let request = format!(
            "GET /api/v1/rooms HTTP/1.1\r\nHost: {host}\r\n{origin}Authorization: Bearer {SECRET}\r\nConnection: close\r\n\r\n"
        );
        server.request(&request).await
    };
    let own = server.addr.to_string();
    let description = description(&server).await;
    let rebound = get("evil.example", "").await;
    assert_fits(&description, "GET", "/rooms", 421, &parsed(&rebound));
    assert_eq!((rebound.status, parsed(&rebound)["code"].clone()), (421, json!("wrong-host")));
    let foreign = get(&own, "Origin: https://evil.example\r\n").await;
    assert_fits(&description, "GET", "/rooms", 403, &parsed(&foreign));
    assert_eq!((foreign.status, parsed(&foreign)["code"].clone()), (403, json!("forbidden")));
    assert_eq!(get(&own, &format!("Origin: http://{own}\r\n")).await.status, 200);
    // A browser asks before it sends another page's Authorization; nothing here says that it may.
    let preflight = raw(&server, "OPTIONS", "/api/v1/rooms", "", "").await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-headers")), (401, None));
}

#[tokio::test]
async fn gp_07_a_roster_decides_who_is_in_the_room() {
    let server = start().await;
    let roster = json!({"members": ["ada", "bob"], "waiting": ["cat"]});
    let body = json!({"id": "den", "name": "Den", "capacity": 2, "roster": roster});
    assert_eq!(ask(&server, "POST", "/rooms", body).await.0, 201);
    let come = async |user: &str| {
        let (_, token) =
            ask(&server, "POST", "/tokens", json!({"userId": user, "room": "den", "ttl": 60})).await;
        let mut client = server.client().await;
        client.hello(json!({"userId": user, "token": token["token"]})).await;
        client
    };
    let (mut ada, mut bob, mut cat) = (come("ada").await, come("bob").await, come("cat").await);
    let join = json!({"roomId": "den"});
    ada.send("user-joined-room", join.clone()).await;
    ada.expect("room-joined").await;
    bob.send("user-joined-room", join.clone()).await;
    bob.expect("room-joined").await;
    assert_eq!(cat.request("user-joined-room", join.clone()).await["data"]["code"], "room-full");
    let mut stranger = server.user("dan").await;
    assert_eq!(stranger.request("user-joined-room", join.clone()).await["data"]["code"], "unauthorized");

    let (status, _) = ask(&server, "PUT", "/rooms/den/roster", json!({"members": ["bob", "cat"]})).await;
    assert_eq!(status, 200);
    for client in [&mut ada, &mut bob] {
        let left = client.expect("user-left-room").await;
        assert_eq!((&left["data"]["userId"], &left["data"]["reason"]), (&json!("ada"), &json!("kicked")));
    }
    cat.send("user-joined-room", join).await;
    cat.expect("room-joined").await;
    let (_, room) = ask(&server, "GET", "/rooms/den", Value::Null).await;
    let ids: Vec<&str> =
        room["participants"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &room["roster"]), (vec!["bob", "cat"], &json!(true)));
    assert_eq!(ask(&server, "DELETE", "/rooms/den", Value::Null).await.0, 204);
    assert_eq!(cat.expect("user-left-room").await["data"]["reason"], "room-ended");
}

#[tokio::test]
async fn gp_02_a_token_takes_a_live_id_over() {
    let server = start().await;
    let mut first = server.in_room("ada", "den").await;
    let (_, token) = ask(&server, "POST", "/tokens", json!({"userId": "ada", "room": "den"})).await;
    let mut second = server.client().await;
    let refused = second.request("hello", json!({"userId": "ada", "token": "k3j2h1"})).await;
    assert_eq!(refused["data"]["code"], "unavailable-id");
    let welcome = second.hello(json!({"userId": "ada", "token": token["token"]})).await;
    assert_eq!(welcome["data"]["userId"], "ada");
    assert_eq!(first.closed().await.unwrap().0, 4001);
}
