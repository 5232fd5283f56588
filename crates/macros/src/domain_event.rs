//! `#[derive(DomainEvent)]`: encoding, decoding and naming of each variant.
//!
//! Encoding goes through a serde `remote` mirror of the enum, which serialises the fields where they are: no field is
//! cloned, and `#[serde(with = …)]` sees the type that it was written for. Decoding goes through one struct a
//! variant, straight from the payload's text.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Field, Ident, LitStr};

use crate::Root;
use crate::attributes::{EnumAttributes, VariantAttributes};
use crate::payload::{Shape, rename_all, serde_attributes};

/// A variant, understood.
struct Event<'a> {
    ident: &'a Ident,
    attributes: VariantAttributes,
    shape: Shape<'a>,
    rename_all: Option<TokenStream>,
}

pub(crate) fn expand(input: &DeriveInput, root: Root) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let message = "DomainEvent is derived for an enum, with one variant an event type";
        return Err(syn::Error::new(input.ident.span(), message));
    };
    if !input.generics.params.is_empty() {
        let message = "events cannot be generic: what is recorded has one shape; write the types out";
        return Err(syn::Error::new_spanned(&input.generics, message));
    }
    let enum_attributes = EnumAttributes::read(input)?;
    let rename_all_fields = rename_all(&input.attrs, "rename_all_fields")?;
    let mut events = Vec::new();
    let mut errors = Vec::new();
    for variant in &data.variants {
        let event = || {
            Ok(Event {
                ident: &variant.ident,
                attributes: VariantAttributes::read(variant, &enum_attributes.prefix)?,
                shape: Shape::of(variant)?,
                rename_all: rename_all(&variant.attrs, "rename_all")?.or_else(|| rename_all_fields.clone()),
            })
        };
        match event() {
            Ok(event) => events.push(event),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(duplicate_names(&events));
    if data.variants.is_empty() {
        errors.push(syn::Error::new(input.ident.span(), "an enum without variants has nothing to record"));
    }
    if let Some(all) = errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    }) {
        return Err(all);
    }
    Ok(implementation(&input.ident, &enum_attributes, &events, root))
}

fn duplicate_names(events: &[Event<'_>]) -> Vec<syn::Error> {
    let mut seen = HashMap::new();
    let mut errors = Vec::new();
    for event in events {
        let name = &event.attributes.name;
        if let Some(first) = seen.insert(name.value(), event.ident) {
            let message = format!(
                "the event type {:?} is already the name of {first}: choose another with #[event(name = \"…\")]",
                name.value()
            );
            errors.push(syn::Error::new(name.span(), message));
        }
    }
    errors
}

fn implementation(
    name: &Ident,
    attributes: &EnumAttributes,
    events: &[Event<'_>],
    root: Root,
) -> TokenStream {
    let path = root.path();
    let category = &attributes.category;
    let idents = events.iter().map(|event| event.ident);
    let kinds: Vec<_> = events.iter().map(|event| kind(event, &path)).collect();
    let encode = encode(name, events, root);
    let decode = events.iter().map(|event| decode_arm(event, root));
    let upcasters = attributes.upcasters.as_ref().map(|function| {
        quote! {
            fn upcasters() -> &'static #path::Upcasters {
                static UPCASTERS: ::std::sync::LazyLock<#path::Upcasters> = ::std::sync::LazyLock::new(#function);
                &UPCASTERS
            }
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(deprecated, nonstandard_style, clippy::all, clippy::pedantic)]
        impl #path::DomainEvent for #name {
            const CATEGORY: &'static str = #category;

            const KINDS: &'static [#path::EventKind] = &[#(#kinds),*];

            fn kind(&self) -> #path::EventKind {
                match self {
                    #(Self::#idents { .. } => #kinds,)*
                }
            }

            fn encode(&self) -> ::core::result::Result<#path::Json, #path::NotPortable> {
                #encode
            }

            fn decode(
                event_type: &str,
                payload: &#path::Json,
            ) -> ::core::result::Result<Self, #path::__private::serde_json::Error> {
                match event_type {
                    #(#decode)*
                    _ => ::core::result::Result::Err(#path::__private::unknown_event_type(event_type)),
                }
            }

            #upcasters
        }
    }
}

fn kind(event: &Event<'_>, path: &TokenStream) -> TokenStream {
    let VariantAttributes { name, version } = &event.attributes;
    quote!(#path::EventKind { name: #name, schema_version: #version })
}

/// The body of `encode`.
fn encode(name: &Ident, events: &[Event<'_>], root: Root) -> TokenStream {
    let path = root.path();
    let serde = root.serde();
    let remote = name.to_string();
    let variants = events.iter().map(mirror);
    // Left alone, serde would write `null` for a variant without fields.
    let empty_object = events.iter().any(|event| matches!(event.shape, Shape::Empty)).then(|| {
        quote! {
            fn __empty_object<S: #path::__private::serde::Serializer>(
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                let map = serializer.serialize_map(::core::option::Option::Some(0))?;
                #path::__private::serde::ser::SerializeMap::end(map)
            }
        }
    });
    quote! {
        #empty_object

        #[derive(#path::__private::serde::Serialize)]
        #[serde(crate = #serde, remote = #remote, untagged)]
        #[allow(dead_code)]
        enum __Mirror {
            #(#variants,)*
        }

        struct __Payload<'a>(&'a #name);

        impl #path::__private::serde::Serialize for __Payload<'_> {
            fn serialize<S: #path::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                __Mirror::serialize(self.0, serializer)
            }
        }

        #path::Json::from_serialize(&__Payload(self))
    }
}

/// The variant as serde is to serialise it.
fn mirror(event: &Event<'_>) -> TokenStream {
    let Event { ident, shape, rename_all, .. } = event;
    match shape {
        Shape::Empty => quote!(#[serde(serialize_with = "__empty_object")] #ident),
        Shape::Inner(field) => {
            let (attributes, ty) = (serde_attributes(&field.attrs), &field.ty);
            quote!(#ident(#(#attributes)* #ty))
        }
        Shape::Object(fields) => {
            let fields = fields.iter().copied().map(named);
            quote!(#rename_all #ident { #(#fields),* })
        }
    }
}

/// A named field with the attributes that count for the payload.
fn named(field: &Field) -> TokenStream {
    let (attributes, name, ty) = (serde_attributes(&field.attrs), &field.ident, &field.ty);
    quote!(#(#attributes)* #name: #ty)
}

fn decode_arm(event: &Event<'_>, root: Root) -> TokenStream {
    let path = root.path();
    let serde = root.serde();
    let Event { ident, attributes, shape, rename_all } = event;
    let name = LitStr::new(&attributes.name.value(), proc_macro2::Span::call_site());
    let (definition, value) = match shape {
        Shape::Empty => (
            quote!(
                struct __Payload {}
            ),
            quote!(Self::#ident),
        ),
        Shape::Inner(field) => {
            let (attributes, ty) = (serde_attributes(&field.attrs), &field.ty);
            let definition = quote!(#[serde(transparent)] struct __Payload(#(#attributes)* #ty););
            (definition, quote!(Self::#ident(payload.0)))
        }
        Shape::Object(fields) => {
            let definitions = fields.iter().copied().map(named);
            let names: Vec<_> = fields.iter().map(|field| &field.ident).collect();
            (
                quote!(#rename_all struct __Payload { #(#definitions),* }),
                quote!(Self::#ident { #(#names: payload.#names),* }),
            )
        }
    };
    quote! {
        #name => {
            #[derive(#path::__private::serde::Deserialize)]
            #[serde(crate = #serde, rename = #name)]
            #definition
            #[allow(unused_variables)]
            let payload: __Payload = #path::__private::decode_object(payload)?;
            ::core::result::Result::Ok(#value)
        }
    }
}
