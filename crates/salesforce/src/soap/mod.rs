//! What only the SOAP API can do: converting leads, merging records, and the recycle bin. It uses the same session, limits
//! and errors as the rest of the client.

mod bin;
mod convert;
mod merge;
mod xml;

use std::str::FromStr;

use rest_core::{Accept, Call, Reply, Result};

use crate::error::{ApiError, record_error};
use crate::{Salesforce, VENDOR};
pub use convert::{ConvertedLead, LeadConversion};
pub use merge::{Mergeable, Merged};
use xml::Element;
pub(crate) use xml::Writer;

/// The namespace of the partner flavour, which fits every organisation.
const PARTNER: &str = "urn:partner.soap.sforce.com";
/// How many records one call takes at most.
const MOST: usize = 200;

/// A call whose body holds one operation; with a session, in its header.
pub(crate) fn call(operation: &'static str, version: &str, session: Option<&str>, body: &Writer) -> Call {
    let mut envelope = Writer::default();
    let root = "soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"";
    envelope.element(root, |envelope| {
        if let Some(session) = session {
            envelope.element("soapenv:Header", |header| {
                let name = format!("SessionHeader xmlns=\"{PARTNER}\"");
                header.element(&name, |header| header.text("sessionId", session));
            });
        }
        envelope.element(&format!("soapenv:Body xmlns=\"{PARTNER}\""), |inner| inner.append(body));
    });
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", envelope.as_str());
    Call::post(operation)
        .path(["services", "Soap", "u", version])
        .header("soapaction", "\"\"")
        .body("text/xml; charset=UTF-8", text)
        .accept(Accept::Type("text/xml"))
}

/// The `result` elements of an answer.
pub(crate) fn results(reply: &Reply, response: &str) -> Result<Vec<Element>> {
    let unreadable = || reply.decode_error(format!("the answer is not a SOAP envelope with {response}"));
    let envelope = xml::parse(&reply.body).filter(|root| root.name == "Envelope").ok_or_else(unreadable)?;
    let body = envelope.child("Body").and_then(|body| body.child(response)).ok_or_else(unreadable)?;
    Ok(body.all("result").cloned().collect())
}

/// The error in a fault: its code and message. `None` for what is no fault.
pub(crate) fn fault(body: &[u8]) -> Option<ApiError> {
    if !body.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    let envelope = xml::parse(body).filter(|root| root.name == "Envelope")?;
    let fault = envelope.child("Body")?.child("Fault")?;
    let detail = fault.child("detail").and_then(|detail| detail.children.first());
    let of_detail = |name: &str| detail.and_then(|detail| detail.text_of(name));
    let code = of_detail("exceptionCode").or_else(|| fault.text_of("faultcode")?.rsplit(':').next());
    let message = of_detail("exceptionMessage").or_else(|| fault.text_of("faultstring"));
    Some(ApiError::new(code.unwrap_or_default(), message.unwrap_or_default(), Vec::new()))
}

/// One record's result: what `read` makes of it, or why the record was refused.
fn outcome<T>(
    reply: &Reply,
    operation: &'static str,
    result: &Element,
    read: impl FnOnce(&Element) -> Result<T>,
) -> Result<T> {
    if result.text_of("success") == Some("true") {
        return read(result);
    }
    let errors: Vec<ApiError> = result
        .all("errors")
        .map(|error| {
            let text = |name: &str| error.text_of(name).unwrap_or_default();
            let fields = error.all("fields").filter_map(Element::text).map(str::to_owned).collect();
            ApiError::new(text("statusCode"), text("message"), fields)
        })
        .collect();
    if result.text_of("success").is_none() {
        return Err(reply.decode_error("a result does not say whether it is a success"));
    }
    Err(record_error(operation, &errors))
}

/// A text of a result as an id or another parsed value.
fn parsed<T: FromStr>(reply: &Reply, result: &Element, name: &str) -> Result<Option<T>> {
    let unreadable = |_| reply.decode_error(format!("{name} of a result cannot be read"));
    result.text_of(name).map(|text| text.parse().map_err(unreadable)).transpose()
}

fn required<T: FromStr>(reply: &Reply, result: &Element, name: &str) -> Result<T> {
    parsed(reply, result, name)?.ok_or_else(|| reply.decode_error(format!("a result has no {name}")))
}

impl Salesforce {
    /// Sends one operation with the session in the envelope. A session that has ended is renewed once.
    async fn soap(&self, operation: &'static str, body: &Writer) -> Result<Reply> {
        let version = self.version().to_string();
        let access = self.access(None).await?;
        let send = async |session: Option<&str>| self.send(call(operation, &version, session, body)).await;
        match send(access.bearer()).await {
            Err(error) if error.vendor_code() == Some("INVALID_SESSION_ID") && self.renewable() => {
                let renewed = self.access(Some(&access)).await?;
                send(renewed.bearer()).await
            }
            outcome => outcome,
        }
    }

    /// Does one operation for many records, in calls of 200, with one result for each in the same order. An error of a
    /// call is the result of every record in it.
    async fn soap_each<I, T>(
        &self,
        operation: &'static str,
        response: &str,
        items: &[I],
        write: impl Fn(&[I]) -> Writer,
        read: impl Fn(&Reply, &Element) -> Result<T>,
    ) -> Vec<Result<T>> {
        let mut all = Vec::with_capacity(items.len());
        for chunk in items.chunks(MOST) {
            match self.soap_chunk(operation, response, chunk.len(), &write(chunk)).await {
                Ok((reply, results)) => {
                    all.extend(results.iter().map(|result| outcome(&reply, operation, result, |it| read(&reply, it))));
                }
                Err(error) => all.extend(chunk.iter().map(|_| Err(error.clone()))),
            }
        }
        all
    }

    async fn soap_chunk(
        &self,
        operation: &'static str,
        response: &str,
        count: usize,
        body: &Writer,
    ) -> Result<(Reply, Vec<Element>)> {
        let reply = self.soap(operation, body).await.map_err(|error| error.with_vendor(VENDOR))?;
        let results = results(&reply, response)?;
        if results.len() == count {
            return Ok((reply, results));
        }
        Err(reply.decode_error(format!("the answer has {} results for {count} records", results.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rest_core::BaseUrl;

    #[test]
    fn an_envelope_carries_the_session_and_the_operation() {
        let mut body = Writer::default();
        body.element("undelete", |inner| inner.text("ids", "003\"<x>"));
        let call = call("bin.undelete", "62.0", Some("00D!a&b"), &body);
        let request = call.to_request(&BaseUrl::parse("https://h.example").unwrap()).unwrap();
        assert_eq!(request.uri(), "https://h.example/services/Soap/u/62.0");
        assert_eq!(
            (&request.headers()["soapaction"], &request.headers()["content-type"]),
            (&"\"\"".parse().unwrap(), &"text/xml; charset=UTF-8".parse().unwrap())
        );
        let root = xml::parse(request.body()).unwrap();
        let session = root.child("Header").and_then(|header| header.child("SessionHeader")).unwrap();
        assert_eq!(session.text_of("sessionId"), Some("00D!a&b"));
        let operation = root.child("Body").and_then(|body| body.child("undelete")).unwrap();
        assert_eq!(operation.text_of("ids"), Some("003\"<x>"));
    }

    #[test]
    fn faults_give_their_code_and_words() {
        let text = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>
            <faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username</faultstring>
            <detail><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>
            <sf:exceptionMessage>Invalid username</sf:exceptionMessage></sf:LoginFault></detail>
            </soapenv:Fault></soapenv:Body></soapenv:Envelope>"#;
        let error = fault(text.as_bytes()).unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("INVALID_LOGIN", "Invalid username"));
        let bare = "<e:Envelope xmlns:e=\"x\"><e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>No operation</faultstring></e:Fault></e:Body></e:Envelope>";
        let error = fault(bare.as_bytes()).unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("Client", "No operation"));
        for other in ["", "{}", "<html/>", "<Envelope><Body/></Envelope>"] {
            assert!(fault(other.as_bytes()).is_none(), "{other}");
        }
    }
}
