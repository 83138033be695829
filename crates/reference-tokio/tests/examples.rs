//! Each example prints what it says that it prints.

use practice_site::linked_answer;

#[test]
fn crawler() {
    example_check::check(env!("CARGO_MANIFEST_DIR"), "crawler");
    // And what it says is what the site knows to be right.
    let answer = linked_answer(2016, "site");
    let answer = answer.replace("http://site/linked/2016", "");
    let answer = answer.replace("http://site", "");
    assert_eq!(example_check::run("crawler"), answer);
}

#[cfg(unix)]
#[test]
fn the_second_ctrl_c_ends_the_crawler_at_once() {
    let crawler = example_check::path("crawler");
    example_check::second_ctrl_c::ends_at_once(
        &mut std::process::Command::new(crawler),
    );
}
