//! The memory of device proofs.

use ikd::device::SpentProofs;
use ikd::device::guard::Once;
use ikd::error::Code;
use tokio::task::JoinSet;
use uuid::Uuid;

use support::each_engine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_is_spent_once_and_forgotten_when_its_nonce_counts_no_more() {
    each_engine(async |context| {
        // Two nodes over one database.
        let nodes = [SpentProofs::start(context.clone()), SpentProofs::start(context.clone())];
        let window = context.now().seconds().div_euclid(150);
        let once = move |number: u128| Once { window, proof: Uuid::from_u128(number) };
        let mut running = JoinSet::new();
        for number in 0..200_u128 {
            let node = nodes[number as usize % 2].clone();
            running.spawn(async move { node.spend(once(number / 4)).await.map_err(|error| error.code()) });
        }
        let done = running.join_all().await;
        assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 50, "four copies each, at both nodes");
        assert_eq!(done.iter().filter(|one| **one == Err(Some(Code::UseDpopNonce))).count(), 150);
        nodes[0].spend(Once { window: window + 1, ..once(7) }).await.unwrap();

        context.clock.advance(450);
        assert_eq!(nodes[0].sweep().await.unwrap(), 0, "a node whose clock is behind still takes them");
        assert!(nodes[1].spend(once(7)).await.is_err());
        context.clock.advance(150);
        assert_eq!(nodes[0].sweep().await.unwrap(), 50);
        context.clock.advance(150);
        assert_eq!(nodes[1].sweep().await.unwrap(), 1);
        nodes[0].drain().await;
        assert_eq!(nodes[0].spend(once(1)).await.unwrap_err().code(), Some(Code::Overloaded));
    })
    .await;
}
