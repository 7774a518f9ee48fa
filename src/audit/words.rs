//! What the log's actions are called where people read them.

use super::model::Action;
use crate::error::Text;

macro_rules! labels {
    ($($action:ident = $id:literal / $en:literal;)*) => {
        impl Action {
            /// What it is called for people.
            pub const fn label(self) -> Text {
                match self {
                    $(Self::$action => Text::new($id, $en),)*
                }
            }
        }
    };
}

labels! {
    ChainOpened = "Rantai catatan kantor dibuka" / "The office's chain of entries was opened";
    LogIn = "Masuk" / "Log-in";
    LogOut = "Keluar" / "Log-out";
    SessionResumed = "Sesi dilanjutkan dengan kata sandi" / "Session continued with the password";
    SessionEnded = "Sesi sendiri diakhiri" / "Own session ended";
    SecretsLinkSent = "Tautan rahasia baru dikirim operator" / "Link to new secrets sent by an operator";
    SecretsLinkSentElsewhere = "Tautan rahasia baru dikirim operator ke alamat yang disebutnya" / "Link to new secrets sent by an operator to an address of their choice";
    SecretsChosen = "Kata sandi atau autentikator sendiri dipilih" / "Own password or authenticator chosen";
    PasskeyAdded = "Kunci sandi sendiri ditambahkan" / "Own passkey added";
    PasskeyRemoved = "Kunci sandi sendiri dihapus" / "Own passkey removed";
    PasskeyCountedBack = "Kunci sandi mungkin disalin: hitungannya mundur" / "Passkey perhaps copied: its count went back";
    PasswordChanged = "Kata sandi sendiri diganti" / "Own password changed";
    Scan = "QR warga dipindai" / "Resident's QR scanned";
    CounterToken = "QR loket ditampilkan" / "Counter QR shown";
    MatchConfirmed = "Angka warga dicocokkan" / "Resident's number confirmed";
    RegistrationViewed = "Pendaftaran dibuka" / "Registration opened";
    ViewWithReason = "Pendaftaran dibuka dengan alasan, tanpa warga" / "Registration opened with a reason, without the resident";
    ViewsRead = "Daftar alasan membuka data dibaca" / "List of reasons for opening data read";
    PictureViewed = "Foto dilihat" / "Picture looked at";
    Approval = "Pendaftaran disetujui" / "Registration approved";
    ApprovalAsked = "Persetujuan orang kedua diminta" / "Second person's approval asked for";
    Return = "Pendaftaran dikembalikan" / "Registration returned";
    Rejection = "Pendaftaran ditolak" / "Registration rejected";
    ReleaseAsked = "Pelepasan KTP Digital lama diminta" / "Release of an older digital KTP asked for";
    ReleaseGranted = "Pelepasan disetujui" / "Release granted";
    ReleaseRefused = "Pelepasan ditolak" / "Release refused";
    RecoveryViewed = "Pemulihan dibuka" / "Recovery opened";
    RecoveryAsked = "Pemulihan diminta" / "Recovery asked for";
    RecoveryGranted = "Pemulihan disetujui" / "Recovery granted";
    RecoveryRefused = "Pemulihan ditolak" / "Recovery refused";
    ContactVisitViewed = "Penggantian surel dibuka" / "Change of address opened";
    ContactVisitAsked = "Penggantian surel diminta" / "Change of address asked for";
    ContactVisitGranted = "Penggantian surel disetujui" / "Change of address granted";
    ContactVisitRefused = "Penggantian surel ditolak" / "Change of address refused";
    AnnulmentViewed = "Pembatalan dibuka" / "Annulment opened";
    AnnulmentAsked = "Pembatalan diminta" / "Annulment asked for";
    AnnulmentGranted = "Pembatalan disetujui" / "Annulment granted";
    AnnulmentRefused = "Pembatalan ditolak" / "Annulment refused";
    RightsPaused = "Hak petugas dijeda" / "Officer's rights paused";
    RightsRestored = "Hak petugas dikembalikan" / "Officer's rights restored";
    DepartureViewed = "Kepergian dibuka" / "Departure opened";
    DepartureAsked = "Kepergian diminta" / "Departure asked for";
    DepartureGranted = "Kepergian disetujui" / "Departure granted";
    DepartureRefused = "Kepergian ditolak" / "Departure refused";
    CorrectionViewed = "Kasus pembetulan dibuka" / "Correction case looked at";
    CorrectionOpened = "Kasus pembetulan dibuat" / "Correction case opened";
    CorrectionTaken = "Kasus pembetulan diambil" / "Correction case taken";
    CorrectionPassedOn = "Kasus pembetulan diteruskan" / "Correction case passed on";
    CorrectionAsked = "Penerusan kasus oleh orang kedua diminta" / "Second person asked to pass a case on";
    CorrectionGranted = "Penerusan kasus disetujui" / "Passing a case on granted";
    CorrectionSentBack = "Kasus pembetulan dikembalikan" / "Correction case sent back";
    CorrectionRefused = "Kasus pembetulan ditolak" / "Correction case refused";
    CardPrepared = "Kartu cetak disiapkan" / "Printed card prepared";
    CardAsked = "Kartu cetak diminta" / "Printed card asked for";
    CardViewed = "Kartu cetak dibuka" / "Printed card opened";
    CardGranted = "Kartu cetak disetujui" / "Printed card granted";
    CardRefused = "Kartu cetak ditolak" / "Printed card refused";
    CardPrinted = "Kartu dicetak" / "Card printed";
    CardVoided = "Kartu cetak dibatalkan" / "Printed card voided";
    CardKept = "Kartu cetak dipertahankan atau tidak" / "Printed card kept, or not";
    WalkInPrepared = "Layanan tanpa ponsel disiapkan" / "Service without the phone prepared";
    WalkInAsked = "Layanan tanpa ponsel diminta" / "Service without the phone asked for";
    WalkInViewed = "Layanan tanpa ponsel dibuka" / "Service without the phone opened";
    WalkInGranted = "Layanan tanpa ponsel disetujui" / "Service without the phone granted";
    WalkInRefused = "Layanan tanpa ponsel ditolak" / "Service without the phone refused";
    CopyPrinted = "Salinan data dicetak" / "Copy of the data printed";
    HelpersRead = "Daftar pembantu dibaca" / "List of helpers read";
    HelperLookedAt = "Pembantu diperiksa" / "Helper looked at";
    TakenOver = "Warga diambil alih dari rekan" / "Resident taken over from a colleague";
    Reassigned = "Warga dialihkan ke rekan" / "Resident passed on to a colleague";
    ActiveAsked = "Ditanya apakah KTP Digital aktif" / "Asked whether a digital KTP is active";
    PeopleSearched = "Orang dicari di kantor ini" / "People searched for in the office";
    SearchesRead = "Jumlah pencarian rekan dibaca" / "How much colleagues search was read";
    SearchesLookedAt = "Pencarian rekan diperiksa" / "A colleague's searches looked at";
    SearchLimitLifted = "Batas pencarian rekan dibuka" / "A colleague's search limit lifted";
    OwnAuditRead = "Catatan tindakan sendiri dibaca" / "Own acts read in the log";
    AuditSearched = "Catatan audit kantor dicari" / "The office's log searched";
    AuditChecked = "Keutuhan catatan audit diperiksa" / "The log's soundness checked";
    OfficerEndSet = "Hari terakhir petugas diatur" / "Officer's last day set";
    OfficerActingSet = "Peran sementara petugas diatur" / "Officer's acting role set";
    WaiverAsked = "Persetujuan tanpa membandingkan wajah diminta" / "Approval without comparing the face asked for";
    CallBack = "Panggilan balik dibaca atau dicatat" / "Call-backs read or noted";
    CallsRead = "Daftar blokir lewat telepon dibaca" / "List of blocks at callers' words read";
    CallLookedAt = "Blokir lewat telepon diperiksa" / "Block at a caller's word looked at";
    ApprovalCompleted = "Persetujuan dilengkapi sistem" / "Approval completed by the service";
    Activation = "KTP Digital aktif" / "Digital KTP became active";
    Block = "KTP Digital diblokir" / "Digital KTP blocked";
    Closure = "KTP Digital ditutup pemiliknya" / "Digital KTP closed by its holder";
    ClosureUndone = "Penutupan dibatalkan pemiliknya" / "Closure undone by its holder";
    CheckDisputed = "Pemeriksaan dipersoalkan pemiliknya" / "Check disputed by the holder";
    DisputeAnswered = "Persoalan dijawab lembaga" / "Dispute answered by the organisation";
    NodeStarted = "Server dijalankan dengan suatu konfigurasi" / "A node was started with a configuration";
    RestoreBegun = "Pemulihan basis data dimulai" / "Restoring of the database begun";
    RestoreDone = "Pemulihan basis data selesai" / "Restoring of the database done";
    PairsRead = "Pasangan penyetuju dibaca operator" / "Pairs of approvers read by the operator";
    OfficesRead = "Data kantor dibuka" / "Office looked at";
    OfficeAdded = "Kantor ditambahkan" / "Office added";
    OfficerAdded = "Petugas ditambahkan" / "Officer added";
    OfficerDisabled = "Petugas dinonaktifkan" / "Officer disabled";
    OfficerEnabled = "Petugas diaktifkan lagi" / "Officer enabled again";
    StaffRead = "Daftar petugas dibaca" / "Who works here was read";
    StaffAsked = "Perubahan petugas diminta" / "A change of somebody's place asked for";
    StaffGranted = "Perubahan petugas disetujui" / "A change of somebody's place granted";
    StaffRefused = "Perubahan petugas ditolak" / "A change of somebody's place refused";
    StaffStopped = "Masa tugas petugas diakhiri seketika" / "Somebody's time ended at once";
    StaffConfirmed = "Petugas dipastikan masih bertugas" / "Confirmed that somebody still works here";
    InvitationAccepted = "Undangan petugas diterima" / "Invitation accepted";
    PasswordSet = "Kata sandi diganti administrator" / "Password set by the administrator";
    TotpReset = "Autentikator diganti" / "Authenticator replaced";
    RelyingPartyAdded = "Lembaga ditambahkan" / "Relying party added";
    ApiKeyAdded = "Kunci API ditambahkan" / "API key added";
    PublicKeyAdded = "Kunci publik didaftarkan" / "Public key registered";
    ApiKeyRevoked = "Kunci API dicabut" / "API key revoked";
    TestKeyAdded = "Kunci uji ditambahkan" / "Test key added";
    TestKeyRevoked = "Kunci uji dicabut" / "Test key revoked";
    TestQrShown = "QR uji ditampilkan" / "Test QR shown";
    EmployeeAdded = "Pegawai lembaga ditambahkan" / "Employee added";
    EmployeeDisabled = "Pegawai lembaga dinonaktifkan" / "Employee disabled";
    EmployeeEnabled = "Pegawai lembaga diaktifkan lagi" / "Employee enabled again";
    EmployeeInvited = "Pegawai lembaga diundang" / "Employee invited";
    EmployeesInvited = "Daftar pegawai lembaga diundang" / "List of employees invited";
    EmployeeInvitationWithdrawn = "Undangan pegawai ditarik" / "Employee's invitation taken back";
    EmployeeRenewed = "Tautan rahasia baru dikirim ke pegawai" / "Employee sent a link to new secrets";
    PartyAdministratorStopped = "Administrator lembaga dihentikan" / "Administrator of a relying party stopped";
    KeyMade = "Kunci tanda tangan dibuat" / "Signing key made";
    KeyActivated = "Kunci tanda tangan mulai dipakai lebih awal" / "Signing key begun early";
    KeyRevoked = "Kunci tanda tangan dicabut" / "Signing key revoked";
    KeyRotated = "Kunci tanda tangan diganti" / "Signing key rotated";
    RootMade = "Rahasia induk baru dibuat" / "New root secret made";
    RootActivated = "Rahasia induk baru mulai dipakai" / "New root secret begun";
    ResealBegun = "Penyegelan ulang data dimulai" / "Sealing of data anew begun";
    ResealDone = "Penyegelan ulang data selesai" / "Sealing of data anew done";
    RootRetired = "Rahasia induk lama dipensiunkan" / "Old root secret retired";
    KeySetExported = "Kumpulan kunci dicetak" / "Key set exported";
    RegisterImported = "Data kependudukan diimpor" / "Register imported";
    RegisterOpened = "Data kependudukan dibuka" / "Register opened";
    RegisterClosed = "Data kependudukan ditutup" / "Register closed";
    Verification = "Pemeriksaan di luar hak lembaga" / "Check beyond the organisation's rights";
    DutyBegun = "Tugas dimulai, dengan bukti petugas" / "Duty begun, with officer proof";
    DutyEnded = "Tugas diakhiri" / "Duty ended";
    StaffPhotoTaken = "Foto rekan diambil" / "Colleague's photo taken";
    StaffPhotoViewed = "Foto rekan dilihat" / "Colleague's photo looked at";
    OutreachViewed = "Sesi jemput bola dibuka" / "Outreach session looked at";
    OutreachPlanned = "Sesi jemput bola direncanakan" / "Outreach session planned";
    OutreachConfirmed = "Sesi jemput bola ditegaskan" / "Outreach session confirmed";
    OutreachCancelled = "Sesi jemput bola dibatalkan" / "Outreach session cancelled";
    OutreachOpened = "Sesi jemput bola dimulai" / "Outreach session opened";
    OutreachClosed = "Sesi jemput bola ditutup" / "Outreach session closed";
    OutreachReported = "Sesi jemput bola dilaporkan" / "Outreach session reported";
    BranchAdded = "Tempat yang menerima KTP Digital ditambahkan" / "Accepting place added";
    BranchChanged = "Tempat yang menerima KTP Digital diubah" / "Accepting place changed";
    BranchEnded = "Tempat yang menerima KTP Digital dihapus" / "Accepting place removed";
    BranchReportsRead = "Laporan fotokopi dibaca" / "Photocopy reports read";
    BranchReportClosed = "Laporan fotokopi ditutup" / "Photocopy report closed";
    BranchCountsRead = "Angka laporan fotokopi dibaca" / "Numbers of photocopy reports read";
    FraudReportsRead = "Laporan petugas palsu dibaca" / "Reports of false officers read";
    FraudReportClosed = "Laporan petugas palsu ditutup" / "Report of a false officer closed";
    FiguresRead = "Angka kantor dibaca" / "Office's figures read";
    PublishedFiguresRead = "Angka wilayah lain dibaca" / "Figures of other regions read";
    PublishedFiguresDownloaded = "Angka wilayah lain diunduh" / "Figures of other regions downloaded";
    OfficialRegionSet = "Wilayah akun provinsi ditetapkan" / "Region of a province's account set";
    SubjectOpened = "Data dibuka auditor" / "Data opened by an auditor";
    OpeningReasoned = "Alasan auditor membuka data" / "Why an auditor opened data";
    RecapsRead = "Rekap bulanan dibaca" / "Monthly recaps read";
    RecapAsked = "Tanda tangan rekap diminta" / "Signature of a recap asked for";
    RecapSigned = "Rekap ditandatangani" / "Recap signed";
    RecapRefused = "Rekap ditolak" / "Recap refused";
    RecapDownloaded = "Rekap diunduh" / "Recap downloaded";
    FiguresImported = "Angka agregat diimpor" / "Aggregate figures imported";
    TargetSet = "Target ditetapkan" / "Target set";
    FigureScopeSet = "Wilayah angka kantor ditetapkan" / "Region of an office's figures set";
    OfficeEdited = "Data kantor diubah" / "Office changed";
    OfficeHolidaySet = "Hari libur kantor diubah" / "Office's holiday changed";
    OfficeClosed = "Kantor ditutup" / "Office closed for good";
    OfficeReopened = "Kantor dibuka lagi" / "Office opened again";
    ApiKeyEndSet = "Akhir kunci API ditetapkan" / "End of an API key set";
    ContractSet = "Perjanjian lembaga ditetapkan" / "Contract of a relying party set";
    PartyQuotaSet = "Kuota lembaga ditetapkan" / "Quota of a relying party set";
    PartyContactSet = "Alamat pemberitahuan lembaga ditetapkan" / "Address for a relying party's notices set";
    WebhookSet = "Webhook ditetapkan" / "Webhook set";
    WebhookVerified = "Webhook terbukti" / "Webhook verified";
    WebhookRemoved = "Webhook dihapus" / "Webhook removed";
    PartyEntitled = "Hak lembaga diubah" / "What a relying party is entitled to changed";
    PartySuspended = "Lembaga dihentikan" / "Relying party suspended";
    PartyResumed = "Lembaga diizinkan lagi" / "Relying party allowed again";
    SettingsRead = "Pengaturan layanan dibaca" / "Settings of the service read";
    RetentionSet = "Masa simpan ditetapkan" / "How long something is kept set";
    ProposalsRead = "Permintaan administrasi pusat dibaca" / "Requests of the national administration read";
    ProposalAsked = "Permintaan administrasi pusat dibuat" / "Request of the national administration made";
    ProposalGranted = "Permintaan administrasi pusat disetujui" / "Request of the national administration granted";
    ProposalRefused = "Permintaan administrasi pusat ditolak" / "Request of the national administration refused";
    PartyViewed = "Data lembaga dibuka" / "Relying party's data opened";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_are_called_the_same() {
        let words = |say: fn(Text) -> &'static str| {
            Action::ALL.iter().map(|action| say(action.label())).collect::<std::collections::HashSet<_>>().len()
        };
        assert_eq!((words(|text| text.id), words(|text| text.en)), (Action::ALL.len(), Action::ALL.len()));
    }
}
