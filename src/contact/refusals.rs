//! What both ways of changing an address refuse, in words.

use crate::error::{Code, Refusal};

pub(super) fn same_address() -> Refusal {
    Refusal::field(
        "email",
        "Alamat ini sudah dipakai untuk KTP Digital Anda; tulis alamat yang lain.",
        "This is the address of your digital KTP already; write another one.",
    )
}

pub(super) fn no_code() -> Refusal {
    Refusal::field(
        "code",
        "Tulis keenam angka dari surel di alamat yang baru.",
        "Write the six digits of the message to the new address.",
    )
}

pub(super) fn already_cooling() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Penggantian alamat surel sedang berjalan; batalkan dahulu bila ingin alamat yang lain.",
        "A change of the e-mail address is under way; cancel it first if you want another address.",
    )
}

pub(super) fn nothing_asked() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tidak ada penggantian alamat surel yang menunggu kode; mulai lagi dengan alamat yang baru.",
        "No change of the e-mail address waits for a code; begin again with the new address.",
    )
}

pub(super) fn ask_anew() -> Refusal {
    Refusal::new(Code::CodeExpired).tries_left(0).detail(
        "Kode ini sudah lewat waktunya atau sudah dicoba 5 kali; batalkan, lalu mulai lagi.",
        "This code is over or was tried 5 times; cancel, then begin again.",
    )
}

pub(super) fn wrong_code() -> Refusal {
    Refusal::new(Code::CodeWrong).detail(
        "Periksa kode pada surel di alamat yang baru; sisa percobaan tertera.",
        "Check the code in the message to the new address; the tries left are stated.",
    )
}

pub(super) fn new_phone() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini baru saja aktif di ponsel ini; alamat surel dapat diganti 24 jam sesudahnya. Tunggu selama waktu yang tertera.",
        "This digital KTP became active on this phone not long ago; the address can be changed 24 hours after. Wait for the time stated.",
    )
}

pub(super) fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak kode diminta; periksa kotak masuk dan folder spam, lalu coba lagi sesudah waktu yang tertera.",
        "Too many codes were asked for; look in the inbox and the spam folder, then try again after the time stated.",
    )
}
