//! Which acts only the command line does: `tests/nodes/commands.rs` sees them, `tests/api/acts.rs` all others.

use ikd::audit::Action;

/// They are done by commands.
pub const BY_COMMAND: &[Action] = &[
    Action::NodeStarted,
    Action::PairsRead,
    Action::RestoreBegun,
    Action::RestoreDone,
    Action::OfficerEndSet,
    Action::OfficerActingSet,
    Action::KeyMade,
    Action::KeyRotated,
    Action::KeyRevoked,
    Action::KeySetExported,
    Action::RootMade,
    Action::RootActivated,
    Action::ResealBegun,
    Action::ResealDone,
    Action::RootRetired,
    Action::RegisterImported,
    Action::RegisterOpened,
    Action::RegisterClosed,
];
