//! The derives of annals: `DomainEvent` for the events of one category, `EventSet` for several joined.
//!
//! Users take them from `annals` or `annals-core`, never from here. A derive cannot know which of the two its
//! user depends on, so each is here twice: the plain one's expansion names `::annals_core`, the `Facade` one's
//! names `::annals`, which re-exports it under the plain name.
//!
//! Whatever can be wrong in an attribute is a compile error at that attribute; an expansion never panics.

mod attributes;
mod domain_event;
mod event_set;
mod payload;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes an enum the events of one category: each variant is an event type with a name, a schema version and a
/// JSON object as payload.
///
/// ```
/// use annals_core::{DomainEvent, EventHeader, Upcast, UpcastError, Upcasters, Value};
///
/// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)] struct Deposit { amount: u64, method: String }
/// # fn deposited_v1_to_v2(_: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> { Ok(Upcast::Next(payload)) }
/// # fn deposited_v2_to_v3(_: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> { Ok(Upcast::Next(payload)) }
/// #[derive(Clone, Debug, DomainEvent)]
/// #[event(category = "account", prefix = "Account", upcasters = account_upcasters)]
/// enum AccountEvent {
///     Opened {                                        // recorded as `AccountOpened`, schema version 1
///         owner: String,
///         #[serde(default, rename = "limit")]
///         overdraft: u64,
///     },
///     #[event(name = "MoneyDeposited", version = 3)]
///     Deposited(Deposit),                             // the payload is the deposit's own JSON object
///     Closed,                                         // the payload is `{}`
/// }
///
/// fn account_upcasters() -> Upcasters {
///     Upcasters::new()
///         .step("MoneyDeposited", 1, deposited_v1_to_v2)
///         .step("MoneyDeposited", 2, deposited_v2_to_v3)
/// }
/// ```
///
/// # On the enum: `#[event(…)]`
///
/// - `category = "…"`, required: 1 to 64 of `a-z 0-9 _`.
/// - `prefix = "…"`: precedes the variants' names in the types that are recorded.
/// - `upcasters = path`: a `fn() -> Upcasters`, called once, that says how older schema versions become newer.
///
/// # On a variant: `#[event(…)]`
///
/// - `name = "…"`: the type that is recorded, in place of prefix and variant; 1 to 100 visible ASCII characters.
///   Names are recorded for ever: give the old one here when a variant is renamed.
/// - `version = n`: the payload's schema version, 1 unless said otherwise, at most 32767.
///
/// # Variants and serde
///
/// A variant has named fields, or one unnamed field that serialises as a JSON object, or none. Attributes
/// `#[serde(…)]` on fields count for the payload (`rename`, `default`, `with`, `flatten`, …), and so do
/// `rename_all` on a variant and `rename_all_fields` on the enum. Others belong to a `Serialize` of the enum's own,
/// which it may have beside this derive. Generic enums are refused: a payload has one shape.
#[proc_macro_derive(DomainEvent, attributes(event, serde))]
pub fn derive_domain_event(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input), Root::CORE, domain_event::expand)
}

/// Joins the events of several categories in one type, for projections and processes that follow them all.
///
/// ```
/// use annals_core::{DomainEvent, EventSet};
///
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "order")] enum OrderEvent { Placed }
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "payment")] enum PaymentEvent { Paid }
/// #[derive(Debug, EventSet)]
/// enum Sales {
///     Order(OrderEvent),
///     Payment(PaymentEvent),
/// }
/// ```
///
/// Each variant holds one type with `DomainEvent`, and `From` leads from that type to the enum. Two types of one
/// category are a compile error: an event's category is what tells them apart.
#[proc_macro_derive(EventSet)]
pub fn derive_event_set(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input), Root::CORE, event_set::expand)
}

/// `DomainEvent` for users of the crate `annals`, which re-exports it under that name.
#[proc_macro_derive(FacadeDomainEvent, attributes(event, serde))]
pub fn derive_facade_domain_event(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input), Root::FACADE, domain_event::expand)
}

/// `EventSet` for users of the crate `annals`, which re-exports it under that name.
#[proc_macro_derive(FacadeEventSet)]
pub fn derive_facade_event_set(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input), Root::FACADE, event_set::expand)
}

/// The crate that an expansion names.
#[derive(Clone, Copy)]
struct Root(&'static str);

impl Root {
    const CORE: Self = Self("annals_core");
    const FACADE: Self = Self("annals");

    /// As a path, `::annals_core`.
    fn path(self) -> proc_macro2::TokenStream {
        let name = proc_macro2::Ident::new(self.0, proc_macro2::Span::call_site());
        quote::quote!(::#name)
    }

    /// The re-exported serde, as its derives want it named.
    fn serde(self) -> String {
        format!("::{}::__private::serde", self.0)
    }
}

type Expand = fn(&DeriveInput, Root) -> syn::Result<proc_macro2::TokenStream>;

#[allow(clippy::needless_pass_by_value)] // what parse_macro_input gives
fn expand(input: DeriveInput, root: Root, expand: Expand) -> TokenStream {
    expand(&input, root).unwrap_or_else(syn::Error::into_compile_error).into()
}
