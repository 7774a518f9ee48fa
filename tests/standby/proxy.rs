//! The network between a node and a server, which can be cut.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It arrives.
    Whole,
    /// It arrives nowhere, and nobody hears of that: a cable that was pulled.
    Silent,
    /// Connections are refused, and those that are there broken: a rule of a firewall.
    Refusing,
}

/// A way to a port of this machine.
pub struct Proxy {
    /// Where it begins.
    pub port: u16,
    network: watch::Sender<Network>,
}

impl Proxy {
    /// To this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (network, state) = watch::channel(Network::Whole);
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept(listener, SocketAddr::from(([127, 0, 0, 1], port)), state));
        Self { port: address.port(), network }
    }

    /// From now on.
    pub fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, state: watch::Receiver<Network>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut state = state.clone();
        tokio::spawn(async move {
            if !arrives(&mut state).await {
                return;
            }
            let Ok(server) = TcpStream::connect(to).await else { return };
            let (client, server) = (client.into_split(), server.into_split());
            let back = state.clone();
            // When one direction ends, both do.
            tokio::select! {
                () = carry(client.0, server.1, state) => {}
                () = carry(server.0, client.1, back) => {}
            }
        });
    }
}

/// Waits until something arrives again; `false` when the connection is broken instead.
async fn arrives(state: &mut watch::Receiver<Network>) -> bool {
    let whole = state.wait_for(|network| *network != Network::Silent).await;
    whole.is_ok_and(|network| *network == Network::Whole)
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Network>) {
    let mut part = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut part) => read,
            _ = async { drop(state.wait_for(|network| *network == Network::Refusing).await) } => return,
        };
        let Ok(length @ 1..) = read else { return };
        if !arrives(&mut state).await || to.write_all(&part[..length]).await.is_err() {
            return;
        }
    }
}
