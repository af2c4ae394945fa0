//! `console.table`: the members of a value as rows, theirs as columns, every row a line.

use boa_engine::object::builtins::JsProxy;
use boa_engine::property::PropertyKey;
use boa_engine::{Context, JsObject, JsString, JsValue};

use super::inspect;

/// Rows, and columns, that are shown.
const MAX_ROWS: usize = 100;
const MAX_COLUMNS: usize = 20;

/// Longest cell, in bytes.
const MAX_CELL: usize = 64;

/// The lines of the table; none when the value has no rows to show.
pub(super) fn lines(data: &JsValue, columns: &JsValue, context: &mut Context) -> Option<Vec<String>> {
    let rows = members(&data.as_object()?, MAX_ROWS, context)?;
    let wanted = match columns.as_object() {
        Some(columns) => {
            let columns = members(&columns, MAX_COLUMNS, context)?;
            Some(columns.into_iter().map(|(_, name)| inspect::shown(&name, MAX_CELL, context)).collect::<Vec<_>>())
        }
        None => None,
    };
    let mut names: Vec<String> = wanted.clone().unwrap_or_default();
    let mut values = false;
    let mut cells = Vec::new();
    for (index, row) in rows {
        let row_members = match row.as_object() {
            Some(object) if !object.is_callable() => members(&object, MAX_COLUMNS, context),
            _ => None,
        };
        match row_members {
            Some(row_members) => {
                let mut line = Vec::new();
                for (name, value) in row_members {
                    if wanted.is_none() && !names.contains(&name) && names.len() < MAX_COLUMNS {
                        names.push(name.clone());
                    }
                    line.push((name, cell(&value, context)));
                }
                cells.push((index, line, String::new()));
            }
            None => {
                values = true;
                cells.push((index, Vec::new(), cell(&row, context)));
            }
        }
    }
    let mut head = vec!["(index)".to_owned()];
    head.extend(names.iter().cloned());
    if values {
        head.push("Values".to_owned());
    }
    let mut table = vec![head];
    for (index, members, value) in cells {
        let mut line = vec![index];
        for name in &names {
            let found = members.iter().find(|(own, _)| own == name);
            line.push(found.map(|(_, text)| text.clone()).unwrap_or_default());
        }
        if values {
            line.push(value);
        }
        table.push(line);
    }
    Some(aligned(&table))
}

/// The own enumerable data properties; none for a Proxy, whose traps are the script's.
fn members(object: &JsObject, limit: usize, context: &mut Context) -> Option<Vec<(String, JsValue)>> {
    if JsProxy::from_object(object.clone()).is_ok() {
        return None;
    }
    let keys = object.own_property_keys(context).ok()?;
    let mut members = Vec::new();
    for key in keys.iter().filter(|key| !matches!(key, PropertyKey::Symbol(_))) {
        let property = object.borrow().properties().get(key);
        let Some(value) = property.filter(|property| property.enumerable() == Some(true)) else { continue };
        let value = value.value().cloned().unwrap_or_else(|| JsString::from("[Getter]").into());
        members.push((super::format::one_line(&key.to_string(), MAX_CELL), value));
        if members.len() >= limit {
            break;
        }
    }
    Some(members)
}

fn cell(value: &JsValue, context: &mut Context) -> String {
    super::format::one_line(&inspect::inspected(value, MAX_CELL, context), MAX_CELL)
}

fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| table.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |cells: &Vec<String>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}
