//! What the attributes say, and the code that reads rows.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, GenericArgument, Ident, LitStr, PathArguments, Result, Type,
    Visibility,
};

/// A struct that stands for an object.
pub(crate) struct Object {
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    /// The object's API name.
    pub(crate) api: LitStr,
    prefix: Option<LitStr>,
    pub(crate) new: Option<Ident>,
    pub(crate) update: Option<Ident>,
    id: Type,
    pub(crate) members: Vec<Member>,
}

/// How a field may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    CreateOnly,
    ReadOnly,
    /// A parent or children: neither selected nor written.
    Related,
}

/// A field of the struct beside `id`.
pub(crate) struct Member {
    pub(crate) name: Ident,
    pub(crate) api: LitStr,
    /// The type inside the `Option`.
    pub(crate) kind: Type,
    pub(crate) access: Access,
    pub(crate) docs: Vec<Attribute>,
}

impl Object {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Object> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new_spanned(&input.ident, "an object is a struct with named fields"));
        };
        let Fields::Named(fields) = &data.fields else {
            return Err(Error::new_spanned(&input.ident, "an object is a struct with named fields"));
        };
        if !input.generics.params.is_empty() {
            return Err(Error::new_spanned(&input.generics, "an object's struct has no parameters"));
        }
        let (mut api, mut prefix, mut new, mut update) = (None, None, None, None);
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("salesforce")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("object") {
                    api = Some(meta.value()?.parse::<LitStr>()?);
                } else if meta.path.is_ident("prefix") {
                    prefix = Some(three_characters(meta.value()?.parse()?)?);
                } else if meta.path.is_ident("new") {
                    new = Some(meta.value()?.parse::<Ident>()?);
                } else if meta.path.is_ident("update") {
                    update = Some(meta.value()?.parse::<Ident>()?);
                } else {
                    return Err(meta.error("known here are `object`, `prefix`, `new` and `update`"));
                }
                Ok(())
            })?;
        }
        let api = api.ok_or_else(|| {
            let message = "which object is this? Add `#[salesforce(object = \"Name__c\")]`";
            Error::new_spanned(&input.ident, message)
        })?;
        if new.is_some() != update.is_some() {
            return Err(Error::new_spanned(&input.ident, "`new` and `update` come together"));
        }
        let mut id = None;
        let mut members = Vec::new();
        for field in &fields.named {
            match &field.ident {
                Some(name) if name == "id" => id = Some(field.ty.clone()),
                _ => members.push(Member::parse(field)?),
            }
        }
        let id = id.ok_or_else(|| {
            let message = format!("every record has an id: add `id: salesforce::Id<{}>`", input.ident);
            Error::new_spanned(&input.ident, message)
        })?;
        twice(&members)?;
        Ok(Object { visibility: input.vis.clone(), name: input.ident.clone(), api, prefix, new, update, id, members })
    }

    /// Reading, and the names of object and fields.
    pub(crate) fn reading(&self) -> TokenStream {
        let Object { name, api, id, .. } = self;
        let row = format_ident!("__{}Row", name);
        let names: Vec<&Ident> = self.members.iter().map(|member| &member.name).collect();
        let kinds = self.members.iter().map(|member| &member.kind);
        let apis = self.members.iter().map(|member| &member.api);
        let selected = self.members.iter().filter(|member| member.access != Access::Related).map(|member| &member.api);
        let prefix = self.prefix.as_ref().map(|prefix| {
            quote! { const KEY_PREFIX: ::core::option::Option<&'static str> = ::core::option::Option::Some(#prefix); }
        });
        quote! {
            const _: () = {
                use ::salesforce::__private::serde as serde;

                #[allow(non_camel_case_types)]
                #[derive(serde::Deserialize)]
                #[serde(crate = "::salesforce::__private::serde")]
                struct #row {
                    #[serde(rename = "Id")]
                    id: #id,
                    #(
                        #[serde(rename = #apis, default, deserialize_with = "::salesforce::__private::read")]
                        #names: ::core::option::Option<#kinds>,
                    )*
                }

                impl<'de> serde::Deserialize<'de> for #name {
                    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                        let row = <#row as serde::Deserialize>::deserialize(deserializer)?;
                        ::core::result::Result::Ok(#name { id: row.id, #( #names: row.#names, )* })
                    }
                }

                impl ::salesforce::Keyed for #name {
                    #prefix
                }

                impl ::salesforce::SObject for #name {
                    const NAME: &'static str = #api;
                    const FIELDS: &'static [&'static str] = &["Id", #( #selected, )*];
                }
            };
        }
    }
}

impl Member {
    fn parse(field: &Field) -> Result<Member> {
        let name = field.ident.clone().ok_or_else(|| Error::new_spanned(field, "every field has a name"))?;
        let (mut api, mut access) = (None, Access::Write);
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("salesforce")) {
            attribute.parse_nested_meta(|meta| {
                let mut mark = |wanted| {
                    let free = access == Access::Write;
                    access = wanted;
                    if free {
                        Ok(())
                    } else {
                        Err(meta.error("a field is one of `read_only`, `create_only`, `parent`, `children`"))
                    }
                };
                if meta.path.is_ident("field") {
                    api = Some(meta.value()?.parse::<LitStr>()?);
                } else if meta.path.is_ident("read_only") {
                    mark(Access::ReadOnly)?;
                } else if meta.path.is_ident("create_only") {
                    mark(Access::CreateOnly)?;
                } else if meta.path.is_ident("parent") || meta.path.is_ident("children") {
                    mark(Access::Related)?;
                    api = Some(meta.value()?.parse::<LitStr>()?);
                } else {
                    return Err(
                        meta.error("known here are `field`, `read_only`, `create_only`, `parent` and `children`")
                    );
                }
                Ok(())
            })?;
        }
        let kind = inside_option(&field.ty)?;
        let api = api.unwrap_or_else(|| LitStr::new(&pascal_case(&name.to_string()), name.span()));
        let docs = field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect();
        Ok(Member { name, api, kind, access, docs })
    }
}

/// The `T` of `Option<T>`.
fn inside_option(kind: &Type) -> Result<Type> {
    if let Type::Path(path) = kind
        && let Some(last) = path.path.segments.last()
        && last.ident == "Option"
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inside)) = arguments.args.first()
    {
        return Ok(inside.clone());
    }
    let message = "a field can be empty, hidden from the user or not selected: use `Option<…>`";
    Err(Error::new(kind.span(), message))
}

fn three_characters(prefix: LitStr) -> Result<LitStr> {
    let text = prefix.value();
    if text.len() == 3 && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(prefix);
    }
    Err(Error::new_spanned(prefix, "a key prefix is three letters or digits, such as \"a03\""))
}

/// Two fields of one name would read the same value twice and write it twice.
fn twice(members: &[Member]) -> Result<()> {
    for (place, member) in members.iter().enumerate() {
        let same = |other: &&Member| other.api.value().eq_ignore_ascii_case(&member.api.value());
        if let Some(other) = members.iter().take(place).find(same) {
            let message = format!("`{}` is the field {} too", other.name, other.api.value());
            return Err(Error::new(member.name.span(), message));
        }
    }
    Ok(())
}

/// `LastName` of `last_name`.
fn pascal_case(name: &str) -> String {
    let words = name.trim_start_matches("r#").split('_').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_of_the_api() {
        for (name, api) in [("last_name", "LastName"), ("id", "Id"), ("r#type", "Type"), ("product2_id", "Product2Id")]
        {
            assert_eq!(pascal_case(name), api);
        }
    }

    #[test]
    fn mistakes_are_told_in_words() {
        for (text, said) in [
            ("struct A { id: Id<A> }", "which object is this?"),
            ("#[salesforce(object = \"A\")] struct A { name: Option<String> }", "every record has an id"),
            ("#[salesforce(object = \"A\")] struct A { id: Id<A>, name: String }", "use `Option<…>`"),
            ("#[salesforce(object = \"A\", colour = \"red\")] struct A { id: Id<A> }", "known here are"),
            ("#[salesforce(object = \"A\")] enum A { B }", "a struct with named fields"),
            ("#[salesforce(object = \"A\")] struct A(Id<A>);", "a struct with named fields"),
            ("#[salesforce(object = \"A\", prefix = \"0\")] struct A { id: Id<A> }", "three letters or digits"),
            ("#[salesforce(object = \"A\", new = NewA)] struct A { id: Id<A> }", "come together"),
            (
                "#[salesforce(object = \"A\")] struct A { id: Id<A>, x: Option<bool>, #[salesforce(field = \"X\")] y: Option<bool> }",
                "is the field X too",
            ),
            (
                "#[salesforce(object = \"A\")] struct A { id: Id<A>, #[salesforce(read_only, create_only)] x: Option<bool> }",
                "a field is one of",
            ),
        ] {
            let input = syn::parse_str::<DeriveInput>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let error = Object::parse(&input).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
