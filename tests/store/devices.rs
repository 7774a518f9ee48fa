//! Which device a resident's digital KTP is on: one, whatever was before and whoever else is about to become active.

use std::sync::Arc;

use ikd::context::Context;
use ikd::device::client::PinKey;
use ikd::error::{Code, Error, Language, Result};
use ikd::holder::ports::{NewHolder, enrol};
use ikd::holder::store;
use ikd::{execute, fetch_all};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::residents::{RESIDENT, record};
use support::each_engine;

const OTHER: Uuid = Uuid::from_u128(0x52);

/// Makes a digital KTP on this device, as an activation does.
async fn activate(context: &Context, resident: Uuid, device: u8) -> Result<()> {
    let new = NewHolder {
        resident_id: resident,
        registration_id: Uuid::from_u128(u128::from(device)),
        device: [device; 32],
        pin_public_key: PinKey::from_seed(&[1; 32]).public().unwrap(),
        email: Some(String::from("siti@example.id").into()),
        language: Language::Indonesian,
        nik: record().nik,
    };
    let mut tx = context.db.write().await?;
    enrol(context, &mut tx, &new, context.now()).await?;
    Ok(tx.commit().await?)
}

/// Lets the next activation of a resident be possible: two people let the digital KTP make way.
async fn make_way(context: &Context, resident: Uuid) {
    let mut tx = context.db.write().await.unwrap();
    execute!(&mut tx, "UPDATE credential SET state = 'deactivated' WHERE resident_id = $1", resident).unwrap();
    tx.commit().await.unwrap();
}

/// All bindings: the first byte of the device, and whose it is.
async fn bindings(context: &Context) -> Vec<(u8, Uuid)> {
    let all = "SELECT device_thumbprint, resident_id FROM device_binding ORDER BY device_thumbprint";
    let mut tx = context.db.read().await.unwrap();
    let rows = fetch_all!(&mut tx, (Vec<u8>, Uuid), all).unwrap();
    rows.into_iter().map(|(device, resident)| (device[0], resident)).collect()
}

/// Two activations at the same moment; how each ended.
async fn both(context: &Context, acts: [(Uuid, u8); 2]) -> [Result<()>; 2] {
    let barrier = Arc::new(Barrier::new(2));
    let [first, second] = acts.map(|(resident, device)| {
        let (context, barrier) = (context.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            activate(&context, resident, device).await
        })
    });
    [first.await.unwrap(), second.await.unwrap()]
}

fn refused(result: &Result<()>) -> bool {
    matches!(result, Err(Error::Refused(refusal)) if refusal.code == Code::AlreadyActive)
}

#[tokio::test]
async fn after_many_activations_only_the_last_device_is_bound() {
    each_engine(async |context| {
        activate(&context, OTHER, 200).await.unwrap();
        for device in 1..=20 {
            activate(&context, RESIDENT, device).await.unwrap();
            make_way(&context, RESIDENT).await;
            assert_eq!(bindings(&context).await, [(device, RESIDENT), (200, OTHER)], "device {device}");
        }
        // The same one again, and one that was given up before.
        for device in [20, 7] {
            activate(&context, RESIDENT, device).await.unwrap();
            make_way(&context, RESIDENT).await;
            assert_eq!(bindings(&context).await, [(device, RESIDENT), (200, OTHER)], "device {device}");
        }
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(store::resident_of(&mut tx, &[7; 32]).await.unwrap(), Some(RESIDENT));
        // What is given up is free for others.
        drop(tx);
        make_way(&context, OTHER).await;
        activate(&context, OTHER, 20).await.unwrap();
        assert_eq!(bindings(&context).await, [(7, RESIDENT), (20, OTHER)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_that_become_one_resident_s_at_once_leave_one_binding() {
    each_engine(async |context| {
        for round in 0..10 {
            let acts = [(RESIDENT, 10 + 2 * round), (RESIDENT, 11 + 2 * round)];
            let went = both(&context, acts).await;
            let won = went.iter().position(Result::is_ok).unwrap();
            assert!(refused(&went[1 - won]), "{went:?}");
            assert_eq!(bindings(&context).await, [(acts[won].1, RESIDENT)]);
            make_way(&context, RESIDENT).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_residents_on_one_device_at_once_leave_it_to_one_of_them() {
    each_engine(async |context| {
        for round in 0..10 {
            // Each has another device before, but for the first time.
            let (device, residents) = (10 + round, [RESIDENT, OTHER]);
            let before = bindings(&context).await;
            let went = both(&context, residents.map(|resident| (resident, device))).await;
            let won = went.iter().position(Result::is_ok).unwrap();
            assert!(refused(&went[1 - won]), "{went:?}");
            let mut now: Vec<_> = before.into_iter().filter(|(_, resident)| *resident != residents[won]).collect();
            now.push((device, residents[won]));
            now.sort_unstable();
            assert_eq!(bindings(&context).await, now);
            for resident in residents {
                make_way(&context, resident).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_residents_who_swap_devices_are_both_refused_and_lose_nothing() {
    each_engine(async |context| {
        activate(&context, RESIDENT, 1).await.unwrap();
        activate(&context, OTHER, 2).await.unwrap();
        for _ in 0..10 {
            make_way(&context, RESIDENT).await;
            make_way(&context, OTHER).await;
            let went = both(&context, [(RESIDENT, 2), (OTHER, 1)]).await;
            assert!(went.iter().all(refused), "{went:?}");
            assert_eq!(bindings(&context).await, [(1, RESIDENT), (2, OTHER)]);
        }
    })
    .await;
}
