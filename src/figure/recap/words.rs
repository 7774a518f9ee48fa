//! The words of a recap, which is an official paper and Indonesian.

use super::model::Month;

const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// `November 2026`.
pub(super) fn month(month: Month) -> String {
    let (year, number) = month.parts();
    let name = usize::try_from(number - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{name} {year}")
}

/// What a kind, a wait or a reason is called.
pub(super) fn of(word: &str) -> &str {
    match word {
        "registered" | "cohort_registered" => "Mendaftar",
        "selfie" | "cohort_selfie" => "Swafoto",
        "scanned" | "cohort_scanned" => "Dipindai di loket",
        "approved" | "cohort_approved" => "Disetujui",
        "returned" => "Dikembalikan",
        "rejected" => "Ditolak",
        "code_sent" | "cohort_code_sent" => "Kode dikirim",
        "cohort_activated" => "Aktif",
        "activated_first" => "Aktivasi baru",
        "activated_again" => "Aktivasi ulang",
        "ended" => "Nonaktif",
        "second_person" => "Persetujuan kedua",
        "registered_scanned" => "Mendaftar sampai dipindai",
        "scanned_decided" => "Dipindai sampai diputuskan",
        "decided_activated" => "Disetujui sampai aktif",
        "photo_blurred" => "Swafoto buram",
        "photo_dark" => "Swafoto gelap",
        "covered" => "Wajah tertutup",
        "not_alone" => "Ada orang lain pada swafoto",
        "name" => "Nama berbeda",
        "birth_date" => "Tanggal lahir berbeda",
        "contact" => "Kontak keliru",
        "other_person" => "Orang lain",
        "no_document" => "Tanpa dokumen",
        "underage" => "Belum 17 tahun",
        "not_in_register" => "NIK tidak ada di database",
        "register_down" => "Database tidak menjawab",
        "no_stock" => "Persediaan habis",
        "superseded" => "Digantikan KTP Digital baru",
        "deceased" => "Meninggal",
        "emigrated" => "Bukan WNI lagi dan pindah ke luar negeri",
        "closed" => "Ditutup pemegang",
        "consent_withdrawn" => "Persetujuan dicabut",
        "annulled" => "Dibatalkan",
        "open" => "Umum",
        "school" => "Sekolah",
        "home_visit" => "Kunjungan rumah",
        "office_partner" => "Kantor lain atau perusahaan",
        "" | "other" => "Lainnya",
        other => other,
    }
}

/// The heads of the sheet about outreach.
pub(super) const OUTREACH: &[&str] = &[
    "Tanggal",
    "Jenis",
    "Kel/Desa",
    "Kapasitas",
    "Dipindai",
    "Aktif",
    "Disetujui, belum aktif",
    "Menunggu keputusan",
    "Dikembalikan",
    "Ditolak atau berakhir",
    "Menit tanpa jaringan",
];

/// What a recap says of itself, line by line.
pub(super) const NOTES: &[&str] = &[
    "Wajib KTP-el: penduduk 17 tahun ke atas atau sudah/pernah kawin, menurut DAK (diimpor setiap bulan).",
    "Target: persentase yang ditetapkan per wilayah dan tahun, dari wajib KTP-el atau dari yang sudah rekam.",
    "Aktif s.d. Bulan Ini = Aktif s.d. Bulan Lalu + Aktivasi Baru + Aktivasi Ulang − Nonaktif + Pindah Masuk − Pindah Keluar.",
    "Aktif: KTP Digital pada ponsel yang belum berakhir; yang diblokir tetap dihitung, yang dinonaktifkan tidak. Menghapus aplikasi tidak mengubahnya.",
    "Wilayah adalah domisili pemegang menurut database kependudukan saat peristiwa terjadi, bukan kode pada NIK.",
    "Kantor pelayanan dan wilayah domisili adalah dua sudut pandang; keduanya tidak dijumlahkan. Penduduk luar daerah yang dilayani tampil terpisah dan tidak tercatat dalam target.",
    "Dilayani Sendiri/di Luar: aktivasi bulan ini oleh penduduk wilayah tersebut, di kantor ini atau di kantor lain.",
    "Corong: kohor menurut hari pendaftaran (penduduk wilayah ini, sampai saat data diambil); arus menurut hari peristiwa (di kantor ini).",
    "Pendaftaran dihitung sesudah database kependudukan menjawab.",
    "Lama tunggu dalam menit penuh, median dan persentil 90 menurut peringkat terdekat.",
    "Koreksi: peristiwa bulan yang sudah ditandatangani dan baru tercatat sesudahnya.",
    "Jemput bola: sesi yang dimulai pada bulan ini, menurut keadaan saat rekap diajukan atau lembar tutup sesi; sudah termasuk dalam lembar lain.",
    "Sel kosong berarti tidak diketahui atau tidak ada layanan, bukan nol.",
    "Rekap ini untuk kantor sendiri dan tidak disamarkan. Di luar kantor, jumlah 1–4 disamarkan.",
];
