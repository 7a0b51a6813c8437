//! Requests that bring the bytes of a field as a part of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::errors::ApiError;
use super::write::Fields;

/// The fields of a create that came as `multipart/form-data`: a part of JSON, and parts of bytes named like their fields.
pub(crate) fn fields_of_parts(content_type: &str, body: &[u8]) -> Result<Fields, ApiError> {
    let broken = |what: &str| ApiError::request("INVALID_MULTIPART_REQUEST", what);
    let boundary = parameter(content_type, "boundary").ok_or_else(|| broken("the boundary is missing"))?;
    let mut fields: Option<Fields> = None;
    let mut blobs = Vec::new();
    for part in parts(body, &boundary).ok_or_else(|| broken("a part does not end with the boundary"))? {
        let (head, content) = split_head(part).ok_or_else(|| broken("a part has no headers"))?;
        let head = String::from_utf8_lossy(head);
        let header = |wanted: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
        };
        let disposition = header("content-disposition").ok_or_else(|| broken("a part has no Content-Disposition"))?;
        let is_json = header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        if is_json && fields.is_none() {
            let json = serde_json::from_slice(content).map_err(|error| ApiError::parser(error.to_string()))?;
            let Json::Object(members) = json else {
                return Err(broken("the part of JSON is no object"));
            };
            fields = Some(members);
        } else {
            let name = parameter(&disposition, "name").ok_or_else(|| broken("a part has no name"))?;
            parameter(&disposition, "filename").ok_or_else(|| broken("a part of bytes has no filename"))?;
            blobs.push((name, STANDARD.encode(content)));
        }
    }
    let mut fields = fields.ok_or_else(|| broken("there is no part of JSON"))?;
    fields.extend(blobs.into_iter().map(|(name, text)| (name, Json::from(text))));
    Ok(fields)
}

/// `name="value"` or `name=value` in a header.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut parameters = header.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
    let (_, value) = parameters.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    let value = value.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// What stands between the boundaries. `None` if the closing one is missing.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<&'a [u8]>> {
    let mark = format!("--{boundary}");
    let mut rest = &body[find(body, mark.as_bytes())? + mark.len()..];
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let start = find(rest, b"\r\n").filter(|at| *at == 0)? + 2;
        let end = find(&rest[start..], format!("\r\n{mark}").as_bytes())? + start;
        parts.push(&rest[start..end]);
        rest = &rest[end + 2 + mark.len()..];
    }
    Some(parts)
}

fn split_head(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = find(part, b"\r\n\r\n")?;
    Some((&part[..end], &part[end + 4..]))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len().max(1)).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"b0\"";

    #[test]
    fn parts_are_told_apart_whatever_they_hold() {
        let body = b"--b0\r\nContent-Disposition: form-data; name=\"entity_document\"\r\nContent-Type: application/json\r\n\r\n\
            {\"Title\":\"t\"}\r\n--b0\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"a.bin\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\x00\r\n--b\xff\r\n\r\n--b0--\r\n";
        let fields = fields_of_parts(KIND, body).unwrap();
        assert_eq!(fields["Title"], "t");
        assert_eq!(STANDARD.decode(fields["VersionData"].as_str().unwrap()).unwrap(), b"\x00\r\n--b\xff\r\n");
    }

    #[test]
    fn broken_requests_are_refused() {
        let json = "--b0\r\nContent-Disposition: form-data; name=\"x\"\r\nContent-Type: application/json\r\n\r\n{}\r\n";
        for (kind, body) in [
            ("multipart/form-data", format!("{json}--b0--")),
            (KIND, String::new()),
            (KIND, "--b0--".to_owned()),
            (KIND, json.to_owned()),
            (KIND, format!("{json}--b0\r\nContent-Disposition: form-data; name=\"VersionData\"\r\n\r\nx\r\n--b0--")),
            (KIND, "--b0\r\nno head\r\n--b0--".to_owned()),
        ] {
            fields_of_parts(kind, body.as_bytes()).expect_err(&body);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = fields_of_parts(KIND, &body);
            let framed = [b"--b0\r\n".as_slice(), &body, b"\r\n--b0--"].concat();
            let _ = fields_of_parts(KIND, &framed);
        }
    }
}
