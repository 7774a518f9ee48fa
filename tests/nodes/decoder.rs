//! Pictures are read by processes apart: what these cannot do, what becomes of a picture whose process dies, and that none is left behind.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ikd::decoder::{DecodeError, Decoders, Program};
use ikd::picture::{Limits, Picture, PictureError, Shape};
use support::node::{ikd, text};
use support::world::{World, portrait_bytes};
use support::{Engine, Signal, program, signal, until};

const LIMITS: Limits = Limits { bytes: 5 << 20, least_side: 200, side: 4_096, memory: 160 << 20, work: 25_000_000 };
const SHAPE: Shape = Shape::AtMost(960);
/// A decoder's greeting, in the words of `printf`.
const GREETING: &str = r"printf 'IKDDEC1\n\000\003'";
/// Bytes of a question before its picture.
const HEAD: usize = 45;

#[tokio::test]
async fn a_decoder_can_do_nothing_but_read_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = ikd(folder.path(), &[]);
    let output = command.args(["--format", "json", "decoder", "check"]).output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["holds"], true);
    let acts = found["acts"].as_array().unwrap();
    assert_eq!(acts.len(), 7);
    for act in acts {
        // Each act works where nothing holds it, so that it is the walls that are looked at.
        assert_eq!(act["free"], "done", "{act}");
        let inside = if act["act"] == "take-memory" { "refused" } else { "killed" };
        assert_eq!(act["locked_in"], inside, "{act}");
        if ["open-file", "make-file", "run-program"].iter().any(|path| act["act"] == *path) {
            assert!(["refused", "no-wall"].iter().any(|held| act["landlock"] == *held), "{act}");
        }
    }
}

/// Processes that a process has started and that have not ended.
fn children(of: u32) -> BTreeSet<u32> {
    let ids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| stat(*id).is_some_and(|(state, parent)| parent == of && state != 'Z')).collect()
}

/// State and parent of a process.
fn stat(id: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut words = stat.rsplit_once(") ")?.1.split(' ');
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}

fn ended(id: u32) -> bool {
    stat(id).is_none_or(|(state, _)| matches!(state, 'Z' | 'X'))
}

/// Whether it has locked itself in and waits for its picture. One that ends before that counts as one that cannot be started, and for a second
/// none is.
fn waits(id: &u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.contains("Seccomp:\t2\n") && status.contains("State:\tS ")
}

/// The decoders of a node that wait, once there are so many.
async fn waiting(node: u32, count: usize) -> BTreeSet<u32> {
    let ready = || children(node).into_iter().filter(waits).collect::<BTreeSet<_>>();
    until("decoders wait", 20, async || Some(ready()).filter(|ids| ids.len() >= count)).await
}

async fn all_ended(ids: &BTreeSet<u32>) {
    until("no decoder is left", 20, async || ids.iter().all(|id| ended(*id)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decoders_of_a_node_are_replaced_and_end_with_it() {
    let world = World::with_people(Engine::Sqlite, 1).await;
    let mut node = world.node(&[]).await;
    let first = waiting(node.id(), 2).await;
    for id in &first {
        let read = |name: &str| fs::read_to_string(format!("/proc/{id}/{name}")).unwrap();
        assert_eq!(read("cmdline"), "ikd\0decoder\0", "nothing of the configuration");
        let status = read("status");
        assert!(status.contains("Seccomp:\t2\n") && status.contains("NoNewPrivs:\t1\n"), "{status}");
        let limits = read("limits");
        for (limit, most) in [
            ("Max open files", "0"),
            ("Max file size", "0"),
            ("Max processes", "0"),
            ("Max core file size", "0"),
            ("Max cpu time", "10"),
        ] {
            let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
            assert_eq!(line[limit.len()..].split_whitespace().next(), Some(most), "{line}");
        }
    }

    let phone = world.phone_at(&[&node.base]);
    let applicant = world.register_from(phone, &world.people[0], "warga@contoh.id").await;
    world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(200);
    // Which of them read it ended with it: the next picture meets another.
    until("a decoder was used up", 20, async || first.iter().any(|id| ended(*id)).then_some(())).await;

    // Somebody ends all of them, once while they wait and once while they have work.
    for id in waiting(node.id(), 2).await {
        signal(id, Signal::KILL).unwrap();
    }
    world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(200);
    // Each picture brings one more.
    let stopped = waiting(node.id(), 1).await;
    stopped.iter().for_each(|id| signal(*id, Signal::STOP).unwrap());
    let ending = async {
        until("one more began", 20, async || (children(node.id()).len() > stopped.len()).then_some(())).await;
        stopped.iter().for_each(|id| signal(*id, Signal::KILL).unwrap());
    };
    let (answer, ()) = tokio::join!(world.selfie(&applicant, "image/jpeg", portrait_bytes()), ending);
    answer.expect(200);

    let left = waiting(node.id(), 1).await;
    node.kill().await;
    all_ended(&left).await;

    let mut node = world.node(&[]).await;
    let left = waiting(node.id(), 1).await;
    node.terminate();
    assert_eq!(node.ended(20).await, Some(0));
    all_ended(&left).await;
}

/// A program that greets as a decoder does and then does something else.
fn script(folder: &Path, then: &str) -> PathBuf {
    let path = folder.join("decoder");
    fs::write(&path, format!("#!/bin/sh\n{then}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn read_by(then: &str) -> Result<(u32, u32), DecodeError> {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::at(script(folder.path(), then)).answering_within(Duration::from_secs(2));
    let read = Decoders::new(program, 1).read(portrait_bytes(), &LIMITS, SHAPE).await;
    read.map(|pixels| pixels.dimensions())
}

#[tokio::test]
async fn what_a_death_means_is_told_by_how_it_came() {
    let unreadable = Err(DecodeError::Harmful(PictureError::Unreadable));
    let after = |what: &str| format!("{GREETING}\nhead -c {HEAD} >/dev/null\n{what}");
    // What the kernel forbids, what a fault does, a panic's exit code: the picture is refused, and not tried again.
    for blamed in ["kill -SYS $$", "kill -SEGV $$", "kill -ABRT $$", "exit 101", "exit 0"] {
        assert_eq!(read_by(&after(blamed)).await, unreadable, "{blamed}");
    }
    assert_eq!(read_by(&after("kill -XCPU $$")).await, Err(DecodeError::Harmful(PictureError::TooCostly)));
    // More pixels than were asked for, none, and a word that there is not.
    for lie in [
        r"\000\301\003\000\000\001\000\000\000",
        r"\000\000\000\000\000\001\000\000\000",
        r"\011\000\000\000\000\000\000\000\000",
    ] {
        assert_eq!(read_by(&format!("{GREETING}\nprintf '{lie}'\nread -r _")).await, unreadable, "{lie}");
    }
    // Each time ended by somebody else, stopped, or never begun: nobody knows, and later is another day.
    let later = Err(DecodeError::Unavailable);
    assert_eq!(read_by(&after("kill -KILL $$")).await, later);
    assert_eq!(read_by(&after("kill -STOP $$")).await, later);
    assert_eq!(read_by(r"printf 'IKDDEC1\n\001\005'").await, later, "it could not be locked in");
    assert_eq!(read_by("echo HTTP/1.1 200 OK").await, later, "another program");
    assert_eq!(read_by("exit 3").await, later);
    let nothing = Decoders::new(Program::at("/nonexistent"), 1);
    assert_eq!(nothing.read(portrait_bytes(), &LIMITS, SHAPE).await.err(), Some(DecodeError::Unavailable));
}

#[tokio::test]
async fn a_picture_whose_decoder_was_ended_by_somebody_is_read_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let ended = folder.path().join("ended");
    let once = format!(
        "if [ -e {mark} ]; then exec {ikd} decoder; fi\n: >{mark}\n{GREETING}\nhead -c {HEAD} >/dev/null\nkill -KILL $$",
        mark = ended.display(),
        ikd = program().display()
    );
    assert_eq!(read_by(&once).await, Ok((240, 320)));
    assert!(ended.exists());
}

#[tokio::test]
async fn a_decoder_is_given_nothing_and_keeps_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let (given, pipe) = (folder.path().join("given"), folder.path().join("pipe"));
    assert!(tokio::process::Command::new("mkfifo").arg(&pipe).status().await.unwrap().success());
    let open = format!(
        "env >{given}\npwd >>{given}\nexec 7>{pipe}\nexec {ikd} decoder",
        given = given.display(),
        pipe = pipe.display(),
        ikd = program().display()
    );
    let decoders = Decoders::new(Program::at(script(folder.path(), &open)), 1);
    let reader = pipe.clone();
    // Ends when nobody has the other end any more: what was left open to a decoder is closed while it waits.
    let closed = tokio::task::spawn_blocking(move || fs::read(reader).unwrap());
    let measures = decoders.warm().await.unwrap();
    assert!(measures.seccomp);
    let read = tokio::time::timeout(Duration::from_secs(20), closed).await.expect("it is open still").unwrap();
    assert_eq!(read, b"");
    // Before it is used: the next one writes there too.
    let given = fs::read_to_string(given).unwrap();
    assert_eq!(decoders.read(portrait_bytes(), &LIMITS, SHAPE).await.unwrap().dimensions(), (240, 320));
    let (variables, folder): (Vec<&str>, Vec<&str>) = given.lines().partition(|line| line.contains('='));
    assert_eq!(folder, ["/"]);
    // The shell's own.
    let own = |line: &&str| ["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|name| line.starts_with(name));
    assert!(variables.iter().all(own), "{variables:?}");
}

/// `cargo test -p ikd-tests --test nodes -- --ignored --nocapture what_a_decoder_costs`: the figures of docs/performance.md.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn what_a_decoder_costs() {
    let picture =
        image::RgbImage::from_fn(2_304, 1_728, |x, y| image::Rgb([(x / 9) as u8, (y / 7) as u8, (x ^ y) as u8]));
    let mut large = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut large, image::ImageFormat::Jpeg).unwrap();
    let warm = Decoders::new(Program::at(program()), 2);
    for (name, jpeg, limits, shape) in [
        ("selfie of 4 megapixels", large.get_ref().as_slice(), LIMITS, SHAPE),
        ("portrait of 240 x 320", portrait_bytes(), Limits { least_side: 1, ..LIMITS }, Shape::Fit(360, 480)),
    ] {
        let mut times: [Vec<Duration>; 4] = Default::default();
        let mut reading = warm.reading();
        for _ in 0..40 {
            // In turns, so that whatever else this machine does meets all alike.
            let begun = Instant::now();
            Picture::read(jpeg, &limits).unwrap().shaped(shape);
            times[0].push(begun.elapsed());
            let begun = Instant::now();
            warm.read(jpeg, &limits, shape).await.unwrap();
            times[1].push(begun.elapsed());
            let begun = Instant::now();
            Decoders::new(Program::at(program()), 1).read(jpeg, &limits, shape).await.unwrap();
            times[2].push(begun.elapsed());
            let begun = Instant::now();
            reading.next(jpeg, &limits, shape).await.unwrap();
            times[3].push(begun.elapsed());
        }
        for times in &mut times {
            times.sort();
        }
        let [here, waiting, cold, again] = times.map(|times| times[times.len() / 2].as_secs_f64() * 1e3);
        println!("{name}: here {here:.1} ms, waiting decoder {waiting:.1}, cold {cold:.1}, the same again {again:.1}");
    }
}
