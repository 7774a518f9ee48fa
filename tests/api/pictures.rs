//! Selfies: what cannot be a picture, what is too much of one, and what must not survive in one.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ikd::context::Sources;
use ikd::registration::pictures::Pictures;
use support::answer::Answer;
use support::png::Png;
use support::world::{World, portrait_bytes};
use support::{Engine, context, each_engine, until};

/// A PNG whose header promises `width` × `height`; its data are `rows` rows of zeros.
fn png(width: u32, height: u32, rows: u32) -> Vec<u8> {
    Png { rows, ..Png::grey(width, height) }.bytes()
}

/// A JPEG with an EXIF segment that carries a place, and a comment.
fn with_gps(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".to_vec();
    exif.extend_from_slice(b"GPS-CANARY -6.2088 106.8456");
    let mut out = jpeg[..2].to_vec();
    for (marker, data) in [(0xe1_u8, exif.as_slice()), (0xfe, b"COMMENT-CANARY")] {
        out.extend_from_slice(&[0xff, marker]);
        out.extend_from_slice(&u16::try_from(data.len() + 2).unwrap().to_be_bytes());
        out.extend_from_slice(data);
    }
    out.extend_from_slice(&jpeg[2..]);
    out.extend_from_slice(b"PK\x03\x04TAIL-CANARY<script>");
    out
}

fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_usable_picture_is_refused_and_changes_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.register(&world.people[0]).await;
        let good = portrait_bytes();
        let before = peak_memory_kib();
        let small = png(100, 100, 100);
        for (what, kind, picture) in [
            ("nothing", "image/jpeg", &b""[..]),
            ("text", "image/jpeg", b"hello"),
            ("another format", "image/png", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
            ("a page", "image/jpeg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
            ("half a JPEG", "image/jpeg", &good[..good.len() / 2]),
            ("a JPEG's head", "image/jpeg", &good[..40]),
            ("60,000 pixels a side", "image/png", &png(60_000, 60_000, 0)),
            ("one pixel too many", "image/png", &png(4_097, 300, 300)),
            ("a bomb of four billion pixels", "image/png", &png(65_535, 65_535, 1_000)),
            ("fewer rows than promised", "image/png", &png(4_096, 4_096, 10)),
            ("too small", "image/png", &small),
        ] {
            let answer = world.selfie(&applicant, kind, picture).await.expect(422);
            assert_eq!(answer.code(), "picture_unusable", "{what}");
        }
        assert!(peak_memory_kib() - before < 400 * 1_024, "memory is bounded");
        let wrong = world.selfie(&applicant, "text/plain", good).await.expect(415);
        assert_eq!(wrong.code(), "unsupported_media_type");
        let large = world.selfie(&applicant, "image/jpeg", &vec![0xff; 5 * 1_024 * 1_024 + 1]).await.expect(413);
        assert_eq!(large.code(), "too_large");
        assert_eq!(world.state(&applicant).await, "needs_selfie");
        world.selfie(&applicant, "image/png", &png(4_096, 4_096, 4_096)).await.expect(200);
        world.selfie(&applicant, "image/jpeg", good).await.expect(200);
        assert_eq!(world.state(&applicant).await, "awaiting_officer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_one_client_s_pictures_lets_another_s_pass() {
    let folder = tempfile::tempdir().unwrap();
    let one_at_a_time = |sources: &mut Sources| {
        let mut config = (*sources.config).clone();
        config.limits.pictures = 1;
        sources.config = config.into();
    };
    let pictures = Pictures::new(&context(Engine::Sqlite, folder.path()).await.altered(one_at_a_time));
    let (flooder, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
    let done = Arc::new(AtomicUsize::new(0));
    let large = png(1_500, 1_500, 1_500);
    let flood: Vec<_> = (0..64)
        .map(|_| {
            let (pictures, large, done) = (pictures.clone(), large.clone(), done.clone());
            tokio::spawn(async move {
                let cleaned = pictures.clean(flooder, large).await;
                done.fetch_add(usize::from(cleaned.is_ok()), Ordering::Relaxed);
                cleaned.is_ok()
            })
        })
        .collect();
    until("the flood is being decoded", 20, async || (done.load(Ordering::Relaxed) > 0).then_some(())).await;
    let before = done.load(Ordering::Relaxed);
    pictures.clean(other, portrait_bytes().to_vec()).await.unwrap();
    let meanwhile = done.load(Ordering::Relaxed) - before;
    let mut taken = 0;
    for one in flood {
        taken += usize::from(one.await.unwrap());
    }
    // One was being decoded, and the count of another may come late.
    assert!(meanwhile <= 3, "{meanwhile} of the flood went before");
    assert!((10..64).contains(&taken), "{taken}: a client may wait in as many places as are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_original_file_is_kept() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.register(&world.people[0]).await;
        let picture = with_gps(portrait_bytes());
        world.selfie(&applicant, "image/jpeg", &picture).await.expect(200);
        world.app.registrations.checks.check_due().await.unwrap();
        let desk = world.desk().await;
        world.scan(desk, &applicant).await.expect(200);
        let path = format!("/v1/officer/registrations/{}/selfie", applicant.id);
        let kept: Answer = desk.get(&path).await.expect(200);
        for canary in ["GPS-CANARY", "COMMENT-CANARY", "TAIL-CANARY", "Exif", "<script"] {
            assert!(!kept.bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
        }
        image::load_from_memory(&kept.bytes).unwrap();
    })
    .await;
}
