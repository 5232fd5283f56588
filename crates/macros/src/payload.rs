//! What a variant records: its shape, and the serde attributes that count for it.
//!
//! Field attributes are carried over as they stand, so that serde itself judges them. Of the attributes further out
//! only those that rename fields count; the others belong to a `Serialize` of the enum's own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Field, Fields, Meta, Token, Variant};

/// The shape of a variant's payload.
pub(crate) enum Shape<'a> {
    /// No fields: `{}`.
    Empty,
    /// Named fields: an object of them.
    Object(Vec<&'a Field>),
    /// One unnamed field: its own JSON, which must be an object.
    Inner(&'a Field),
}

impl<'a> Shape<'a> {
    pub(crate) fn of(variant: &'a Variant) -> syn::Result<Self> {
        match &variant.fields {
            Fields::Unit => Ok(Self::Empty),
            Fields::Named(fields) => Ok(Self::Object(fields.named.iter().collect())),
            Fields::Unnamed(fields) => match fields.unnamed.first() {
                Some(field) if fields.unnamed.len() == 1 => Ok(Self::Inner(field)),
                _ => Err(syn::Error::new_spanned(
                    &variant.fields,
                    format!(
                        "a payload is a JSON object, whose fields need names: write {} {{ name: Type, … }}, or \
                         hold one struct in the variant",
                        variant.ident
                    ),
                )),
            },
        }
    }
}

/// The `#[serde(…)]` attributes among `attributes`.
pub(crate) fn serde_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("serde"))
}

/// `#[serde(rename_all = …)]` for a variant's fields, from `#[serde(<key> = …)]` among `attributes`.
pub(crate) fn rename_all(attributes: &[Attribute], key: &str) -> syn::Result<Option<TokenStream>> {
    for attribute in serde_attributes(attributes) {
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            match meta {
                Meta::NameValue(rule) if rule.path.is_ident(key) => {
                    let value = rule.value;
                    return Ok(Some(quote!(#[serde(rename_all = #value)])));
                }
                Meta::List(rule) if rule.path.is_ident(key) => {
                    let rules = rule.tokens;
                    return Ok(Some(quote!(#[serde(rename_all(#rules))])));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}
