//! The order of the modules in `lib.rs` is their order of dependence: a module uses only modules
//! that stand below it, so there is no circle.

use std::fs;
use std::path::Path;

#[test]
fn a_module_uses_only_modules_below_it() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read =
        |module: &str| fs::read_to_string(sources.join(module).with_extension("rs")).expect(module);
    let lib = read("lib");
    let listed = |before: &'static str, after: &'static str| -> Vec<&str> {
        let names = lib.lines().filter_map(|line| line.strip_prefix(before)?.split_once(after));
        names.map(|(name, _)| name).collect()
    };
    let modules = listed("mod ", ";");
    assert_eq!(listed("//! - `", "`:"), modules, "the tour and the modules have one order");
    assert_eq!(fs::read_dir(&sources).expect("it is there").count(), modules.len() + 1);

    for (index, module) in modules.iter().enumerate() {
        let source = read(module);
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for used in code.flat_map(|line| line.split("crate::").skip(1)) {
            // `crate::{name, other}` would hide the names.
            let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
            let name = used.split(is_end).next().unwrap_or_default();
            assert!(modules[index + 1..].contains(&name), "{module} must not use `{name}`");
        }
    }
}
