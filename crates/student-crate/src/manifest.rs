use toml::{Table, Value};

use crate::{Checkout, Wrong};

/// What a manifest is about.
pub(crate) struct Package<'a> {
    pub(crate) name: &'a str,
    pub(crate) stage: &'a str,
}

/// The `Cargo.toml` of the crate: a workspace of its own, with what the stage takes from the
/// workspace of the checkout.
pub(crate) fn of(package: &Package<'_>, checkout: &Checkout) -> Result<String, Wrong> {
    let workspace = read("Cargo.toml", checkout)?;
    let stage = read(&format!("crates/{}/Cargo.toml", package.stage), checkout)?;
    let house = Workspace { table: &workspace["workspace"], checkout };

    let mut about = Table::new();
    about.insert("name".to_owned(), package.name.into());
    about.insert("version".to_owned(), "0.0.0".into());
    for key in ["edition", "rust-version"] {
        about.insert(key.to_owned(), house.table["package"][key].clone());
    }
    about.insert("publish".to_owned(), false.into());

    let mut manifest = Table::new();
    manifest.insert("package".to_owned(), about.into());
    let mut dependencies = house.fill_in(stage.get("dependencies"));
    dependencies.extend(house.fill_in(Some(&stage_program())));
    manifest.insert("dependencies".to_owned(), dependencies.into());
    let targets = stage.get("target").and_then(Value::as_table);
    for (cfg, target) in targets.into_iter().flatten() {
        // What the stage needs for its own model check, the crate does not.
        if cfg != "cfg(model_check)" && target.get("dependencies").is_some() {
            let dependencies = house.fill_in(target.get("dependencies"));
            let dependencies = Table::from_iter([("dependencies".to_owned(), dependencies.into())]);
            let targets = manifest.entry("target").or_insert(Table::new().into());
            let targets = targets.as_table_mut().expect("it was made above");
            targets.insert(cfg.clone(), dependencies.into());
        }
    }
    let lint = house.table["lints"]["rust"]["unexpected_cfgs"].clone();
    let rust = Table::from_iter([("unexpected_cfgs".to_owned(), lint)]);
    let lints = Table::from_iter([("rust".to_owned(), rust.into())]);
    manifest.insert("lints".to_owned(), lints.into());
    manifest.insert("profile".to_owned(), workspace["profile"].clone());
    manifest.insert("workspace".to_owned(), Table::new().into());
    let head = "# Made of a stage; its paths lead into the checkout.\n";
    Ok(format!("{head}{manifest}"))
}

fn stage_program() -> Value {
    let from_workspace = Table::from_iter([("workspace".to_owned(), true.into())]);
    Table::from_iter([("stage-program".to_owned(), from_workspace.into())]).into()
}

fn read(path: &str, checkout: &Checkout) -> Result<Table, Wrong> {
    let text = checkout.read(path)?;
    text.parse().map_err(|error| Wrong(format!("{path}: {error}")))
}

struct Workspace<'a> {
    table: &'a Value,
    checkout: &'a Checkout,
}

impl Workspace<'_> {
    /// Dependencies, with what the workspace says about those that are its.
    fn fill_in(&self, dependencies: Option<&Value>) -> Table {
        let dependencies = dependencies.and_then(Value::as_table);
        let filled = dependencies.into_iter().flatten().map(|(name, own)| {
            let theirs = match own.get("workspace") {
                Some(_) => self.add(self.table["dependencies"][name.as_str()].clone(), own),
                None => own.clone(),
            };
            (name.clone(), theirs)
        });
        filled.collect()
    }

    fn add(&self, theirs: Value, own: &Value) -> Value {
        let mut filled = match theirs {
            Value::Table(table) => table,
            version => Table::from_iter([("version".to_owned(), version)]),
        };
        if let Some(Value::String(path)) = filled.get_mut("path") {
            *path = self.checkout.root().join(&path).display().to_string();
        }
        for (key, value) in own.as_table().into_iter().flatten() {
            match (filled.get_mut(key), value) {
                _ if key == "workspace" => {}
                (Some(Value::Array(all)), Value::Array(more)) => all.extend(more.iter().cloned()),
                _ => drop(filled.insert(key.clone(), value.clone())),
            }
        }
        // A version alone is written as one.
        match filled.get("version") {
            Some(version) if filled.len() == 1 => version.clone(),
            _ => filled.into(),
        }
    }
}
