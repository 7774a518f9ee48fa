//! The client for whom the current task works, so that shared resources it takes deep inside count as that client's
//! share, and what it does says from where it came.

use std::cell::RefCell;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};

struct Client {
    address: IpAddr,
    session: RefCell<Option<Box<[u8]>>>,
}

tokio::task_local! {
    static CLIENT: Client;
}

/// Runs `work` for the client of this address.
pub async fn for_client<T>(address: IpAddr, work: impl Future<Output = T>) -> T {
    CLIENT.scope(Client { address, session: RefCell::default() }, work).await
}

/// The client for whom this task works; `None` for background work and for batches of several clients.
pub fn whose() -> Option<IpAddr> {
    CLIENT.try_with(|client| client.address).ok()
}

/// The client whose share this task uses; background work counts as one more client.
pub fn whose_share() -> IpAddr {
    whose().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Notes in which session this task's client acts from now on, by what the service knows it by: bytes that open nothing. Without a client
/// nothing is noted.
pub fn in_session(known_by: &[u8]) {
    let _ = CLIENT.try_with(|client| *client.session.borrow_mut() = Some(known_by.into()));
}

/// The session in which this task's client acts, as it was noted.
pub fn whose_session() -> Option<Box<[u8]>> {
    CLIENT.try_with(|client| client.session.borrow().clone()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_a_client_s_inside_and_the_service_s_own_outside() {
        let address = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(whose(), None);
        assert_eq!(for_client(address, async { whose() }).await, Some(address));
        let own = for_client(address, async { tokio::spawn(async { whose() }).await.unwrap() }).await;
        assert_eq!(own, None, "what is handed to another task is not the client's any more");
    }

    #[tokio::test]
    async fn a_session_is_one_client_s_until_another_is_noted() {
        let address = IpAddr::from([192, 0, 2, 1]);
        in_session(b"nobody's");
        assert_eq!(whose_session(), None);
        for_client(address, async {
            assert_eq!(whose_session(), None);
            in_session(b"one");
            for_client(address, async { assert_eq!(whose_session(), None, "another request") }).await;
            in_session(b"two");
            assert_eq!(whose_session().as_deref(), Some(&b"two"[..]));
        })
        .await;
    }
}
