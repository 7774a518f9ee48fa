//! What a decoder gives up before it reads the first byte of a stranger's file (Linux). Each step stands for itself: what one lets through,
//! another holds.

use std::collections::BTreeMap;

use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::wire::{MEMORY, Measures};

/// Seconds of processor time that a decoder has in all. A picture within the limits takes half a second at most, and a process that reads
/// several is replaced after two.
const SECONDS: u64 = 10;
/// What the program itself may take of addresses where nobody tells how much that is.
const PROGRAM: u64 = 1 << 30;

/// The step that failed. Its number is what a decoder can still say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::FromRepr, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Step {
    /// Other open files than the two pipes.
    Files = 1,
    /// Limits of memory, time and files.
    Limits = 2,
    /// New privileges.
    Privileges = 3,
    /// Paths and networks.
    Landlock = 4,
    /// System calls.
    Seccomp = 5,
}

/// Locks this process in. Only for one with a single thread, whose standard input and output are pipes.
///
/// # Errors
/// With the step that could not be done. A kernel without landlock is no error: system calls that open anything end the process anyway.
pub fn lock() -> Result<Measures, Step> {
    go_first();
    close_files().map_err(|()| Step::Files)?;
    limit_use().map_err(|_| Step::Limits)?;
    rustix::thread::set_no_new_privs(true).map_err(|_| Step::Privileges)?;
    let landlock = shut_paths()?;
    limit_files().map_err(|_| Step::Limits)?;
    filter_calls().ok_or(Step::Seccomp)?;
    Ok(Measures { seccomp: true, landlock })
}

/// Only opens no path and no network any more: the second wall, alone. For looking at it.
///
/// # Errors
/// With the step that could not be done.
pub fn lock_paths() -> Result<Measures, Step> {
    rustix::thread::set_no_new_privs(true).map_err(|_| Step::Privileges)?;
    Ok(Measures { seccomp: false, landlock: shut_paths()? })
}

/// Where memory is short, the kernel ends this process and not the service. Anybody may ask that of their own; where there is no such file,
/// nothing is asked.
fn go_first() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// The service opens its files so that no other program gets them; what whoever started the service left open goes here. What was missed
/// could not be read either: the filter knows two descriptors.
fn close_files() -> Result<(), ()> {
    // Out of the terminal's group: who stops the service there lets it end what it has begun.
    let _ = rustix::process::setsid();
    let listed = std::fs::read_dir("/proc/self/fd").map_err(|_| ())?;
    let open: Vec<i32> = listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for file in open.into_iter().filter(|file| *file > 2) {
        // One of them was the list itself, which is closed already.
        let _ = nix::unistd::close(file);
    }
    Ok(())
}

fn limit_use() -> rustix::io::Result<()> {
    // Nobody else may look into its memory, and it leaves none behind.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    for (resource, most) in [
        (Resource::As, addresses().saturating_add(MEMORY)),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
    ] {
        limit(resource, most)?;
    }
    // The signal that says why comes at the lower one.
    let seconds = Rlimit { current: Some(SECONDS), maximum: Some(SECONDS + 1) };
    rustix::process::setrlimit(Resource::Cpu, seconds)
}

/// No further file. After landlock, which needs one.
fn limit_files() -> rustix::io::Result<()> {
    limit(Resource::Nofile, 0)
}

fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// Bytes of addresses that the program has already.
fn addresses() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    pages.map_or(PROGRAM, |pages| pages.saturating_mul(rustix::param::page_size() as u64))
}

/// No path, no port, no socket of others and no signal to them, as far as the kernel knows such rules. Gives whether it knows any.
fn shut_paths() -> Result<bool, Step> {
    const NEWEST: ABI = ABI::V6;
    let made = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    made.map(|status| status.ruleset != RulesetStatus::NotEnforced).map_err(|_| Step::Landlock)
}

/// Of system calls only reading the one pipe, writing the other, memory that holds no program, and ending. Any other ends the process.
fn filter_calls() -> Option<()> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let filter = SeccompFilter::new(rules()?, SeccompAction::KillProcess, SeccompAction::Allow, arch).ok()?;
    let program = BpfProgram::try_from(filter).ok()?;
    seccompiler::apply_filter(&program).ok()
}

/// Bits of an argument have to have this value.
fn bits(argument: u8, mask: i32, value: i32) -> Option<SeccompCondition> {
    let (mask, value) = (u64::try_from(mask).ok()?, u64::try_from(value).ok()?);
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value).ok()
}

fn equal(argument: u8, value: u64) -> Option<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).ok()
}

fn rules() -> Option<BTreeMap<i64, Vec<SeccompRule>>> {
    let rule = |conditions: Vec<SeccompCondition>| SeccompRule::new(conditions).ok();
    let own = u64::try_from(rustix::process::getpid().as_raw_nonzero().get()).ok()?;
    let abort = u64::try_from(libc::SIGABRT).ok()?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = [
        (libc::SYS_read, vec![rule(vec![equal(0, 0)?])?]),
        (libc::SYS_write, vec![rule(vec![equal(0, 1)?])?, rule(vec![equal(0, 2)?])?]),
        // No file, and nothing that could run.
        (
            libc::SYS_mmap,
            vec![rule(vec![bits(2, libc::PROT_EXEC, 0)?, bits(3, libc::MAP_ANONYMOUS, libc::MAP_ANONYMOUS)?])?],
        ),
        (libc::SYS_mprotect, vec![rule(vec![bits(2, libc::PROT_EXEC, 0)?])?]),
        // Whoever has no memory left aborts: that shows as what it is.
        (libc::SYS_tgkill, vec![rule(vec![equal(0, own)?, equal(2, abort)?])?]),
    ]
    .into();
    let free = [
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    rules.extend(free.map(|call| (call, Vec::new())));
    Some(rules)
}
