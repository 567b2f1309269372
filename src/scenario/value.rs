//! TOML values as what they are to become, by serde, with the place of every refusal.
//!
//! The deserializer of the `toml` crate says `invalid value: integer -1, expected u32`. This one speaks of files, not
//! of types, and keeps apart what a reader is helped with in different ways: a key or a name that is not known, a key
//! that is missing, a value of the wrong kind.

use std::fmt;
use std::ops::Range;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a value cannot become what it should, and where.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The keys to the value, outermost last.
    path: Vec<String>,
    pub(super) span: Option<Range<usize>>,
    pub(super) cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// A table has a key that it cannot have.
    UnknownKey { key: String, known: &'static [&'static str] },
    /// A table lacks a key that it must have.
    MissingKey { key: &'static str },
    /// A value is none of the names it can be.
    UnknownName { name: String, known: &'static [&'static str] },
    /// A value is of the wrong kind or size.
    Mismatch { found: String, expected: String },
    /// Whatever else a type has to say.
    Other(String),
}

impl Refusal {
    fn new(cause: Cause) -> Self {
        Self { path: Vec::new(), span: None, cause }
    }

    fn mismatch(value: &Spanned<DeValue<'_>>, expected: impl Into<String>) -> Self {
        let found = describe(value.get_ref());
        Self::new(Cause::Mismatch { found, expected: expected.into() }).at(&value.span())
    }

    /// At this place, unless it already has a more exact one.
    fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    fn within(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }

    /// The keys to the value, dots between; empty at the root.
    pub(super) fn key(&self) -> String {
        self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.key(), self.cause)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Cause::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Cause::Mismatch { found: found.to_string(), expected: expected.to_string() })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(Cause::UnknownKey { key: key.to_owned(), known })
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Self::new(Cause::UnknownName { name: name.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Cause::MissingKey { key })
    }
}

/// A value to be deserialized.
#[derive(Clone, Copy)]
pub(super) struct Source<'a>(pub(super) &'a Spanned<DeValue<'a>>);

/// A table to be deserialized, with the place of its own.
pub(super) struct Table<'a> {
    span: Range<usize>,
    /// In the order of the file, so that what is refused is the first thing that is wrong.
    entries: Vec<(&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)>,
}

impl<'a> Table<'a> {
    /// All of a table but the keys of `except`.
    pub(super) fn new(table: &'a DeTable<'a>, span: Range<usize>, except: &[&str]) -> Self {
        let entries = table.iter().filter(|(key, _)| !except.contains(&key.get_ref().as_ref()));
        let mut entries: Vec<_> = entries.map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        Self { span, entries }
    }
}

macro_rules! integers {
    ($($method:ident, $visit:ident: $type:ty;)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
            match integer(self.0.get_ref()).and_then(|number| <$type>::try_from(number).ok()) {
                Some(number) => visitor.$visit(number),
                None => {
                    let expected = format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX);
                    Err(Refusal::mismatch(self.0, expected))
                }
            }
            .map_err(|refusal: Refusal| refusal.at(&self.0.span()))
        }
    )*};
}

impl<'a> Deserializer<'a> for Source<'a> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let span = self.0.span();
        match self.0.get_ref() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Boolean(truth) => visitor.visit_bool(*truth),
            DeValue::Integer(_) => return self.deserialize_i64(visitor),
            DeValue::Array(_) => return self.deserialize_seq(visitor),
            DeValue::Table(_) => return self.deserialize_map(visitor),
            DeValue::Float(_) | DeValue::Datetime(_) => Err(Refusal::mismatch(self.0, "another kind of value")),
        }
        .map_err(|refusal: Refusal| refusal.at(&span))
    }

    integers! {
        deserialize_u8, visit_u8: u8;
        deserialize_u16, visit_u16: u16;
        deserialize_u32, visit_u32: u32;
        deserialize_u64, visit_u64: u64;
        deserialize_i8, visit_i8: i8;
        deserialize_i16, visit_i16: i16;
        deserialize_i32, visit_i32: i32;
        deserialize_i64, visit_i64: i64;
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.get_ref() {
            DeValue::Boolean(truth) => visitor.visit_bool(*truth),
            _ => Err(Refusal::mismatch(self.0, "true or false")),
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.get_ref() {
            DeValue::String(text) => visitor.visit_str(text).map_err(|refusal: Refusal| refusal.at(&self.0.span())),
            _ => Err(Refusal::mismatch(self.0, "text in quotes")),
        }
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.get_ref() {
            DeValue::Array(array) => visitor
                .visit_seq(Elements { rest: array.iter(), index: 0 })
                .map_err(|refusal| refusal.at(&self.0.span())),
            DeValue::Table(_) => Err(Refusal::mismatch(self.0, "a list; one of tables is written `[[…]]`")),
            _ => Err(Refusal::mismatch(self.0, "a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.get_ref() {
            DeValue::Array(array) if array.len() == len => self.deserialize_seq(visitor),
            _ => Err(Refusal::mismatch(self.0, format!("a list of {len}"))),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.get_ref() {
            DeValue::Table(table) => Table::new(table, self.0.span(), &[]).deserialize_map(visitor),
            _ => Err(Refusal::mismatch(self.0, "a table")),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let span = self.0.span();
        let variant = match self.0.get_ref() {
            DeValue::String(name) => Variant { name, name_span: span.clone(), whole: self.0, content: None },
            DeValue::Table(table) => match Table::new(table, span.clone(), &[]).entries[..] {
                [(name, ref name_span, content)] => {
                    Variant { name, name_span: name_span.clone(), whole: self.0, content: Some(content) }
                }
                _ => return Err(Refusal::mismatch(self.0, format!("a table with {}", one_of(variants)))),
            },
            DeValue::Integer(number) if variants.contains(&"constant") => {
                return Err(Refusal::mismatch(self.0, format!("`{{ constant = {number} }}`, or {}", one_of(variants))));
            }
            _ => return Err(Refusal::mismatch(self.0, one_of(variants))),
        };
        visitor.visit_enum(variant).map_err(|refusal: Refusal| refusal.at(&span))
    }

    forward_to_deserialize_any! { <V: Visitor<'a>> i128 u128 f32 f64 char bytes byte_buf unit unit_struct }
}

impl<'a> Deserializer<'a> for Table<'a> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let span = self.span.clone();
        let entries = Entries { rest: self.entries.into_iter(), value: None };
        visitor.visit_map(entries).map_err(|refusal: Refusal| refusal.at(&span))
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Entries<'a> {
    rest: std::vec::IntoIter<(&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)>,
    value: Option<(&'a str, &'a Spanned<DeValue<'a>>)>,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some((key, span, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key, value));
        let deserializer = IntoDeserializer::<Refusal>::into_deserializer(key);
        seed.deserialize(deserializer).map(Some).map_err(|refusal| refusal.at(&span))
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let (key, value) = self.value.take().expect("a value is asked for after its key");
        seed.deserialize(Source(value)).map_err(|refusal| refusal.at(&value.span()).within(key))
    }
}

struct Elements<'a> {
    rest: std::slice::Iter<'a, Spanned<DeValue<'a>>>,
    index: usize,
}

impl<'a> SeqAccess<'a> for Elements<'a> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Refusal> {
        let Some(value) = self.rest.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        let element = seed.deserialize(Source(value));
        element.map(Some).map_err(|refusal| refusal.at(&value.span()).within(index.to_string()))
    }
}

/// One of several: a name alone, or a table that has the name as its one key.
struct Variant<'a> {
    name: &'a str,
    name_span: Range<usize>,
    whole: &'a Spanned<DeValue<'a>>,
    content: Option<&'a Spanned<DeValue<'a>>>,
}

impl<'a> Variant<'a> {
    /// What belongs to the name.
    fn content<T>(self, take: impl FnOnce(Source<'a>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        match self.content {
            Some(content) => take(Source(content)).map_err(|r| r.at(&content.span()).within(self.name)),
            None => Err(Refusal::mismatch(self.whole, format!("a table `{{ {} = … }}`", self.name))),
        }
    }
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<(S::Value, Self), Refusal> {
        let deserializer = IntoDeserializer::<Refusal>::into_deserializer(self.name);
        let variant = seed.deserialize(deserializer).map_err(|refusal| refusal.at(&self.name_span))?;
        Ok((variant, self))
    }
}

impl<'a> VariantAccess<'a> for Variant<'a> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Refusal::mismatch(self.whole, format!("just the name \"{}\"", self.name))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<S::Value, Refusal> {
        self.content(|source| seed.deserialize(source))
    }

    fn tuple_variant<V: Visitor<'a>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.content(|source| source.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'a>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Refusal> {
        self.content(|source| source.deserialize_map(visitor))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i128> {
    match value {
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

/// A value as it is called in a message.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() > 40 => "text".to_owned(),
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("{}, which is no whole number", number.as_str()),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(array) => format!("a list of {}", array.len()),
        DeValue::Table(table) if table.len() == 1 => "a table with 1 key".to_owned(),
        DeValue::Table(table) => format!("a table with {} keys", table.len()),
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [name] => format!("`{name}`"),
        _ => format!("one of {}", super::error::list(names)),
    }
}
