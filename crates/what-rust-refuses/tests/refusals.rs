//! The compiler that is here refuses each program with the words that the
//! page shows, and with the code that the docs claim.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use what_rust_refuses::refusals;

/// The code behind `compile_fail`, by program. (Only a nightly rustdoc
/// compares it.)
fn claimed() -> BTreeMap<String, String> {
    let source = include_str!("../src/lib.rs");
    let claims = source.split("```compile_fail,").skip(1);
    let claim = |claim: &str| {
        let (code, rest) = claim.split_once('"').unwrap();
        let (_, rest) = rest.split_once("../refused/").unwrap();
        let (program, _) = rest.split_once(".rs").unwrap();
        (program.to_owned(), code.to_owned())
    };
    claims.map(claim).collect()
}

/// The fence that the page shows as the compiler's words.
fn shown(page: &str, program: &str) -> String {
    let comment = format!(
        "<!-- output cargo run -q -p what-rust-refuses --example first_line -- {program} -->"
    );
    let (_, behind) = page.split_once(&comment).unwrap_or_else(|| panic!("{comment} is missing"));
    let fence = behind.split("```").nth(1).unwrap();
    fence.strip_prefix("text\n").unwrap().trim_end().to_owned()
}

#[test]
fn every_program_is_refused_as_the_page_and_the_docs_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(folder.join("../../docs/what-rust-refuses.md")).unwrap();
    let programs: BTreeSet<String> = fs::read_dir(folder.join("refused"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    let (claimed, refused) = (claimed(), refusals().unwrap());
    assert_eq!(claimed.keys().collect::<Vec<_>>(), programs.iter().collect::<Vec<_>>());
    for program in &programs {
        let refusals = refused.get(program).unwrap_or_else(|| panic!("{program} compiles"));
        let other = refusals.iter().find(|refusal| refusal.code != claimed[program]);
        assert_eq!(other, None, "{program}: the docs claim {}", claimed[program]);
        // The same in Rust 1.88 and 1.95. Should a later compiler choose other words, the page
        // gets them: `scripts/book write`.
        assert_eq!(shown(&page, program), refusals[0].to_string(), "{program}");
    }
}
