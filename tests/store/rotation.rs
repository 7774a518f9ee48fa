//! Rotation between nodes: a key takes over only when every living node holds it.

use ikd::config::Config;
use ikd::context::Context;
use ikd::credential::KeyPurpose;
use ikd::keyring::{KeyState, Keyring};

use support::each_engine;

async fn state(context: &Context, kid: [u8; 8]) -> KeyState {
    let rows = Keyring::list(context).await.unwrap();
    rows.into_iter().find(|row| row.kid == kid).unwrap().state
}

#[tokio::test]
async fn a_badly_copied_key_holds_rotation_back_and_stops_no_node() {
    use std::os::unix::fs::PermissionsExt;
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let here = Keyring::open(context.clone()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy_all = || {
            for file in std::fs::read_dir(&context.config.keys.directory).unwrap().map(Result::unwrap) {
                std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
            }
        };
        copy_all();
        let mut config: Config = (*context.config).clone();
        config.keys.directory = folder.path().to_path_buf();
        let there_core = context.altered(|sources| sources.config = config.into());
        let there = Keyring::open(there_core.clone()).await.unwrap();

        let kid = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        copy_all();
        let name = format!("token-{}.pem", kid.map(|byte| format!("{byte:02x}")).concat());
        let copied = folder.path().join(name);
        std::fs::set_permissions(&copied, std::fs::Permissions::from_mode(0o644)).unwrap();
        for _ in 0..4 {
            context.clock.advance(20);
            there.refresh().await.expect("the node goes on");
            here.refresh().await.unwrap();
        }
        assert_eq!(state(&context, kid).await, KeyState::Next, "one living node cannot sign with it");
        assert!(there.rotation_is_blocked() && here.rotation_is_blocked(), "both nodes say so");
        assert!(Keyring::open(there_core).await.is_err(), "but no node starts like this");

        std::fs::set_permissions(&copied, std::fs::Permissions::from_mode(0o600)).unwrap();
        there.refresh().await.unwrap();
        here.refresh().await.unwrap();
        assert_eq!(state(&context, kid).await, KeyState::Active);
        there.refresh().await.unwrap();
        assert!(!there.rotation_is_blocked());
        assert_eq!(there.signer(KeyPurpose::Token).unwrap().kid(), kid);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_lost_a_key_no_longer_counts_as_holding_it() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let node = Keyring::open(context.clone()).await.unwrap();
        let mut config: Config = (*context.config).clone();
        config.keys.publish_ahead_seconds = 60;
        let context = context.altered(|sources| sources.config = config.into());
        let patient = Keyring::open(context.clone()).await.unwrap();
        drop(node);
        context.clock.advance(40);
        let kid = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        patient.refresh().await.unwrap();
        let name = format!("token-{}.pem", kid.map(|byte| format!("{byte:02x}")).concat());
        std::fs::remove_file(context.config.keys.directory.join(name)).unwrap();
        context.clock.advance(61);
        patient.refresh().await.unwrap();
        assert_eq!(state(&context, kid).await, KeyState::Next);
    })
    .await;
}

#[tokio::test]
async fn a_key_file_that_nobody_needs_stops_no_node_and_one_that_is_needed_does() {
    use std::os::unix::fs::OpenOptionsExt;
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let empty = |kid: &str| {
            let file = context.config.keys.directory.join(format!("token-{kid}.pem"));
            let made = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
            made.unwrap();
        };
        // What earlier versions left behind when the disk was full: no row knows it.
        empty("0102030405060708");
        let keyring = Keyring::open(context.clone()).await.unwrap();
        assert!(!keyring.rotation_is_blocked(), "no published key is concerned");
        let next = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        empty(&next.map(|byte| format!("{byte:02x}")).concat());
        let told = Keyring::open(context.clone()).await.err().unwrap().to_string();
        assert!(told.contains("empty") && told.contains("copy"), "{told}");
        // A running node goes on, and tells at once.
        keyring.refresh().await.unwrap();
        assert!(keyring.rotation_is_blocked());
    })
    .await;
}
