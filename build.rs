//! Says that a file added to `web/` is a change: the macro that embeds the folder watches only the files that it has seen.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=web");
}
