//! The JSON Schema of scenario files, made of the schemas of their parts.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Value, json};

use super::Expectation;
use super::file::File;
use crate::algorithms::{NAMES, Visitor, with_system};
use crate::mutex::{Property, System};

/// One schema (draft 2020-12) for all scenario files, whatever their system.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let systems: Vec<Value> =
        NAMES.iter().filter_map(|name| with_system(name, Parameters(&mut generator))).map(Schema::to_value).collect();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    let description = schema["properties"]["system"]["description"].take();
    schema["properties"]["system"] = json!({ "description": description, "oneOf": systems });
    drop_null(&mut schema);
    schema
}

/// TOML has no null: what may be absent is absent.
fn drop_null(schema: &mut Value) {
    let null = json!({ "type": "null" });
    match schema {
        Value::Array(values) => values.iter_mut().for_each(drop_null),
        Value::Object(keys) => {
            keys.values_mut().for_each(drop_null);
            if let Some(Value::Array(types)) = keys.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    keys.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = keys.get_mut("anyOf") {
                choices.retain(|choice| *choice != null);
            }
            if keys.get("default") == Some(&Value::Null) {
                keys.remove("default");
            }
        }
        _ => {}
    }
}

/// The table `[system]` of one system: its name, and its parameters beside it.
struct Parameters<'a>(&'a mut SchemaGenerator);

impl Visitor for Parameters<'_> {
    type Output = Schema;

    fn visit<S: System>(self) -> Schema {
        let mut schema = S::Parameters::json_schema(self.0);
        let name = json!({ "description": "The system.", "type": "string", "const": S::NAME });
        // A system without parameters has no properties yet.
        let properties = schema.ensure_object().entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(properties) = properties {
            properties.insert("name".to_owned(), name);
        }
        schema.insert("title".to_owned(), json!(S::NAME));
        schema.insert("required".to_owned(), json!(["name"]));
        schema.remove("default");
        schema
    }
}

impl JsonSchema for Expectation {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expectation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let property = generator.subschema_for::<Property>();
        json_schema!({ "oneOf": [{ "type": "string", "const": Self::HOLDS }, property] })
    }
}
