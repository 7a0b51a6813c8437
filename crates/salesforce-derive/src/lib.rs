//! `#[derive(SObject)]` of the crate `salesforce`, which re-exports it under its feature `derive`.
//!
//! ```
//! use salesforce::{Id, SObject};
//!
//! #[derive(SObject)]
//! #[salesforce(object = "Van__c", new = NewVan, update = VanUpdate)]
//! struct Van {
//!     id: Id<Van>,
//!     name: Option<String>,
//!     #[salesforce(field = "Plate__c")]
//!     plate: Option<String>,
//! }
//!
//! assert_eq!((Van::NAME, Van::FIELDS), ("Van__c", &["Id", "Name", "Plate__c"][..]));
//! let new = NewVan { plate: Some("B-CR 1".into()), ..NewVan::default() };
//! assert_eq!(serde_json::to_string(&new)?, r#"{"Plate__c":"B-CR 1"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod read;
mod write;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct the rows of an object: reading, the list of its fields, and, where asked for, what creates and changes
/// its records.
///
/// On the struct: `#[salesforce(object = "Invoice__c")]`, and if wanted `prefix = "a03"` (the first characters of the
/// object's ids, so that ids of other objects are refused) and `new = NewInvoice, update = InvoiceUpdate` (the structs to
/// make for writing).
///
/// Every field is an `Option`, because an API user may not see it, and a query may not ask for it; only `id` is there
/// always. A field is called as the API calls it, in snake case (`last_name` is `LastName`), unless
/// `#[salesforce(field = "Total__c")]` names it. Fields can be `read_only` or `create_only`. A `Box` of another object's
/// struct is a parent: `#[salesforce(parent = "Account__r")]`; `Children` of one are the rows of a sub-select:
/// `#[salesforce(children = "Lines__r")]`. Neither is selected unless a query does, nor written.
#[proc_macro_derive(SObject, attributes(salesforce))]
pub fn derive_sobject(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let output = read::Object::parse(&input).map(|object| {
        let (read, write) = (object.reading(), write::writing(&object));
        quote::quote! { #read #write }
    });
    output.unwrap_or_else(syn::Error::into_compile_error).into()
}
