//! Keys in a hardware module: SoftHSM in its place, which speaks PKCS#11 as one does (docs/adr/0040-keys-in-hardware.md).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::node::{Node, ikd, text};
use support::world::{Applicant, Program, World};
use support::{Engine, Signal, until};
use tokio::process::{Child, Command};

const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Speaks to a module in another process, as to one across the network.
const CLIENT: &str = "pkcs11/p11-kit-client.so";

/// A service whose configuration names a module.
struct Place {
    world: World<Program>,
    folder: PathBuf,
    /// Where it listens: the phone goes on asking there.
    listen: String,
    /// The module's library, and what it wants to know.
    library: String,
    more: Vec<(String, String)>,
}

impl Place {
    async fn new(engine: Engine) -> Self {
        let world = World::with_people(engine, 1).await;
        let folder = world.folder.path().join("module");
        std::fs::create_dir_all(folder.join("tokens")).unwrap();
        let tokens = folder.join("tokens").display().to_string();
        std::fs::write(
            folder.join("softhsm2.conf"),
            format!("directories.tokendir = {tokens}\nobjectstore.backend = file\n"),
        )
        .unwrap();
        private(&folder.join("pin"), "87654321\n");
        private(&folder.join("wrong"), "11111111\n");
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "ikd-uji", "--so-pin", "12345678", "--pin", "87654321"])
            .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
            .output()
            .await
            .expect("softhsm2-util: apt-get install softhsm2");
        assert!(made.status.success(), "{}", text(&made.stderr));
        let listen = format!("127.0.0.1:{}", support::node::free_port());
        Self { world, folder, listen, library: LIBRARY.to_owned(), more: Vec::new() }
    }

    /// The module in a process of its own from now on.
    async fn remote(&mut self) -> Remote {
        let socket = self.folder.join("socket");
        let name = socket.display().to_string();
        let child = Command::new("p11-kit")
            .args(["server", "--foreground", "--name", &name, "--provider", LIBRARY, "pkcs11:"])
            .env("SOFTHSM2_CONF", self.folder.join("softhsm2.conf"))
            .env_remove("P11_KIT_SERVER_ADDRESS")
            .stdout(std::process::Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("p11-kit: apt-get install p11-kit p11-kit-modules");
        until("the module listens", 20, async || socket.exists().then_some(())).await;
        let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
        let library = folders.map(|folder| folder.join(CLIENT)).find(|path| path.exists());
        self.library = library.expect("p11-kit-client.so: apt-get install p11-kit-modules").display().to_string();
        self.more.push((String::from("P11_KIT_SERVER_ADDRESS"), format!("unix:path={name}")));
        Remote(child)
    }

    fn env(&self, pin: &str) -> Vec<(String, String)> {
        let pin = self.folder.join(pin).display().to_string();
        let module = [
            ("HTTP__LISTEN", self.listen.as_str()),
            ("KEYS__MODULE__LIBRARY", &self.library),
            ("KEYS__MODULE__TOKEN", "ikd-uji"),
            ("KEYS__MODULE__PIN_FILE", &pin),
        ];
        let mut env = self.world.env(&module);
        env.push((String::from("SOFTHSM2_CONF"), self.folder.join("softhsm2.conf").display().to_string()));
        env.extend(self.more.iter().cloned());
        env
    }

    async fn run(&self, env: &[(String, String)], arguments: &[&str]) -> (i32, String) {
        let output = ikd(self.world.folder.path(), env).args(arguments).output().await.unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    async fn good(&self, arguments: &[&str]) -> Value {
        let (code, told) = self.run(&self.env("pin"), &[&["--format", "json"], arguments].concat()).await;
        assert_eq!(code, 0, "{told}");
        serde_json::from_str(told.lines().next().unwrap()).unwrap()
    }

    async fn is_active(&self, kid: &str) {
        until("the key in the module signs", 20, async || {
            let keys = self.good(&["keys", "list"]).await;
            let active =
                keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid && key["state"] == "active");
            active.then_some(())
        })
        .await;
    }

    async fn is_verified(&self, node: &Node, holder: &Applicant) {
        holder.client.unlock().await.expect(200);
        let token = self.world.present(holder, "full").await;
        assert_eq!(self.world.verdict_of(&self.world.bank(&node.base), &token).await, "valid");
    }
}

/// A module in another process, with the processes that it makes for each who calls.
struct Remote(Child);

impl Remote {
    fn signal(&self, signal: Signal) {
        support::signal_group(self.0.id().unwrap(), signal).unwrap();
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        for signal in [Signal::KILL, Signal::CONT] {
            self.signal(signal);
        }
    }
}

fn private(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn signs_in_the_module(engine: Engine) {
    let place = Place::new(engine).await;
    let world = &place.world;
    let keys = world.folder.path().join("keys");
    let mut node = Node::start(world.folder.path(), &place.env("pin")).await;
    let holder = world.active(&[&node.base], 0).await;

    // From files into the module, each algorithm for each purpose, while the service runs.
    for (purpose, algorithm) in [("token", "es256"), ("receipt", "ed25519"), ("token", "ed25519"), ("receipt", "es256")]
    {
        let kid = place.good(&["keys", "rotate", purpose, "--algorithm", algorithm]).await["kid"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(!keys.join(format!("{purpose}-{kid}.pem")).exists(), "it is in no file");
        place.is_active(&kid).await;
        place.is_verified(&node, &holder).await;
    }
    node.terminate();
    node.ended(30).await;

    // The root secret too: in clear it goes into a safe.
    let safe = world.folder.path().join("safe").display().to_string();
    for (folder, why) in [(safe.clone(), "No such file"), (keys.join("root").display().to_string(), "another folder")] {
        let (code, told) = place.run(&place.env("pin"), &["keys", "wrap-root", "--safe", &folder]).await;
        assert!(code == 3 && told.contains(why) && keys.join("root/1").exists(), "{code} {told}");
    }
    std::fs::create_dir(&safe).unwrap();
    let wrapped = place.good(&["keys", "wrap-root", "--safe", &safe]).await;
    assert_eq!(wrapped["wrapped"], serde_json::json!([1]));
    assert!(!keys.join("root/1").exists() && Path::new(&safe).join("1").exists());
    assert_eq!(place.good(&["keys", "wrap-root", "--safe", &safe]).await["wrapped"], serde_json::json!([]));
    let (code, told) = place.run(&world.env(&[]), &["serve"]).await;
    assert!(code == 3 && told.contains("keys.module"), "without the module: {code} {told}");
    let (code, told) = place.run(&place.env("wrong"), &["serve"]).await;
    assert!(code == 3 && told.contains("refused the PIN") && !told.contains("11111111"), "{code} {told}");
    // The module counts: after a wrong one the right one is not tried either, until a person has logged in.
    let (code, told) = place.run(&place.env("pin"), &["keys", "list"]).await;
    assert!(code == 3 && told.contains("log in once"), "{code} {told}");
    let mended = Command::new("pkcs11-tool")
        .args(["--module", LIBRARY, "--token-label", "ikd-uji", "--login", "--pin", "87654321", "--list-objects"])
        .env("SOFTHSM2_CONF", place.folder.join("softhsm2.conf"))
        .output()
        .await
        .expect("pkcs11-tool: apt-get install opensc");
    assert!(mended.status.success(), "{}", text(&mended.stderr));
    let (code, told) = place.run(&place.env("pin"), &["keys", "init"]).await;
    assert!(code == 0 && told.contains("nothing was missing"), "no second root secret: {code} {told}");
    let node = Node::start(world.folder.path(), &place.env("pin")).await;
    place.is_verified(&node, &holder).await;

    // An altered file opens nothing, and neither does another version's.
    let path = keys.join("root/1.wrapped");
    let good = std::fs::read(&path).unwrap();
    for (place_of, flip) in [(0, 1), (good.len() - 1, 0x80)] {
        let mut bad = good.clone();
        bad[place_of] ^= flip;
        std::fs::write(&path, &bad).unwrap();
        let (code, told) = place.run(&place.env("pin"), &["keys", "list"]).await;
        assert!(code == 3 && told.contains("1.wrapped"), "{code} {told}");
    }
    std::fs::rename(&path, keys.join("root/2.wrapped")).unwrap();
    std::fs::write(keys.join("root/2.wrapped"), &good).unwrap();
    let (code, told) = place.run(&place.env("pin"), &["keys", "list"]).await;
    assert!(code == 3 && told.contains("2.wrapped"), "{code} {told}");
    std::fs::rename(keys.join("root/2.wrapped"), &path).unwrap();
    if engine == Engine::Sqlite {
        retires_a_wrapped_root(&place, node, &holder, &safe).await;
    }
}

/// Another root secret, wrapped as well, takes its place; what lies on the disk of the old one goes into the safe.
async fn retires_a_wrapped_root(place: &Place, mut node: Node, holder: &Applicant, safe: &str) {
    let (folder, root) = (place.world.folder.path(), place.world.folder.path().join("keys/root"));
    assert_eq!(place.good(&["keys", "new-root"]).await["version"], 2);
    assert_eq!(place.good(&["keys", "wrap-root", "--safe", safe]).await["wrapped"], serde_json::json!([2]));
    node.terminate();
    node.ended(30).await;
    let mut node = Node::start(folder, &place.env("pin")).await;
    until("all rows under the new root secret", 60, async || {
        let roots = place.good(&["keys", "roots"]).await;
        (roots["roots"][1]["state"] == "active" && roots["reseal_done"] == true).then_some(())
    })
    .await;
    let retired = place.good(&["keys", "retire-root", "1", "--void", "--look-again-after", "1", "--safe", safe]).await;
    assert_eq!(retired["moved"], true, "{retired}");
    assert!(Path::new(safe).join("1.wrapped").exists() && !root.join("1.wrapped").exists());
    assert!(root.join("1.retained").exists() && root.join("2.wrapped").exists() && !root.join("2").exists());
    node.terminate();
    node.ended(30).await;
    let node = Node::start(folder, &place.env("pin")).await;
    place.is_verified(&node, holder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_runs_on_keys_of_a_module_on_sqlite() {
    signs_in_the_module(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_runs_on_keys_of_a_module_on_postgres() {
    signs_in_the_module(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_does_not_answer_holds_up_what_it_signs_alone() {
    let mut place = Place::new(Engine::Sqlite).await;
    let remote = place.remote().await;
    let world = &place.world;
    let mut node = Node::start(world.folder.path(), &place.env("pin")).await;
    let holder = world.active(&[&node.base], 0).await;
    let made = place.good(&["keys", "rotate", "token", "--algorithm", "es256"]).await;
    place.is_active(made["kid"].as_str().unwrap()).await;
    holder.client.unlock().await.expect(200);
    let full = json!({"share": "full"});
    let ask = || holder.client.post("/v1/me/presentations", &full);
    let token = until("the node signs in the module", 20, async || {
        let answer = ask().await;
        (answer.status == 200).then(|| answer.text("token"))
    })
    .await;

    remote.signal(Signal::STOP);
    let refused = ask().await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after").is_empty()), (503, false), "{}", refused.body());
    // The receipt's key is a file: who holds a QR is checked, and a QR of nobody is refused at once.
    let bank = world.bank(&node.base);
    assert_eq!(world.verdict_of(&bank, &token).await, "valid");
    // As many as there may be sessions, and more: each is told, none waits for ever.
    let crowd = futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert!(
        crowd.iter().all(|answer| answer.status == 503),
        "{:?}",
        crowd.iter().map(|one| one.status).collect::<Vec<_>>()
    );
    // Other nodes are asked meanwhile, if they have a module that answers (ADR 40).
    node.becomes(503).await;

    remote.signal(Signal::CONT);
    until("it signs again", 40, async || (ask().await.status == 200).then_some(())).await;
    node.becomes(200).await;

    // A thread that waits for the module keeps nobody from leaving, and whoever begins is told what to look at.
    remote.signal(Signal::STOP);
    assert_eq!(ask().await.status, 503);
    node.terminate();
    let env = place.env("pin");
    let (left, (code, told)) = tokio::join!(node.ended(30), place.run(&env, &["keys", "list"]));
    assert_eq!(left, Some(0), "{}", node.printed());
    assert!(code != 0 && told.contains("keys.module.library"), "{code}: {told}");
}
