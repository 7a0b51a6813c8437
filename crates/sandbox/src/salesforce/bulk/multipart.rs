//! The one multipart body of the API: a job's description and its data together.

/// The `job` and `content` parts of a multipart body.
pub(super) fn parts<'a>(content_type: &str, body: &'a str) -> Option<(&'a str, &'a str)> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    if boundary.is_empty() {
        return None;
    }
    let delimiter = format!("--{boundary}");
    let (mut job, mut content) = (None, None);
    for part in body.split(delimiter.as_str()).skip(1) {
        if part.starts_with("--") {
            break;
        }
        let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
        let (headers, data) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let data = data.strip_suffix("\r\n").or_else(|| data.strip_suffix('\n')).unwrap_or(data);
        let disposition = headers.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition"))?;
        if disposition.contains("name=\"job\"") {
            job = Some(data);
        } else if disposition.contains("name=\"content\"") {
            content = Some(data);
        }
    }
    job.zip(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_found() {
        let body = "--BOUND\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{\"a\":1}\r\n--BOUND\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nA,B\n1,2\n\r\n--BOUND--\r\n";
        assert_eq!(parts("multipart/form-data; boundary=BOUND", body), Some(("{\"a\":1}", "A,B\n1,2\n")));
        for bad in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=OTHER"] {
            assert_eq!(parts(bad, body), None, "{bad}");
        }
    }
}
