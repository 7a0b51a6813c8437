//! The SOAP API (partner and enterprise): signing in, and what REST cannot do.

mod records;
mod users;
mod xml;

use axum::http::{Method, StatusCode};

use super::api::{FIRST_EVER, NEWEST, OLDEST};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use crate::{Reply, Request};
use xml::{Element, leaf};

/// The namespace of envelopes.
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Most records or ids in one call.
const MOST: usize = 200;

/// The two flavours of the API; they differ in namespaces, and in how a record says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wsdl {
    Partner,
    Enterprise,
}

impl Wsdl {
    fn namespace(self) -> &'static str {
        match self {
            Wsdl::Partner => "urn:partner.soap.sforce.com",
            Wsdl::Enterprise => "urn:enterprise.soap.sforce.com",
        }
    }

    fn fault_namespace(self) -> &'static str {
        match self {
            Wsdl::Partner => "urn:fault.partner.soap.sforce.com",
            Wsdl::Enterprise => "urn:fault.enterprise.soap.sforce.com",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Wsdl::Partner => "u",
            Wsdl::Enterprise => "c",
        }
    }
}

/// One call, understood as far as its operation.
struct Operation<'a> {
    wsdl: Wsdl,
    /// 62.
    version: u32,
    origin: &'a str,
    header: Option<&'a Element>,
    body: &'a Element,
}

/// Why a call as a whole was refused.
#[derive(Debug)]
enum Fault {
    /// The envelope or the operation is wrong.
    Client(String),
    /// The API refused: the type of the fault, its code and message.
    Api(&'static str, String, String),
}

impl Fault {
    fn api(kind: &'static str, code: &str, message: impl Into<String>) -> Fault {
        Fault::Api(kind, code.to_owned(), message.into())
    }

    fn missing(what: &str) -> Fault {
        Fault::Client(format!("Required element '{what}' missing"))
    }

    fn to_reply(&self, wsdl: Wsdl) -> Reply {
        let inner = match self {
            Fault::Client(message) => {
                let message = quick_xml::escape::escape(message.as_str());
                format!("<faultcode>soapenv:Client</faultcode><faultstring>{message}</faultstring>")
            }
            Fault::Api(kind, code, message) => {
                let message = quick_xml::escape::escape(message.as_str());
                format!(
                    "<faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>\
                     <detail><sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>{code}</sf:exceptionCode>\
                     <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail>"
                )
            }
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"{ENVELOPE}\" xmlns:sf=\"{}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>{inner}\
             </soapenv:Fault></soapenv:Body></soapenv:Envelope>",
            wsdl.fault_namespace()
        );
        Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "text/xml; charset=utf-8", text)
    }
}

/// The `version` of a path such as `62.0`.
fn version_number(version: &str) -> Option<u32> {
    let number = version.strip_suffix(".0").and_then(|text| text.parse().ok());
    number.filter(|number| (FIRST_EVER..=NEWEST).contains(number))
}

impl Org {
    /// `/services/Soap/u/62.0`, or `/c/` for the enterprise flavour.
    pub(crate) fn soap(&mut self, request: &Request, wsdl: &str, version: &str) -> Reply {
        let wsdl = if wsdl == "c" { Wsdl::Enterprise } else { Wsdl::Partner };
        if request.method != Method::POST {
            let page = "<h1>HTTP ERROR 405</h1><pre>HTTP method not supported by this URL</pre>";
            return Reply::text(StatusCode::METHOD_NOT_ALLOWED, "text/html;charset=utf-8", page);
        }
        let kind = request.header("content-type").unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("text/xml") {
            let message = format!("Unsupported content-type: {kind}. Supported ones are: [text/xml]");
            let mut reply = Fault::Client(message).to_reply(wsdl);
            reply.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return reply;
        }
        let mut reply = match self.soap_answer(request, wsdl, version) {
            Ok((operation, inner)) => {
                let usage = format!(
                    "<soapenv:Header><LimitInfoHeader><limitInfo><current>{}</current><limit>{}</limit>\
                     <type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>",
                    self.usage.count(self.now),
                    self.quirks.daily_api_requests
                );
                let text = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"{ENVELOPE}\" xmlns=\"{}\" \
                     xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{usage}<soapenv:Body>\
                     <{operation}Response>{inner}</{operation}Response></soapenv:Body></soapenv:Envelope>",
                    wsdl.namespace()
                );
                Reply::text(StatusCode::OK, "text/xml; charset=utf-8", text)
            }
            Err(fault) => fault.to_reply(wsdl),
        };
        reply.effects = std::mem::take(&mut self.effects);
        reply
    }

    /// The name of the operation and what stands in its answer.
    fn soap_answer(&mut self, request: &Request, wsdl: Wsdl, version: &str) -> Result<(String, String), Fault> {
        if request.header("soapaction").is_none() {
            return Err(Fault::Client("SOAPAction HTTP header missing".to_owned()));
        }
        let version = version_number(version).filter(|version| *version >= OLDEST).ok_or_else(|| {
            Fault::api("UnexpectedErrorFault", "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        })?;
        let malformed = || {
            let message = "The content of elements must consist of well-formed character data or markup.";
            Fault::Client(message.to_owned())
        };
        let envelope = xml::parse(&request.body).ok_or_else(malformed)?;
        if (envelope.name.as_str(), envelope.namespace.as_str()) != ("Envelope", ENVELOPE) {
            return Err(Fault::Client("Wrong namespace or name of the envelope".to_owned()));
        }
        let body = envelope.child("Body").and_then(|body| body.children.first());
        let body = body.ok_or_else(|| Fault::Client("No operation in the body of the envelope".to_owned()))?;
        let header = envelope.child("Header");
        let operation = Operation { wsdl, version, origin: &request.origin, header, body };
        if body.namespace != wsdl.namespace() {
            return Err(operation.unknown());
        }
        let inner = match body.name.as_str() {
            "login" => self.soap_login(&operation)?,
            _ => self.soap_signed_in(&operation)?,
        };
        Ok((body.name.clone(), inner))
    }

    fn soap_signed_in(&mut self, operation: &Operation<'_>) -> Result<String, Fault> {
        let session = operation.header.and_then(|header| header.child("SessionHeader"));
        let session = session.and_then(|header| header.text_of("sessionId")).unwrap_or_default();
        if !self.admit(session) {
            let message =
                "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash";
            return Err(Fault::api("UnexpectedErrorFault", "INVALID_SESSION_ID", message));
        }
        if self.usage.count(self.now) >= u64::from(self.quirks.daily_api_requests) {
            let message = "TotalRequests Limit exceeded.";
            return Err(Fault::api("ApiFault", "REQUEST_LIMIT_EXCEEDED", message));
        }
        self.usage.add(self.now);
        match operation.body.name.as_str() {
            "logout" => {
                self.sessions.end(session);
                Ok(String::new())
            }
            "getUserInfo" => Ok(self.soap_user_info()),
            "getServerTimestamp" => {
                let now = self.now.format("%Y-%m-%dT%H:%M:%S%.3fZ");
                Ok(format!("<result><timestamp>{now}</timestamp></result>"))
            }
            "convertLead" => self.soap_convert_leads(operation),
            "merge" => self.soap_merge(operation),
            "undelete" => self.soap_each_id(operation, Org::undelete),
            "emptyRecycleBin" => self.soap_each_id(operation, Org::purge_from_bin),
            _ => Err(operation.unknown()),
        }
    }
}

impl Operation<'_> {
    fn unknown(&self) -> Fault {
        let Element { name, namespace, .. } = self.body;
        Fault::Client(format!("No operation available for request {{{namespace}}}{name}"))
    }

    /// Whether one failure undoes all.
    fn all_or_none(&self) -> bool {
        self.header.and_then(|header| header.child("AllOrNoneHeader")).is_some_and(|header| header.flag("allOrNone"))
    }

    /// The children of this name; more than 200 are refused.
    fn items(&self, name: &str) -> Result<Vec<&Element>, Fault> {
        let items: Vec<&Element> = self.body.children.iter().filter(|child| child.name == name).collect();
        if items.len() > MOST {
            let message = format!("record limit reached. cannot submit more than {MOST} records in this call");
            return Err(Fault::api("ApiFault", "EXCEEDED_ID_LIMIT", message));
        }
        Ok(items)
    }
}

/// An id in the text of an element; what is no id at all is refused as a whole.
fn id_in(parent: &Element, name: &str) -> Result<Option<SfId>, ApiError> {
    parent.text_of(name).map(parse_id).transpose()
}

fn parse_id(text: &str) -> Result<SfId, ApiError> {
    SfId::parse(text).map_err(|_| ApiError::record("MALFORMED_ID", format!("malformed id {text}"), &[]))
}

/// The `errors` and `success` of one record's result.
fn outcome<T>(result: &Result<T, Failure>) -> String {
    let mut out = String::new();
    if let Err(failure) = result {
        for error in &failure.0 {
            out.push_str("<errors>");
            for field in error.fields.iter().flatten() {
                leaf(&mut out, "fields", Some(field));
            }
            leaf(&mut out, "message", Some(&error.message));
            leaf(&mut out, "statusCode", Some(error.code));
            out.push_str("</errors>");
        }
    }
    out
}

/// The session that a call names in its header.
pub(crate) fn session_of(request: &Request) -> Option<String> {
    flavour(request)?;
    let envelope = xml::parse(&request.body)?;
    envelope.child("Header")?.child("SessionHeader")?.text_of("sessionId").map(str::to_owned)
}

/// A refusal that was decided outside, as a fault; `None` for what is no SOAP call.
pub(crate) fn refusal(request: &Request, failure: &Failure) -> Option<Reply> {
    let wsdl = flavour(request)?;
    let error = failure.0.first()?;
    Some(Fault::api("UnexpectedErrorFault", error.code, error.message.clone()).to_reply(wsdl))
}

fn flavour(request: &Request) -> Option<Wsdl> {
    let rest = request.path.strip_prefix("/services/Soap/")?;
    [Wsdl::Partner, Wsdl::Enterprise].into_iter().find(|wsdl| rest.starts_with(wsdl.path()))
}
