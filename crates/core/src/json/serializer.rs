//! The serializer: any `Serialize` straight to canonical text, with no tree in between.
//!
//! Shapes are `serde_json`'s (externally tagged enums, byte strings as arrays of numbers, `None` and `()` as
//! null). What JSON cannot hold is refused where `serde_json` would write null. JSON text that serde carries
//! through as a struct of a private name (`RawValue`, and so `Json` itself) is scanned and made canonical.

use std::fmt;

use serde::{Serialize, Serializer};

use super::compound::{ArrayWriter, MapWriter, ObjectWriter, StructWriter};
use super::not_portable::Failure;
use super::writer::{self, CanonicalWriter};
use super::{escape, number};

/// The names by which `serde_json` passes JSON text through serde: a raw value, and a number when some crate
/// has switched on its feature `arbitrary_precision`.
const TEXT_TOKENS: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

impl<'w> Serializer for &'w mut CanonicalWriter {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = ArrayWriter<'w>;
    type SerializeTuple = ArrayWriter<'w>;
    type SerializeTupleStruct = ArrayWriter<'w>;
    type SerializeTupleVariant = ArrayWriter<'w>;
    type SerializeMap = MapWriter<'w>;
    type SerializeStruct = StructWriter<'w>;
    type SerializeStructVariant = ObjectWriter<'w>;

    fn serialize_bool(self, value: bool) -> Result<(), Failure> {
        self.boolean(value);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Failure> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_i16(self, value: i16) -> Result<(), Failure> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_i32(self, value: i32) -> Result<(), Failure> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_i64(self, value: i64) -> Result<(), Failure> {
        number::push_i64(&mut self.out, value);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), Failure> {
        match i64::try_from(value) {
            Ok(value) => self.serialize_i64(value),
            Err(_) => match u64::try_from(value) {
                Ok(value) => self.serialize_u64(value),
                Err(_) => Err(number::integer_out_of_range(&value.to_string())),
            },
        }
    }

    fn serialize_u8(self, value: u8) -> Result<(), Failure> {
        self.serialize_u64(u64::from(value))
    }

    fn serialize_u16(self, value: u16) -> Result<(), Failure> {
        self.serialize_u64(u64::from(value))
    }

    fn serialize_u32(self, value: u32) -> Result<(), Failure> {
        self.serialize_u64(u64::from(value))
    }

    fn serialize_u64(self, value: u64) -> Result<(), Failure> {
        number::push_u64(&mut self.out, value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Failure> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => Err(number::integer_out_of_range(&value.to_string())),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<(), Failure> {
        number::push_f32(&mut self.out, value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Failure> {
        number::push_f64(&mut self.out, value)
    }

    fn serialize_char(self, value: char) -> Result<(), Failure> {
        self.string(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Failure> {
        self.string(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Failure> {
        self.byte_array(value)
    }

    fn serialize_none(self) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Failure> {
        self.null();
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Failure> {
        self.string(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        let mut object = ObjectWriter::open(self)?;
        object.member(variant, value)?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ArrayWriter<'w>, Failure> {
        ArrayWriter::open(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<ArrayWriter<'w>, Failure> {
        ArrayWriter::open(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ArrayWriter<'w>, Failure> {
        ArrayWriter::open(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ArrayWriter<'w>, Failure> {
        ArrayWriter::open_variant(self, variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapWriter<'w>, Failure> {
        MapWriter::open(self)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<StructWriter<'w>, Failure> {
        if name.starts_with('$') && TEXT_TOKENS.contains(&name) {
            return Ok(StructWriter::text(self));
        }
        Ok(StructWriter::Object(ObjectWriter::open(self)?))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ObjectWriter<'w>, Failure> {
        ObjectWriter::open_variant(self, variant)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Failure> {
        struct Escaping<'o> {
            out: &'o mut String,
            nul: bool,
        }
        impl fmt::Write for Escaping<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                escape::push_escaped(self.out, text).map(|_| ()).map_err(|escape::Nul| {
                    self.nul = true;
                    fmt::Error
                })
            }
        }

        self.out.push('"');
        let mut escaping = Escaping { out: &mut self.out, nul: false };
        let displayed = fmt::write(&mut escaping, format_args!("{value}"));
        if escaping.nul {
            return Err(writer::nul_in_string());
        }
        displayed.map_err(|fmt::Error| Failure::unserializable("its Display implementation failed"))?;
        self.out.push('"');
        Ok(())
    }
}
