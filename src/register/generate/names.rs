//! Plausible names, religions and occupations. Every list is of common words; any likeness to a person is chance.

use std::sync::LazyLock;

use super::stream::Stream;
use crate::register::{MaritalStatus, Religion, Sex};

/// Whose names and religions are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Culture {
    Malay,
    Batak,
    Minang,
    Javanese,
    Sundanese,
    Balinese,
    Flores,
    Dayak,
    Minahasa,
    Bugis,
    Maluku,
    Papua,
    Chinese,
}

const MUSLIM_MEN: &str = "MUHAMMAD, AHMAD, ABDUL, IBRAHIM, YUSUF, HASAN, HUSEIN, UMAR, ALI, FAISAL, RIZKI, FADLI, ILHAM, ZAINAL, \
    SYAIFUL, KHAIRUL, FAHMI, ARIF, IQBAL, RAHMAT, HIDAYAT, AMIR, IRFAN, MUSTOFA, SALIM";
const MUSLIM_WOMEN: &str = "SITI, NUR, FATIMAH, AISYAH, KHADIJAH, ZAHRA, NURUL, AMINAH, HALIMAH, RAHMAWATI, LATIFAH, SALMA, HASANAH, \
    MARYAM, ZULAIKHA, NABILA, ANISA, FITRI, RAHMI, SAFIRA, JAMILAH, UMI, AZIZAH, ROHANI";
const CHRISTIAN_MEN: &str = "YOHANES, PETRUS, PAULUS, MARKUS, LUKAS, MATIUS, STEFANUS, ANDREAS, YAKOBUS, DANIEL, SAMUEL, DAVID, \
    ANTONIUS, FRANSISKUS, YOSEF, BENYAMIN, MARTINUS, THOMAS, ROBERT, JHON, FERDINAND, GABRIEL";
const CHRISTIAN_WOMEN: &str = "MARIA, MARTHA, ELISABETH, THERESIA, YULIANA, KRISTINA, AGUSTINA, ANASTASIA, MARGARETHA, RUTH, ESTER, \
    DEBORA, YOHANA, VERONIKA, MAGDALENA, MONIKA, CLARA, GRACE, FEBRIANI, NATALIA, LIDIA, ROSALINA";

/// Men's names, women's names and family names (*marga*, *fam*; nothing where there are none) of each culture.
const LISTS: [[&str; 3]; 13] = [
    // Malay
    [
        "FIRDAUS, ISKANDAR, SYAHRUL, HAMZAH, AZWAR, RUSLI, JUNAIDI, MAHMUD, ZULKIFLI, ANWAR, BAKTIAR, DARWIS",
        "CUT, NURAINI, ROSMAWATI, SAPIAH, MARLINA, ERNAWATI, YUSNIAR, RATNA, DAHLIA, MELATI, SURYANI, ASMAH",
        "",
    ],
    // Batak
    [
        "PARLINDUNGAN, BONAR, TOGAR, HOTMAN, SAHAT, POLTAK, JONGGI, MANGASI, TIGOR, RUDI, LAMHOT, MARULI",
        "TIURMA, ROHANI, DUMA, LASTRI, HOTMAIDA, SONTI, RUMINTANG, MINAR, TIAR, RISMA, LAMTIUR, BERLIANA",
        "SIREGAR, NASUTION, SIMANJUNTAK, SITUMORANG, HUTAPEA, PANJAITAN, SINAGA, GINTING, TARIGAN, SEMBIRING, \
         LUBIS, HARAHAP, SIAHAAN, MANURUNG, SIMBOLON, PASARIBU, PURBA, SARAGIH",
    ],
    // Minang
    [
        "SYAFRIL, AFRIZAL, YULIANDRI, HENDRI, DASRIL, EFENDI, RIDWAN, NASRUL, FAUZAN, ZULHELMI, MASRIZAL, \
         ERIZAL",
        "YULIARNI, DESMAWATI, ELVIRA, GUSNIARTI, ROZA, WELMI, NELI, MURNI, ERMANELI, SILVIA, REFNI, YENITA",
        "",
    ],
    // Javanese
    [
        "BUDI, SLAMET, SUGENG, AGUS, BAMBANG, JOKO, WAHYU, TEGUH, EKO, DWI, HERI, SUPRIYANTO, SANTOSO, \
         PRASETYO, WIBOWO, NUGROHO, SETIAWAN, SUTRISNO, HARYANTO, KURNIAWAN, UTOMO, PURNOMO, SUYATNO, WIDODO",
        "SRI, DEWI, RATIH, ENDANG, WATI, LESTARI, RAHAYU, NINGSIH, SUPRIHATIN, WAHYUNI, SULASTRI, PUJI, TRI, \
         YULIANTI, ASTUTI, HANDAYANI, SUSILOWATI, KARTIKA, INDAH, PUSPITA, SUGIARTI, MULYANI, WIDYA, UTAMI",
        "",
    ],
    // Sundanese
    [
        "ASEP, DEDI, UJANG, CECEP, DADANG, IWAN, AJAT, MAMAN, ENDANG, YAYAN, JAJANG, SURYANA, GUNAWAN, PERMANA, \
         SUHERMAN, HERMAWAN, KOSASIH, SUPRIATNA, NUGRAHA, SOLIHIN",
        "NENG, EUIS, IIS, LILIS, IMAS, YANTI, RINA, TETI, ROHAYATI, SUMIATI, MARYATI, KURNIASIH, NURHAYATI, \
         KOMARIAH, ROSTIANA, PERMATASARI, AI, ENOK, ELIS, WIDIA",
        "",
    ],
    // Balinese
    [
        "SUDIARTA, ARTAWAN, SUARDANA, WIRAWAN, ADNYANA, SUDARMA, ARDIKA, SUKADANA, PARTAMA, WIDIANA, MAHENDRA, \
         ASTAWA",
        "ARIANI, SUARTINI, LESTARI, WIDIASIH, SUKERTI, PUSPAWATI, ASTUTI, RASMINI, SUDIANI, YULIANTARI, ARTINI, \
         PADMI",
        "",
    ],
    // Flores
    [
        "NIKOLAUS, GREGORIUS, ALOYSIUS, DOMINIKUS, KORNELIS, SILVESTER, WILHELMUS, BERNADUS, LAURENSIUS, \
         KANISIUS",
        "YOSEFINA, BERNADETA, FLORIANA, ALFONSA, OKTAVIANA, SERAFINA, PAULINA, WILHELMINA, EMERENSIANA, \
         KATARINA",
        "NAHAK, BRIA, SERAN, TAEK, LAKA, BELE, MANEK, NDOLU, PELLO, LAY, LIU, TEFA, NENO, WADU, HABA, GADI, \
         DHAE, KELEN, HAYON",
    ],
    // Dayak
    [
        "YANSEN, LIBER, HERKULANUS, PILIPUS, SABRAN, RUSTAM, ALANG, MINGGU, BAHTIAR, ARDIANSYAH, NORMAN, \
         HAMDANI",
        "LUSIA, RUSMINI, NORHAYATI, HENDRIKA, YULITA, SUSANTI, MARIATI, NORLIANA, RINI, ERLIYANI, ANGELA, \
         TITIN",
        "",
    ],
    // Minahasa
    [
        "FERRY, JEFRY, DENNY, MEYDI, STENLY, VICKY, RONNY, NOLDY, HERRY, WELLY, FRANKY, MAIKEL",
        "MEISKE, JULIANA, OLVA, FEMMY, SELVIE, NONTJE, DEITJE, JEANE, VONNY, MARLIN, SANTJE, INDRI",
        "RUMENGAN, WOWOR, LUMENTUT, SONDAKH, MANDAGI, TUMBEL, KAWILARANG, PANGKEY, WENAS, MONTOLALU, SUMUAL, \
         WALANGITAN, LASUT, KAUNANG",
    ],
    // Bugis
    [
        "ANDI, BASO, MUSTARI, SYAMSUDDIN, RUSTAN, AMIRUDDIN, JUMADI, SUARDI, BAHAR, ASDAR, HASANUDDIN, TAHIR",
        "ANDI, BESSE, HASNAH, ROSDIANA, NURHAEDAH, SUARNI, MARWAH, HARTINI, JUMRIAH, MULIATI, SYAMSIAH, ERNI",
        "",
    ],
    // Maluku
    [
        "FRANS, ELIAS, JACOB, ABRAHAM, HALIM, LA ODE, RAHMAN, SEMUEL, DOMINGGUS, JUSUF, WEMPI, MELKI",
        "SELFIANA, HALIJA, WA ODE, DORTHEA, FERA, JAMALIA, ORPA, NAOMI, RAHMA, ADOLFINA, SARTIN, MILKA",
        "LATUHERU, PATTIASINA, TUHUMURY, LEKATOMPESSY, SAHETAPY, MANUPUTTY, SALAMPESSY, TUASIKAL, WATTIMENA, \
         RUMAKAT, LATUCONSINA, SOUMOKIL",
    ],
    // Papua
    [
        "YULIUS, OTNIEL, ISAK, NATANIEL, ELIESER, DEMIANUS, WELLEM, YUNUS, TITUS, LEWI, ORGENES, SIMON",
        "YULIANTI, DORTEA, MARICE, SELINA, ORPA, NELCE, BLANDINA, YOSINA, MINCE, FERONIKA, DELILA, ANCE",
        "WENDA, KOGOYA, TABUNI, YIKWA, RUMBIAK, MANDACAN, KARMA, GOBAI, MOTE, PEKEI, KORWA, WAKUM, SAWAKI, \
         KAMBU, YARANGGA, GEBZE, MAHUZE, ALUA, ASSO",
    ],
    // Chinese
    [
        "HENDRA, RUDY, TONNY, KEVIN, HARRY, STEVEN, ALBERT, JIMMY, WILLIAM, EDWIN, JOHAN, SURYA",
        "LINDA, MELIANA, SHERLY, FELICIA, IMELDA, YENNY, VIVIAN, JESSICA, SUSANA, CINDY, LILIANA, MEGAWATI",
        "WIJAYA, TANOTO, HALIM, GUNAWAN, LIMANTO, SALIM, HARTONO, KUSUMA, TANUJAYA, WIBISONO, CHANDRA, SUTANTO, \
         LIE, TAN, ONG",
    ],
];

struct Lists {
    men: Vec<&'static str>,
    women: Vec<&'static str>,
    families: Vec<&'static str>,
}

fn words(text: &'static str) -> Vec<&'static str> {
    text.split(", ").filter(|word| !word.is_empty()).collect()
}

static CULTURES: LazyLock<[Lists; 13]> = LazyLock::new(|| {
    LISTS.map(|[men, women, families]| Lists { men: words(men), women: words(women), families: words(families) })
});
static MUSLIM: LazyLock<[Vec<&str>; 2]> = LazyLock::new(|| [words(MUSLIM_MEN), words(MUSLIM_WOMEN)]);
static CHRISTIAN: LazyLock<[Vec<&str>; 2]> = LazyLock::new(|| [words(CHRISTIAN_MEN), words(CHRISTIAN_WOMEN)]);

/// Whose names somebody first registered in `province` bears: mostly the region's, often Javanese, sometimes others.
pub(crate) fn culture(province: u8, stream: &mut Stream) -> Culture {
    use Culture as C;
    let region = match province {
        11 | 14..=19 | 21 | 52 => C::Malay,
        12 => C::Batak,
        13 => C::Minang,
        31 | 33..=35 => C::Javanese,
        32 | 36 => C::Sundanese,
        51 => C::Balinese,
        53 => C::Flores,
        61..=65 => C::Dayak,
        71 => C::Minahasa,
        72..=76 => C::Bugis,
        81 | 82 => C::Maluku,
        _ => C::Papua,
    };
    stream.weighted(&[
        (region, 78),
        (C::Javanese, 13),
        (C::Sundanese, 3),
        (C::Chinese, 3),
        (C::Bugis, 1),
        (C::Batak, 1),
        (C::Minang, 1),
    ])
}

/// A religion, as common as it is there.
pub(crate) fn religion(culture: Culture, stream: &mut Stream) -> Religion {
    use Religion as R;
    let weights: &[(Religion, usize)] = match culture {
        Culture::Batak => &[(R::Protestant, 55), (R::Islam, 35), (R::Catholic, 10)],
        Culture::Balinese => &[(R::Hindu, 96), (R::Islam, 2), (R::Protestant, 1), (R::Buddhist, 1)],
        Culture::Flores => &[(R::Catholic, 54), (R::Protestant, 36), (R::Islam, 10)],
        Culture::Dayak => &[(R::Islam, 62), (R::Catholic, 17), (R::Protestant, 17), (R::Hindu, 3), (R::Belief, 1)],
        Culture::Minahasa => &[(R::Protestant, 80), (R::Catholic, 8), (R::Islam, 12)],
        Culture::Maluku => &[(R::Islam, 55), (R::Protestant, 39), (R::Catholic, 6)],
        Culture::Papua => &[(R::Protestant, 72), (R::Catholic, 23), (R::Islam, 5)],
        Culture::Chinese => {
            &[(R::Buddhist, 44), (R::Protestant, 24), (R::Catholic, 20), (R::Confucian, 8), (R::Islam, 4)]
        }
        _ => &[(R::Islam, 968), (R::Protestant, 19), (R::Catholic, 9), (R::Hindu, 2), (R::Belief, 2)],
    };
    stream.weighted(weights)
}

/// A name as on the card, in capitals.
pub(crate) fn full_name(culture: Culture, religion: Religion, sex: Sex, stream: &mut Stream) -> String {
    let lists = &CULTURES[culture as usize];
    let given: &[&str] = if sex == Sex::Male { &lists.men } else { &lists.women };
    let religious: &[&str] = match religion {
        Religion::Islam => &MUSLIM[usize::from(sex == Sex::Female)],
        Religion::Protestant | Religion::Catholic => &CHRISTIAN[usize::from(sex == Sex::Female)],
        _ => given,
    };
    let mut parts: Vec<&str> = Vec::with_capacity(4);
    if culture == Culture::Balinese && religion == Religion::Hindu {
        parts.push(if sex == Sex::Male { "I" } else { "NI" });
        parts.push(stream.pick(&["WAYAN", "PUTU", "GEDE", "MADE", "KADEK", "NYOMAN", "KOMANG", "KETUT"]));
        parts.push(stream.pick(given));
        return parts.join(" ");
    }
    parts.push(if stream.permille(450) { stream.pick(religious) } else { stream.pick(given) });
    // Single names are common, above all in Java.
    if !stream.permille(if culture == Culture::Javanese { 120 } else { 40 }) || !lists.families.is_empty() {
        for _ in 0..=usize::from(stream.permille(250)) {
            let next = stream.pick(given);
            if !parts.contains(&next) && (lists.families.is_empty() || stream.permille(500)) {
                parts.push(next);
            }
        }
    }
    if !lists.families.is_empty() {
        parts.push(stream.pick(&lists.families));
    }
    parts.join(" ")
}

/// A marital status that fits the age.
pub(crate) fn marital_status(age: u16, sex: Sex, stream: &mut Stream) -> MaritalStatus {
    use MaritalStatus as M;
    let widowed = if sex == Sex::Female { 3 } else { 1 };
    match age {
        ..17 => stream.weighted(&[(M::Unmarried, 985), (M::Married, 15)]),
        17..22 => stream.weighted(&[(M::Unmarried, 88), (M::Married, 12)]),
        22..30 => stream.weighted(&[(M::Unmarried, 50), (M::Married, 47), (M::Divorced, 3)]),
        30..45 => stream.weighted(&[(M::Unmarried, 10), (M::Married, 83), (M::Divorced, 5), (M::Widowed, 2)]),
        45..65 => stream.weighted(&[(M::Unmarried, 4), (M::Married, 84), (M::Divorced, 5), (M::Widowed, 4 * widowed)]),
        _ => stream.weighted(&[(M::Unmarried, 3), (M::Married, 66), (M::Divorced, 3), (M::Widowed, 15 * widowed)]),
    }
}

/// An occupation by its official name.
pub(crate) fn occupation(age: u16, sex: Sex, stream: &mut Stream) -> &'static str {
    if age < 18 || (age < 24 && stream.permille(600)) {
        return "PELAJAR/MAHASISWA";
    }
    if age >= 62 && stream.permille(400) {
        return stream.pick(&["PENSIUNAN", "BELUM/TIDAK BEKERJA"]);
    }
    if sex == Sex::Female && stream.permille(480) {
        return "MENGURUS RUMAH TANGGA";
    }
    stream.weighted(&[
        ("KARYAWAN SWASTA", 24),
        ("PETANI/PEKEBUN", 20),
        ("WIRASWASTA", 18),
        ("BURUH HARIAN LEPAS", 9),
        ("PEDAGANG", 5),
        ("PEGAWAI NEGERI SIPIL (PNS)", 4),
        ("NELAYAN/PERIKANAN", 3),
        ("GURU", 3),
        ("SOPIR", if sex == Sex::Male { 3 } else { 0 }),
        ("TUKANG BATU", if sex == Sex::Male { 2 } else { 0 }),
        ("BURUH TANI/PERKEBUNAN", 3),
        ("BELUM/TIDAK BEKERJA", 3),
        ("PERAWAT", 1),
        ("BIDAN", if sex == Sex::Female { 1 } else { 0 }),
        ("TENTARA NASIONAL INDONESIA (TNI)", if sex == Sex::Male { 1 } else { 0 }),
        ("KEPOLISIAN RI (POLRI)", 1),
        ("KARYAWAN HONORER", 1),
        ("DOSEN", 1),
    ])
}
