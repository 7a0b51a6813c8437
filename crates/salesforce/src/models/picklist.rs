/// Makes an enum of a picklist's values. Values that the organisation has meanwhile added are read as `Other`, so that no
/// row is lost to them.
///
/// ```
/// salesforce::picklist! {
///     /// How far an invoice is.
///     pub enum InvoiceStatus {
///         /// Not sent yet.
///         Draft = "Draft",
///         Sent = "Sent to customer",
///     }
/// }
///
/// assert_eq!(InvoiceStatus::Sent.as_str(), "Sent to customer");
/// assert_eq!(InvoiceStatus::from("Draft"), InvoiceStatus::Draft);
/// assert_eq!(InvoiceStatus::from("Lost").to_string(), "Lost");
/// ```
#[macro_export]
macro_rules! picklist {
    (
        $(#[$doc:meta])*
        $visibility:vis enum $name:ident {
            $( $(#[$value_doc:meta])* $variant:ident = $value:literal ),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $visibility enum $name {
            $(
                #[doc = concat!("`", $value, "`")]
                $(#[$value_doc])*
                $variant,
            )*
            /// A value that was not known when this was written.
            Other(::std::string::String),
        }

        impl $name {
            /// The value as it is stored.
            #[must_use]
            $visibility fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $value, )*
                    Self::Other(value) => value,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $( $value => Self::$variant, )*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::FieldValue for $name {
            fn read<'de, D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<::std::option::Option<Self>, D::Error> {
                let value = <::std::string::String as $crate::FieldValue>::read(deserializer)?;
                ::std::result::Result::Ok(value.map(|value| Self::from(value.as_str())))
            }

            fn write<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
