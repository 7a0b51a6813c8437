//! The recycle bin: REST puts records in; only SOAP takes them out or empties it.

use rest_core::Result;

use super::{Writer, required};
use crate::{AnyId, Salesforce};

impl Salesforce {
    /// Takes records out of the recycle bin, with everything that went there along with them. One result per id in the same
    /// order; calls of 200. A merged record does not come back.
    ///
    /// A result of kind [`ErrorKind::Unknown`](crate::ErrorKind::Unknown) means that the record may be back.
    pub async fn undelete(&self, ids: &[AnyId]) -> Vec<Result<AnyId>> {
        self.soap_each(
            "bin.undelete",
            "undeleteResponse",
            ids,
            |ids| body("undelete", ids),
            |reply, result| required(reply, result, "id"),
        )
        .await
    }

    /// Removes records in the recycle bin for good. What went there along with another record cannot be named on its own.
    /// One result per id in the same order; calls of 200.
    pub async fn empty_recycle_bin(&self, ids: &[AnyId]) -> Vec<Result<AnyId>> {
        const RESPONSE: &str = "emptyRecycleBinResponse";
        self.soap_each(
            "bin.empty",
            RESPONSE,
            ids,
            |ids| body("emptyRecycleBin", ids),
            |reply, result| required(reply, result, "id"),
        )
        .await
    }
}

fn body(operation: &str, ids: &[AnyId]) -> Writer {
    let mut body = Writer::default();
    body.element(operation, |inner| ids.iter().for_each(|id| inner.text("ids", id.as_str())));
    body
}
