//! The serializer of what must be a string: a map's key, or JSON text passed through serde.
//!
//! Strings, characters, unit variants, integers and booleans are texts, as `serde_json` writes keys; anything
//! else is refused. The text goes to a closure and is not stored here.

use std::fmt::Display;

use serde::ser::{Impossible, Serialize, Serializer};

use super::not_portable::{Failure, JsonPath, NotPortable};

/// Hands the text of what is serialized to `F`.
pub(super) struct AsText<F>(pub(super) F);

#[cold]
fn not_text<T>(found: &'static str) -> Result<T, Failure> {
    Err(Failure::new(NotPortable::KeyNotString { path: JsonPath::default(), found }))
}

macro_rules! displayed {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), Failure> {
            self.collect_str(&value)
        })*
    };
}

impl<F: FnOnce(&str) -> Result<(), Failure>> Serializer for AsText<F> {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Impossible<(), Failure>;
    type SerializeTuple = Impossible<(), Failure>;
    type SerializeTupleStruct = Impossible<(), Failure>;
    type SerializeTupleVariant = Impossible<(), Failure>;
    type SerializeMap = Impossible<(), Failure>;
    type SerializeStruct = Impossible<(), Failure>;
    type SerializeStructVariant = Impossible<(), Failure>;

    displayed! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
    }

    fn serialize_str(self, value: &str) -> Result<(), Failure> {
        (self.0)(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Failure> {
        (self.0)(&value.to_string())
    }

    fn serialize_char(self, value: char) -> Result<(), Failure> {
        (self.0)(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Failure> {
        (self.0)(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_f32(self, _: f32) -> Result<(), Failure> {
        not_text("a float")
    }

    fn serialize_f64(self, _: f64) -> Result<(), Failure> {
        not_text("a float")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Failure> {
        not_text("bytes")
    }

    fn serialize_none(self) -> Result<(), Failure> {
        not_text("null")
    }

    fn serialize_unit(self) -> Result<(), Failure> {
        not_text("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Failure> {
        not_text("null")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Failure> {
        not_text("an enum variant with content")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Failure> {
        not_text("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Failure> {
        not_text("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Failure> {
        not_text("a tuple struct")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Failure> {
        not_text("an enum variant with content")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Failure> {
        not_text("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Failure> {
        not_text("a struct")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Failure> {
        not_text("an enum variant with content")
    }
}
