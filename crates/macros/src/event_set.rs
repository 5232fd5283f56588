//! `#[derive(EventSet)]`: categories of several event enums, and decoding by an event's category.
//!
//! That no two categories are equal is checked while compiling; it cannot be checked here, where only the types'
//! names are known.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Ident, Type, Variant};

use crate::Root;

pub(crate) fn expand(input: &DeriveInput, root: Root) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let message = "EventSet is derived for an enum, with one variant a category";
        return Err(syn::Error::new(input.ident.span(), message));
    };
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &input.generics,
            "event sets cannot be generic: write the types out",
        ));
    }
    if data.variants.is_empty() {
        let message = "an enum without variants subscribes to nothing: give it one variant a category";
        return Err(syn::Error::new(input.ident.span(), message));
    }
    let members = data.variants.iter().map(member).collect::<syn::Result<Vec<_>>>()?;
    Ok(implementation(&input.ident, &members, root))
}

fn member(variant: &Variant) -> syn::Result<(&Ident, &Type)> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok((&variant.ident, &fields.unnamed[0].ty)),
        _ => Err(syn::Error::new_spanned(
            variant,
            format!(
                "each variant holds the events of one category: write {}(TheEvents), where TheEvents derives \
                 DomainEvent",
                variant.ident
            ),
        )),
    }
}

fn implementation(name: &Ident, members: &[(&Ident, &Type)], root: Root) -> TokenStream {
    let path = root.path();
    let (variants, types): (Vec<_>, Vec<_>) = members.iter().copied().unzip();
    let equal_categories = format!(
        "two variants of {name} hold events of one category, so that nobody could tell whose an event is: join the \
         enums, or give one a category of its own"
    );
    quote! {
        const _: () = ::core::assert!(
            #path::__private::all_distinct(&[#(<#types as #path::DomainEvent>::CATEGORY),*]),
            #equal_categories
        );

        #[automatically_derived]
        impl #path::EventSet for #name {
            fn categories() -> ::std::vec::Vec<&'static str> {
                ::std::vec![#(<#types as #path::DomainEvent>::CATEGORY),*]
            }

            fn decode(
                recorded: &#path::RecordedEvent,
            ) -> ::core::result::Result<#path::Decoded<Self>, #path::DecodeError> {
                let category = recorded.header.stream.category();
                #(
                    if category == <#types as #path::DomainEvent>::CATEGORY {
                        return ::core::result::Result::Ok(
                            #path::decode_event::<#types>(recorded)?.map(Self::#variants),
                        );
                    }
                )*
                ::core::result::Result::Err(#path::DecodeError::category(
                    &recorded.header,
                    <Self as #path::EventSet>::categories(),
                ))
            }
        }

        #(
            #[automatically_derived]
            impl ::core::convert::From<#types> for #name {
                fn from(event: #types) -> Self {
                    Self::#variants(event)
                }
            }
        )*
    }
}
