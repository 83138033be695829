//! One test, because the recorder is one for the whole process.

use std::time::Instant;

use recorder::{By, Note, Recording, What, note};

#[track_caller]
fn call(what: What, fetch: Instant) {
    note(what, Some(fetch), 7);
}

fn whats(recording: &Recording) -> Vec<What> {
    recording.notes.iter().map(|note| note.what).collect()
}

#[test]
fn what_is_noted() {
    let fetch = Instant::now();
    call(What::Begun, fetch);
    assert!(!recorder::is_on());
    assert_eq!(recorder::end(), Recording::default(), "nobody has asked for notes");

    recorder::begin(20, || Some(5));
    assert!(recorder::is_on() && recorder::bytes() >= 20 * size_of::<Note>() as u64);

    // The place is that of the caller's caller, and a call that may sleep tells how often.
    let line = line!() + 1;
    call(What::Begun, fetch);
    let notes = recorder::take().notes;
    let place = notes[0].place.as_ref().unwrap();
    assert!(place.file.replace('\\', "/").ends_with("recorder/tests/notes.rs"), "{place:?}");
    assert_eq!((place.line, notes[0].slept, notes[0].number), (line, Some(5), 7));
    assert!(notes[0].at > fetch, "so that the next fetch begins at another moment");

    // Many calls in vain are one note, and so is what was asked for between them.
    for _ in 0..100_000 {
        call(What::Unsent, fetch);
        call(What::SendInVain, fetch);
        call(What::Checked, fetch);
    }
    call(What::Unsent, fetch);
    call(What::Sent, fetch);
    let recording = recorder::take();
    let expected = [What::Unsent, What::SendInVain, What::Unsent, What::Sent];
    assert_eq!(whats(&recording), expected);
    assert_eq!(recording.notes[1].number, 100_000);
    assert_eq!(recording.notes[1].fetch, Some(fetch));

    // Calls in vain of several fetches belong to none of them.
    let other = Instant::now();
    call(What::SendInVain, fetch);
    call(What::ReceiveInVain, other);
    call(What::Received, other);
    let notes = recorder::take().notes;
    assert_eq!((notes[0].what, notes[0].fetch), (What::SendInVain, None));
    assert_eq!(notes[0].number, 2);

    // One call of chapter 1 asks for the time, several times, and for what is to be sent.
    for what in [What::TimeLeft, What::TimeLeft, What::Unsent, What::Sent] {
        call(what, fetch);
    }
    call(What::TimeLeft, fetch); // at another line
    assert_eq!(whats(&recorder::take()), [What::TimeLeft, What::Sent, What::TimeLeft]);

    // A runtime has no line of a stage.
    recorder::asleep();
    recorder::awake();
    let notes = recorder::take().notes;
    assert!(notes.iter().all(|note| note.place.is_none()));
    assert_eq!(notes[1].number, recorder::UNKNOWN);

    // Threads have numbers of their own; so have processes, whose notes are brought.
    let thread = std::thread::spawn(move || call(What::Finished, fetch));
    thread.join().unwrap();
    call(What::Finished, fetch);
    let mut foreign = recorder::take();
    assert_ne!(foreign.notes[0].by, foreign.notes[1].by);
    foreign.notes.truncate(1);
    foreign.notes[0].by = By::Process(3);
    recorder::add(Recording { dropped: 4, ..foreign.clone() });
    let back = recorder::take();
    assert_eq!((back.notes, back.dropped), (foreign.notes, 4));

    // What there is no room for is counted.
    for _ in 0..25 {
        call(What::Received, fetch);
    }
    let recording = recorder::end();
    assert_eq!((recording.notes.len(), recording.dropped), (20, 5));
    call(What::Received, fetch);
    assert_eq!(recorder::end(), Recording::default());
    assert_eq!(recorder::bytes(), 0);
}
