//! The office's people.

use super::super::act::{AskStaff, ConfirmStaff, GrantStaff, ReadStaff, RefuseStaff, StopStaff};
use crate::staff::http::staff_routes;

staff_routes!("/v1/officer", "Counter", "officer");
