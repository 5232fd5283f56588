//! Reads `#[event(…)]` on an enum and on its variants, and checks each value while compiling.
//!
//! Every mistake is an error at its own place, which says what would be right. Whether the values fit together
//! (two variants of one name) is not decided here.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, DeriveInput, LitInt, LitStr, Path, Variant};

const CATEGORY_MAX: usize = 64;
const EVENT_TYPE_MAX: usize = 100;
const SCHEMA_VERSION_MAX: u16 = 32_767;

/// `#[event(…)]` on an enum.
pub(crate) struct EnumAttributes {
    /// The category, checked.
    pub(crate) category: String,
    /// What precedes the names of variants; empty when not given.
    pub(crate) prefix: String,
    /// The function that makes the upcasters.
    pub(crate) upcasters: Option<Path>,
}

/// `#[event(…)]` on a variant, with the defaults filled in.
pub(crate) struct VariantAttributes {
    /// The event type, checked.
    pub(crate) name: LitStr,
    /// The schema version, checked.
    pub(crate) version: u16,
}

impl EnumAttributes {
    pub(crate) fn read(input: &DeriveInput) -> syn::Result<Self> {
        let mut category = None;
        let mut prefix = None;
        let mut upcasters = None;
        for attribute in event_attributes(&input.attrs) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("category") {
                    set(&mut category, &meta, meta.value()?.parse::<LitStr>()?)
                } else if meta.path.is_ident("prefix") {
                    set(&mut prefix, &meta, meta.value()?.parse::<LitStr>()?)
                } else if meta.path.is_ident("upcasters") {
                    set(&mut upcasters, &meta, meta.value()?.parse::<Path>()?)
                } else {
                    Err(unknown_key(&meta, "an enum's keys are `category`, `prefix` and `upcasters`"))
                }
            })?;
        }
        let category = category.ok_or_else(|| {
            syn::Error::new(
                input.ident.span(),
                "the events have no category: write, for example, #[event(category = \"order\")] on the enum",
            )
        })?;
        Ok(Self {
            category: checked_category(&category)?,
            prefix: prefix.map(|prefix| prefix.value()).unwrap_or_default(),
            upcasters,
        })
    }
}

impl VariantAttributes {
    pub(crate) fn read(variant: &Variant, prefix: &str) -> syn::Result<Self> {
        let mut name = None;
        let mut version = None;
        for attribute in event_attributes(&variant.attrs) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    set(&mut name, &meta, meta.value()?.parse::<LitStr>()?)
                } else if meta.path.is_ident("version") {
                    set(&mut version, &meta, meta.value()?.parse::<LitInt>()?)
                } else {
                    Err(unknown_key(&meta, "a variant's keys are `name` and `version`"))
                }
            })?;
        }
        for field in &variant.fields {
            if let Some(attribute) = event_attributes(&field.attrs).next() {
                return Err(syn::Error::new_spanned(
                    attribute,
                    "#[event] belongs on the enum or on a variant; fields take #[serde(…)]",
                ));
            }
        }
        let name = name.unwrap_or_else(|| {
            LitStr::new(&format!("{prefix}{}", plain(&variant.ident)), variant.ident.span())
        });
        Ok(Self { name: checked_name(name)?, version: version.as_ref().map_or(Ok(1), checked_version)? })
    }
}

fn event_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("event"))
}

/// An identifier's text without the `r#` of a raw one.
fn plain(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or_else(|| text.clone(), str::to_owned)
}

fn set<T>(place: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> syn::Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(syn::Error::new_spanned(&meta.path, "this key is given twice")),
    }
}

fn unknown_key(meta: &ParseNestedMeta<'_>, known: &str) -> syn::Error {
    syn::Error::new_spanned(&meta.path, format!("unknown key in #[event]: {known}"))
}

fn checked_category(literal: &LitStr) -> syn::Result<String> {
    let category = literal.value();
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
    if (1..=CATEGORY_MAX).contains(&category.len()) && category.chars().all(allowed) {
        Ok(category)
    } else {
        let message = format!("a category is 1 to {CATEGORY_MAX} characters of a-z, 0-9 and _");
        Err(syn::Error::new(literal.span(), message))
    }
}

fn checked_name(literal: LitStr) -> syn::Result<LitStr> {
    let name = literal.value();
    if (1..=EVENT_TYPE_MAX).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic()) {
        Ok(literal)
    } else {
        let message = format!(
            "the event type {name:?} cannot be recorded: it must be 1 to {EVENT_TYPE_MAX} visible ASCII \
             characters; choose one with #[event(name = \"…\")]"
        );
        Err(syn::Error::new(literal.span(), message))
    }
}

fn checked_version(literal: &LitInt) -> syn::Result<u16> {
    literal.base10_parse().ok().filter(|version| (1..=SCHEMA_VERSION_MAX).contains(version)).ok_or_else(
        || {
            let message = format!("a schema version is a number from 1 to {SCHEMA_VERSION_MAX}");
            syn::Error::new(literal.span(), message)
        },
    )
}
