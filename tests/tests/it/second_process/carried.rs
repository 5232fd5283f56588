//! How values get from one process to the other: each becomes JSON, and is made anew from it on the other side.
//!
//! A type says once which parts it has ([`carried!`]); both directions follow from that. Both ends are this program, so
//! whatever cannot be read is a fault of this code, and panics.

use serde_json::Value;

/// What can be sent to another process.
pub(super) trait Carried: Sized {
    fn put(&self) -> Value;
    fn take(value: Value) -> Self;
}

/// The parts of a value, in the order in which they were put.
pub(super) struct Parts(std::vec::IntoIter<Value>);

impl Parts {
    pub(super) fn of(value: Value) -> Self {
        let Value::Array(parts) = value else { panic!("{value} should be a list of parts") };
        Self(parts.into_iter())
    }

    pub(super) fn next<T: Carried>(&mut self) -> T {
        T::take(self.0.next().expect("a part for each that was put"))
    }
}

/// Carries structs by their fields, and enums by the variant's name and its fields.
macro_rules! carried {
    ($(struct $name:ty { $($field:ident),* })*) => {$(
        impl Carried for $name {
            fn put(&self) -> Value {
                Value::Array(vec![$(self.$field.put()),*])
            }

            fn take(value: Value) -> Self {
                let mut parts = Parts::of(value);
                Self { $($field: parts.next()),* }
            }
        }
    )*};
    ($(enum $name:ty {
        $($variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?),*
    })*) => {$(
        impl Carried for $name {
            fn put(&self) -> Value {
                #[allow(unreachable_patterns, reason = "some have variants that nobody else can list")]
                match self {
                    $(Self::$variant $(($($item),*))? $({ $($field),* })? => Value::Array(vec![
                        stringify!($variant).into(),
                        $($($item.put(),)*)?
                        $($($field.put(),)*)?
                    ]),)*
                    other => panic!("{other:?} is not carried yet"),
                }
            }

            fn take(value: Value) -> Self {
                let mut parts = Parts::of(value);
                let variant: String = parts.next();
                $(if variant == stringify!($variant) {
                    $($(let $item = parts.next();)*)?
                    $($(let $field = parts.next();)*)?
                    return Self::$variant $(($($item),*))? $({ $($field),* })?;
                })*
                panic!("{variant:?} is not carried yet")
            }
        }
    )*};
}
pub(super) use carried;

/// Carries what can be written and read as JSON anyway.
macro_rules! carried_as_it_is {
    ($($name:ty),* $(,)?) => {$(
        impl Carried for $name {
            fn put(&self) -> Value {
                serde_json::to_value(self).expect("it can be written")
            }

            fn take(value: Value) -> Self {
                serde_json::from_value(value).expect("it was written so")
            }
        }
    )*};
}
pub(super) use carried_as_it_is;

carried_as_it_is!(Value, bool, i64, u16, u32, u64, usize, String, std::path::PathBuf, std::time::Duration);

impl Carried for () {
    fn put(&self) -> Value {
        Value::Null
    }

    fn take(_: Value) -> Self {}
}

impl<T: Carried> Carried for Vec<T> {
    fn put(&self) -> Value {
        self.iter().map(Carried::put).collect()
    }

    fn take(value: Value) -> Self {
        Parts::of(value).0.map(T::take).collect()
    }
}

impl<T: Carried> Carried for Option<T> {
    fn put(&self) -> Value {
        self.iter().map(Carried::put).collect()
    }

    fn take(value: Value) -> Self {
        Parts::of(value).0.next().map(T::take)
    }
}

impl<T: Carried> Carried for Box<T> {
    fn put(&self) -> Value {
        self.as_ref().put()
    }

    fn take(value: Value) -> Self {
        Self::new(T::take(value))
    }
}

impl<T: Carried, E: Carried> Carried for Result<T, E> {
    fn put(&self) -> Value {
        match self {
            Ok(answer) => Value::Array(vec![true.into(), answer.put()]),
            Err(error) => Value::Array(vec![false.into(), error.put()]),
        }
    }

    fn take(value: Value) -> Self {
        let mut parts = Parts::of(value);
        if parts.next() { Ok(parts.next()) } else { Err(parts.next()) }
    }
}

impl<A: Carried, B: Carried> Carried for (A, B) {
    fn put(&self) -> Value {
        Value::Array(vec![self.0.put(), self.1.put()])
    }

    fn take(value: Value) -> Self {
        let mut parts = Parts::of(value);
        (parts.next(), parts.next())
    }
}

impl<A: Carried, B: Carried, C: Carried> Carried for (A, B, C) {
    fn put(&self) -> Value {
        Value::Array(vec![self.0.put(), self.1.put(), self.2.put()])
    }

    fn take(value: Value) -> Self {
        let mut parts = Parts::of(value);
        (parts.next(), parts.next(), parts.next())
    }
}

/// A name that lasts for as long as the program: there are few of them.
impl Carried for &'static str {
    fn put(&self) -> Value {
        (*self).into()
    }

    fn take(value: Value) -> Self {
        String::take(value).leak()
    }
}
