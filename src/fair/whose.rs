//! The client for whom the current task works, so that shared resources it takes deep inside count as that client's
//! share.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};

tokio::task_local! {
    static CLIENT: IpAddr;
}

/// Runs `work` for the client of this address.
pub async fn for_client<T>(address: IpAddr, work: impl Future<Output = T>) -> T {
    CLIENT.scope(address, work).await
}

/// The client for whom this task works; `None` for background work and for batches of several clients.
pub fn whose() -> Option<IpAddr> {
    CLIENT.try_with(|address| *address).ok()
}

/// The client whose share this task uses; background work counts as one more client.
pub fn whose_share() -> IpAddr {
    whose().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
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
}
