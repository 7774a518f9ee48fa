//! From the e-mailed code to the PIN: activation code, captcha, PIN enrolment.

pub mod code;
