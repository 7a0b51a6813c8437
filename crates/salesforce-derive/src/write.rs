//! The code that writes records.

use proc_macro2::TokenStream;
use quote::quote;

use crate::read::{Access, Member, Object};

/// The structs that create and change records, if the struct asks for them.
pub(crate) fn writing(object: &Object) -> TokenStream {
    let (Some(new), Some(update)) = (&object.new, &object.update) else {
        return TokenStream::new();
    };
    let (name, visibility, api) = (&object.name, &object.visibility, object.api.value());
    let created: Vec<&Member> =
        object.members.iter().filter(|member| matches!(member.access, Access::Write | Access::CreateOnly)).collect();
    let updated: Vec<&Member> = object.members.iter().filter(|member| member.access == Access::Write).collect();
    let new_doc =
        format!("What a new {api} holds. What is `None` is left to the vendor's default. `Debug` shows no content.");
    let update_doc = format!("What changes of an {api}. What is `Keep` is left alone. `Debug` shows no content.");
    let new_fields = created.iter().map(|Member { name, kind, docs, .. }| {
        quote! { #(#docs)* pub #name: ::core::option::Option<#kind>, }
    });
    let update_fields = updated.iter().map(|Member { name, kind, docs, .. }| {
        quote! { #(#docs)* pub #name: ::salesforce::Change<#kind>, }
    });
    let put_new = created.iter().map(|Member { name, api, .. }| {
        quote! {
            if let ::core::option::Option::Some(value) = &self.#name {
                map.serialize_entry(#api, &::salesforce::__private::Written(value))?;
            }
        }
    });
    let put_update = updated.iter().map(|Member { name, api, .. }| {
        quote! {
            match &self.#name {
                ::salesforce::Change::Keep => {}
                ::salesforce::Change::Clear => map.serialize_entry(#api, &())?,
                ::salesforce::Change::Set(value) => {
                    map.serialize_entry(#api, &::salesforce::__private::Written(value))?;
                }
            }
        }
    });
    let serialize = |name: &syn::Ident, puts: Vec<TokenStream>| {
        let shown = name.to_string();
        quote! {
            impl ::salesforce::__private::serde::Serialize for #name {
                fn serialize<S: ::salesforce::__private::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    use ::salesforce::__private::serde::ser::SerializeMap as _;
                    let mut map = serializer.serialize_map(::core::option::Option::None)?;
                    #(#puts)*
                    ::salesforce::__private::put(&self.custom, &mut map)?;
                    map.end()
                }
            }

            impl ::core::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(#shown).finish_non_exhaustive()
                }
            }
        }
    };
    let serialize_new = serialize(new, put_new.collect());
    let serialize_update = serialize(update, put_update.collect());
    quote! {
        #[doc = #new_doc]
        #[derive(Clone, PartialEq, Default)]
        #visibility struct #new {
            #(#new_fields)*
            /// Fields that are not named here, by API name.
            pub custom: ::salesforce::Fields,
        }

        #[doc = #update_doc]
        #[derive(Clone, PartialEq, Default)]
        #visibility struct #update {
            #(#update_fields)*
            /// Fields that are not named here, by API name.
            pub custom: ::salesforce::Fields,
        }

        #serialize_new
        #serialize_update

        impl ::salesforce::Writable for #name {
            type New = #new;
            type Update = #update;
        }
    }
}
