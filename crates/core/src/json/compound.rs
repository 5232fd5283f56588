//! Arrays, maps, structs and enum variants with content, while they are being serialized.
//!
//! Each writes through the one [`CanonicalWriter`], adds its key or index to the path of an error that passes
//! through it, and notes that error with the writer: a `Serialize` that goes on regardless gets no text.

use serde::ser::{self, Serialize};

use super::as_text::AsText;
use super::not_portable::Failure;
use super::scanner;
use super::writer::{CanonicalWriter, OpenObject};

/// An array being serialized.
pub(super) struct ArrayWriter<'w> {
    writer: &'w mut CanonicalWriter,
    count: usize,
    /// The object around a tuple variant.
    wrapper: Option<OpenObject>,
}

impl<'w> ArrayWriter<'w> {
    pub(super) fn open(writer: &'w mut CanonicalWriter) -> Result<Self, Failure> {
        writer.open_array()?;
        Ok(Self { writer, count: 0, wrapper: None })
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        if self.count > 0 {
            self.writer.out.push(',');
        }
        value.serialize(&mut *self.writer).map_err(|failure| {
            let failure = self.writer.fail_under_index(self.count, failure);
            match &self.wrapper {
                Some(wrapper) => self.writer.fail_under_key(wrapper, failure),
                None => failure,
            }
        })?;
        self.count += 1;
        Ok(())
    }

    /// `{"Variant":[`
    pub(super) fn open_variant(
        writer: &'w mut CanonicalWriter,
        variant: &'static str,
    ) -> Result<Self, Failure> {
        let mut wrapper = writer.open_object()?;
        writer.key(&mut wrapper, variant)?;
        writer.open_array().map_err(|failure| writer.fail_under_key(&wrapper, failure))?;
        Ok(Self { writer, count: 0, wrapper: Some(wrapper) })
    }

    fn close(self) -> Result<(), Failure> {
        self.writer.close_array()?;
        self.wrapper.map_or(Ok(()), |wrapper| self.writer.close_object(&wrapper))
    }
}

/// An object being serialized.
pub(super) struct ObjectWriter<'w> {
    writer: &'w mut CanonicalWriter,
    object: OpenObject,
    /// The object around a struct variant.
    wrapper: Option<OpenObject>,
}

impl<'w> ObjectWriter<'w> {
    pub(super) fn open(writer: &'w mut CanonicalWriter) -> Result<Self, Failure> {
        let object = writer.open_object()?;
        Ok(Self { writer, object, wrapper: None })
    }

    /// `{"Variant":{`
    pub(super) fn open_variant(
        writer: &'w mut CanonicalWriter,
        variant: &'static str,
    ) -> Result<Self, Failure> {
        let mut wrapper = writer.open_object()?;
        writer.key(&mut wrapper, variant)?;
        let object = writer.open_object().map_err(|failure| writer.fail_under_key(&wrapper, failure))?;
        Ok(Self { writer, object, wrapper: Some(wrapper) })
    }

    #[inline]
    pub(super) fn member<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Failure> {
        self.key(key)?;
        self.value(value)
    }

    #[inline]
    fn key(&mut self, key: &str) -> Result<(), Failure> {
        self.writer.key(&mut self.object, key).map_err(|failure| self.fail_under_wrapper(failure))
    }

    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        value.serialize(&mut *self.writer).map_err(|failure| {
            let failure = self.writer.fail_under_key(&self.object, failure);
            self.fail_under_wrapper(failure)
        })
    }

    #[cold]
    fn fail_under_wrapper(&mut self, failure: Failure) -> Failure {
        match &self.wrapper {
            Some(wrapper) => self.writer.fail_under_key(wrapper, failure),
            None => self.writer.fail(failure),
        }
    }

    pub(super) fn close(mut self) -> Result<(), Failure> {
        self.writer.close_object(&self.object).map_err(|failure| self.fail_under_wrapper(failure))?;
        self.wrapper.map_or(Ok(()), |wrapper| self.writer.close_object(&wrapper))
    }
}

/// A map being serialized: keys are written as strings, each followed by its value.
pub(super) struct MapWriter<'w> {
    object: ObjectWriter<'w>,
    key_pending: bool,
}

/// A struct being serialized, or JSON text in the guise of one.
pub(super) enum StructWriter<'w> {
    Object(ObjectWriter<'w>),
    Text { writer: &'w mut CanonicalWriter, fields: usize },
}

impl<'w> MapWriter<'w> {
    pub(super) fn open(writer: &'w mut CanonicalWriter) -> Result<Self, Failure> {
        Ok(Self { object: ObjectWriter::open(writer)?, key_pending: false })
    }
}

impl<'w> StructWriter<'w> {
    pub(super) fn text(writer: &'w mut CanonicalWriter) -> Self {
        Self::Text { writer, fields: 0 }
    }
}

impl ser::SerializeSeq for ArrayWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        self.element(value)
    }

    fn end(self) -> Result<(), Failure> {
        self.close()
    }
}

impl ser::SerializeTuple for ArrayWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        self.element(value)
    }

    fn end(self) -> Result<(), Failure> {
        self.close()
    }
}

impl ser::SerializeTupleStruct for ArrayWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        self.element(value)
    }

    fn end(self) -> Result<(), Failure> {
        self.close()
    }
}

impl ser::SerializeTupleVariant for ArrayWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        self.element(value)
    }

    fn end(self) -> Result<(), Failure> {
        self.close()
    }
}

impl ser::SerializeMap for MapWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        if self.key_pending {
            return Err(self.object.fail_under_wrapper(Failure::unserializable("a map's key has no value")));
        }
        let object = &mut self.object;
        key.serialize(AsText(|text: &str| object.key(text)))
            .map_err(|failure| self.object.fail_under_wrapper(failure))?;
        self.key_pending = true;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        if !self.key_pending {
            return Err(self.object.fail_under_wrapper(Failure::unserializable("a map's value has no key")));
        }
        self.key_pending = false;
        self.object.value(value)
    }

    fn end(mut self) -> Result<(), Failure> {
        if self.key_pending {
            return Err(self.object.fail_under_wrapper(Failure::unserializable("a map's key has no value")));
        }
        self.object.close()
    }
}

impl ser::SerializeStruct for StructWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        match self {
            Self::Object(object) => object.member(key, value),
            Self::Text { writer, fields } => {
                *fields += 1;
                value
                    .serialize(AsText(|text: &str| scanner::scan(text, writer)))
                    .map_err(|failure| writer.fail(failure))
            }
        }
    }

    fn end(self) -> Result<(), Failure> {
        match self {
            Self::Object(object) => object.close(),
            Self::Text { fields: 1, .. } => Ok(()),
            Self::Text { writer, .. } => {
                Err(writer.fail(Failure::unserializable("JSON text must be one field")))
            }
        }
    }
}

impl ser::SerializeStructVariant for ObjectWriter<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        self.member(key, value)
    }

    fn end(self) -> Result<(), Failure> {
        self.close()
    }
}
