use std::collections::BTreeMap;

use diffy::patch_set::{FileOperation, ParseOptions, PatchKind, PatchSet};

/// A patch: what `diff -u` or `git diff` prints, of one file or of several.
#[derive(Clone, Copy, Debug)]
pub struct Patch<'a> {
    /// The name of the patch itself, for messages.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// Applies a patch to files, which are known by their paths. Lines may have moved; but each line
/// that the patch shows must be there as the patch shows it (no fuzz).
///
/// # Errors
/// What does not fit, in words. Some files may have been changed by then.
pub fn apply(patch: &Patch<'_>, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    let text = patch.text.replace("\r\n", "\n");
    let mut is_empty = true;
    for part in PatchSet::parse(&text, ParseOptions::unidiff()) {
        is_empty = false;
        let part = part.map_err(|error| format!("it is not a patch: {error}"))?;
        let PatchKind::Text(hunks) = part.patch() else {
            return Err("it changes a file that is not text".to_owned());
        };
        let (path, before) = match part.operation().strip_prefix(1) {
            FileOperation::Create(path) => (path.to_string(), String::new()),
            FileOperation::Modify { modified, .. } => {
                let path = modified.to_string();
                let before = files.get(&path).ok_or_else(|| format!("there is no {path}"))?;
                (path, before.clone())
            }
            other => return Err(format!("it may change and make files, but it does: {other:?}")),
        };
        let after = diffy::apply(&before, hunks)
            .map_err(|error| format!("{path} has other lines there ({error})"))?;
        files.insert(path, after);
    }
    if is_empty { Err("it changes nothing".to_owned()) } else { Ok(()) }
}

/// The patch read backwards: what takes it out again.
pub fn backwards(patch: &Patch<'_>) -> String {
    let text = patch.text.replace("\r\n", "\n");
    let parts = PatchSet::parse(&text, ParseOptions::unidiff());
    let parts = parts.filter_map(Result::ok);
    parts
        .map(|part| {
            part.patch().as_text().map(|hunks| hunks.reverse().to_string()).unwrap_or_default()
        })
        .collect()
}
