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
    for part in PatchSet::parse(&text, ParseOptions::unidiff()) {
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
    Ok(())
}

/// The patch read backwards: what takes it out again.
///
/// # Panics
/// It is not a patch of text.
pub fn backwards(patch: &Patch<'_>) -> String {
    let text = patch.text.replace("\r\n", "\n");
    let mut all = String::new();
    for part in PatchSet::parse(&text, ParseOptions::unidiff()) {
        let part = part.expect("whoever reads it backwards has applied it");
        let hunks = part.patch().as_text().expect("it is a patch of text");
        let reversed = hunks.reverse().to_string();
        // As one reads it: what goes stands before what comes.
        let mut added = String::new();
        for line in reversed.split_inclusive('\n') {
            if line.starts_with('+') && !line.starts_with("+++") {
                added += line;
            } else {
                if !line.starts_with('-') {
                    all += &std::mem::take(&mut added);
                }
                all += line;
            }
        }
        all += &added;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_FILES: &str = "\
--- a/src/lib.rs
+++ b/src/lib.rs
@@ -1,3 +1,4 @@
 one
-two
+2
+2.5
 three
--- /dev/null
+++ b/src/new.rs
@@ -0,0 +1,1 @@
+new
";

    fn patch(text: &str) -> Patch<'_> {
        Patch { file: "test.patch", text }
    }

    fn files(lib: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("src/lib.rs".to_owned(), lib.to_owned())])
    }

    #[test]
    fn files_are_changed_and_made() {
        let mut changed = files("zero\none\ntwo\nthree\n");
        apply(&patch(TWO_FILES), &mut changed).unwrap();
        assert_eq!(changed["src/lib.rs"], "zero\none\n2\n2.5\nthree\n", "one line further down");
        assert_eq!(changed["src/new.rs"], "new\n");
        let mut changed = files("one\ntwo\nthree\n");
        apply(&patch(&TWO_FILES.replace('\n', "\r\n")), &mut changed).unwrap();
        assert_eq!(changed["src/lib.rs"], "one\n2\n2.5\nthree\n");
    }

    /// There is no fuzz: each line of the context has to be there.
    #[test]
    fn a_patch_that_does_not_fit_says_where() {
        let why = apply(&patch(TWO_FILES), &mut files("ONE\ntwo\nthree\n")).unwrap_err();
        assert_eq!(why, "src/lib.rs has other lines there (error applying hunk #1)");
        let why = apply(&patch(TWO_FILES), &mut BTreeMap::new()).unwrap_err();
        assert_eq!(why, "there is no src/lib.rs");
        for text in ["", "hello\n"] {
            let why = apply(&patch(text), &mut files("")).unwrap_err();
            assert!(why.starts_with("it is not a patch: "), "{why}");
        }
    }

    #[test]
    fn backwards_it_takes_out_what_it_brought() {
        let one_file = TWO_FILES.split("--- /dev/null").next().unwrap();
        let mut changed = files("one\ntwo\nthree\n");
        apply(&patch(one_file), &mut changed).unwrap();
        let fix = backwards(&patch(one_file));
        assert!(fix.contains(" one\n-2\n-2.5\n+two\n three\n"), "{fix}");
        apply(&patch(&fix), &mut changed).unwrap();
        assert_eq!(changed, files("one\ntwo\nthree\n"));
    }
}
