//! What can go wrong whatever the path, as OpenAPI says it. What is a path's own stands beside that path.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi, Ref, ResponseBuilder};

/// With any request.
const ANYWHERE: [(&str, &str); 3] = [
    ("403", "A page asked that is of another origin than the server knows"),
    ("421", "The server does not go by that name (`wrong-host`)"),
    ("503", "The admin API is off (`api-off`), or the server has no place, or stops"),
];

/// Where the admin token is asked for.
const WITH_TOKEN: [(&str, &str); 1] = [("401", "No admin token, or a wrong one")];

/// Where there is a body.
const WITH_BODY: [(&str, &str); 4] = [
    ("400", "No JSON"),
    ("408", "The body did not come in time"),
    ("413", "The body is too large, or not all of it came"),
    ("415", "The body is not said to be JSON (`wrong-type`)"),
];

/// Adds them to every path.
pub(super) fn describe(description: &mut OpenApi) {
    for path in description.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            add(operation, &ANYWHERE);
            // Only what needs none says anything of its own.
            if operation.security.is_none() {
                add(operation, &WITH_TOKEN);
            }
            if operation.request_body.is_some() {
                add(operation, &WITH_BODY);
            }
        }
    }
}

fn add(operation: &mut Operation, failures: &[(&str, &str)]) {
    for (status, text) in failures {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        let response =
            ResponseBuilder::new().description(*text).content("application/problem+json", content).build();
        operation.responses.responses.entry((*status).to_owned()).or_insert(response.into());
    }
}
