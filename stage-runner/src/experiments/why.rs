//! Why it is so: in the words of the book, which this binary has inside.

macro_rules! chapter {
    ($number:literal, $name:literal) => {
        (
            $number,
            concat!("docs/", $name, ".md"),
            include_str!(concat!("../../../docs/", $name, ".md")),
        )
    };
}

/// The pages of the chapters that have experiments.
const CHAPTERS: &[(u8, &str, &str)] = &[
    chapter!(1, "01-blocking"),
    chapter!(2, "02-process-pool"),
    chapter!(3, "03-thread-pool"),
    chapter!(4, "04-busy-wait"),
    chapter!(5, "05-callbacks"),
    chapter!(8, "08-async-await"),
    chapter!(9, "09-asyncio"),
];

/// The path of a chapter's page, and its text.
pub fn page(chapter: u8) -> Option<(&'static str, &'static str)> {
    let found = CHAPTERS.iter().find(|(number, ..)| *number == chapter);
    found.map(|(_, path, text)| (*path, *text))
}

/// The paragraphs that say why an experiment of this name shows what it shows, each as one line.
/// They stand in the page of its chapter, in a block that is folded:
///
/// ```text
/// <!-- experiment busy -->
/// <details>
/// <summary>Try it: <code>stage-runner experiment busy</code></summary>
///
/// A page comes when the server sends it. …
///
/// </details>
/// ```
pub fn why(chapter: u8, name: &str) -> Option<Vec<String>> {
    let (_, text) = page(chapter)?;
    let (_, block) = text.split_once(&format!("<!-- experiment {name} -->"))?;
    let (_, inside) = block.split_once("</summary>")?;
    let (inside, _) = inside.split_once("</details>")?;
    let mut paragraphs = vec![String::new()];
    for line in inside.lines() {
        // A terminal shows no emphasis.
        let line = line.trim().replace('*', "");
        let last = paragraphs.last_mut().expect("there is always one");
        match line.as_str() {
            "" if last.is_empty() => {}
            "" => paragraphs.push(String::new()),
            _ if last.is_empty() => last.push_str(&line),
            _ => *last = format!("{last} {line}"),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    Some(paragraphs)
}
