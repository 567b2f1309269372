//! The JSON Schema of scenario files, against the files and against the reader.

use jeton::scenario::{Scenario, schema};
use jsonschema::Validator;
use serde_json::Value;

use crate::scenario::files;

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("a schema")
}

fn json(source: &str) -> Value {
    let table: toml::Table = source.parse().expect("TOML");
    serde_json::to_value(table).expect("JSON")
}

#[test]
fn every_file_of_the_project_is_valid() {
    let validator = validator();
    for (file, source) in files() {
        let errors: Vec<String> =
            validator.iter_errors(&json(&source)).map(|e| format!("{file}: {} {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Where a schema and a reader come from the same types they agree but for what only the reader can know. What neither
/// lets pass:
#[test]
fn what_the_reader_refuses_for_its_form_is_not_valid() {
    let validator = validator();
    let head = "about = \"An example.\"\nexpect = \"holds\"\nprocesses = 5\n";
    let system = "[system]\nname = \"query_ring\"\n";
    let sources = [
        system.to_owned(),
        head.to_owned(),
        format!("{head}[system]\n"),
        format!("{head}[system]\nname = \"qurey_ring\"\n"),
        format!("{head}mistake = 1\n{system}"),
        format!("{head}{system}mistake = 1\n"),
        format!("{head}{system}rules = {{ mistake = false }}\n"),
        format!("{head}{system}rules = {{ cancel_question = 1 }}\n"),
        format!("{head}{system}[workload]\nmistake = 1\n"),
        format!("{head}{system}[network]\nmistake = 1\n"),
        format!("{head}{system}[network]\ndelay_ticks = 5\n"),
        format!("{head}{system}[network]\ndelay_ticks = {{ uniform = [1] }}\n"),
        format!("{head}{system}[detector]\nmistake = 1\n"),
        format!("{head}{system}[faults]\nmistake = 1\n"),
        format!("{head}{system}[[faults.random]]\n"),
        format!("{head}{system}[[faults.crashes]]\nprocess = 1\n"),
        format!("{head}{system}[limits]\nevents = -1\n"),
        format!("{head}{system}[limits]\nticks = 1099511627777\n"),
        format!("{head}{system}[limits]\npending = 2147483648\n"),
        format!("{head}{system}[limits]\nsettle_ticks = 1099511627777\n"),
        head.replace("processes = 5", "processes = 0") + system,
        head.replace("processes = 5", "processes = 16777217") + system,
        head.replace("An example.", "") + system,
        format!("schedules = 0\n{head}{system}"),
        format!("patience_ticks = 0\n{head}{system}"),
        format!("properties = []\n{head}{system}"),
        format!("{head}{system}[workload]\ndata_ids = 0\n"),
        format!("{head}{system}[workload]\nwrite_per_mille = 1001\n"),
        format!("{head}{system}[network]\ndelay_ticks = {{ constant = 1099511627777 }}\n"),
        format!("{head}{system}[[faults.random]]\nup_to = 65537\n"),
        format!("{head}{system}[[faults.random]]\nup_to = 1\nwithin_steps = 0\n"),
        format!("{head}{system}[[faults.crashes]]\nprocess = 1\nmoment = {{ at_tick = 0 }}\n"),
        format!("{head}{system}[[faults.crashes]]\nprocess = 1\nmoment = {{ in_step = {{ step = 0 }} }}\n"),
        format!("{head}{system}[faults.messages]\nloss_per_mille = 1001\nuntil_tick = 5\n"),
        format!("{head}{system}[faults.messages]\nuntil_tick = 0\n"),
        format!("{head}{system}[[faults.partitions]]\nside = [1]\nat_tick = 0\nlength_ticks = 1\n"),
        format!("{}{system}", head.replace("holds", "hold")),
    ];
    for source in sources {
        assert!(Scenario::parse("example.toml", &source).is_err(), "the reader takes\n{source}");
        assert!(!validator.is_valid(&json(&source)), "the schema takes\n{source}");
    }
    assert!(validator.is_valid(&json(&format!("{head}{system}"))), "and this is how it should be");
}

/// The keys of a schema, and of those within it, that nothing describes: neither they nor the alternative they stand
/// for.
fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
    let Value::Object(keywords) = schema else { return };
    for group in ["$defs", "properties"] {
        for (key, inner) in keywords.get(group).and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}.{key}");
            let alternative = path.contains('|') && keywords.contains_key("description");
            if group == "properties"
                && !alternative
                && !inner.as_object().is_some_and(|o| o.contains_key("description"))
            {
                found.push(path.clone());
            }
            undescribed(inner, &path, found);
        }
    }
    for (index, inner) in keywords.get("oneOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        undescribed(inner, &format!("{path}|{index}"), found);
    }
}

#[test]
fn every_key_is_described() {
    let mut found = Vec::new();
    undescribed(&schema(), "", &mut found);
    assert_eq!(found, [""; 0]);
}
