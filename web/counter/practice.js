// Practice with invented people. Nothing here asks the service anything: numbers of a province that does not exist,
// drawn faces, decisions that only teach.

import { t } from "/web/shared/i18n.js";

function drawn({ skin, hair, long, round, mask, blur, shirt }) {
  const face = round ? "<ellipse cx='60' cy='58' rx='27' ry='27'/>" : "<ellipse cx='60' cy='58' rx='23' ry='30'/>";
  const back = long
    ? `<path d='M30 60c-4-50 64-50 60 0v36H30z' fill='${hair}'/>`
    : `<path d='M34 54c-4-42 56-42 52 0z' fill='${hair}'/>`;
  const cover = mask
    ? "<path d='M36 60h48c2 22-12 32-24 32S34 82 36 60z' fill='#dfe9f0' stroke='#9fb4c2'/>"
    : "<path d='M50 76c6 5 14 5 20 0' fill='none' stroke='#7a3b2e' stroke-width='3' stroke-linecap='round'/>";
  const fringe = long ? "M34 52c4-28 48-28 52 0-14-14-38-14-52 0z" : "M36 46c6-22 42-22 48 0-16-8-32-8-48 0z";
  const picture = [
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 150'>",
    `<defs><filter id='b'><feGaussianBlur stdDeviation='${blur ? 5 : 0}'/></filter></defs>`,
    `<rect width='120' height='150' fill='${blur ? "#5b6670" : "#b3202a"}'/>`,
    `<g filter='url(#b)'>${back}`,
    `<path d='M14 150c2-40 22-48 46-48s44 8 46 48z' fill='${shirt}'/>`,
    `<path d='M50 82h20v26H50z' fill='${skin}'/><g fill='${skin}'>${face}</g>`,
    `<path d='${fringe}' fill='${hair}'/>`,
    "<g fill='#2b1d17'><circle cx='51' cy='57' r='3.2'/><circle cx='69' cy='57' r='3.2'/></g>",
    `${cover}</g></svg>`,
  ].join("");
  return `data:image/svg+xml,${encodeURIComponent(picture)}`;
}

const FACES = {
  wayan: { skin: "#c68a5e", hair: "#1c1513", shirt: "#2d5d86" },
  ratna: { skin: "#d9a57c", hair: "#231815", long: true, shirt: "#5b7d45", round: true },
  dimas: { skin: "#b97e55", hair: "#120d0b", shirt: "#7a5a2b", round: true },
  other: { skin: "#e0b491", hair: "#5a3a22", shirt: "#555", long: true },
  maria: { skin: "#8f5b3d", hair: "#0f0b0a", long: true, shirt: "#8a3f6b" },
  joko: { skin: "#c08158", hair: "#3a3a3a", shirt: "#3b4f5c" },
};

// best: what an experienced officer would do.
const PEOPLE = [
  { id: "wayan", name: "I WAYAN SUDARMA", birth: "1988-04-12", best: "approve" },
  {
    id: "ratna",
    name: "RATNA DEWI LESTARY",
    registered: "RATNA DEWI LESTARI",
    birth: "1995-11-03",
    best: "return",
    to: "data",
  },
  { id: "dimas", name: "DIMAS PRAYOGA", birth: "2001-02-27", selfie: "other", best: "reject" },
  {
    id: "maria",
    name: "MARIA YOSEFA",
    birth: "1979-07-30",
    selfie: { ...FACES.maria, mask: true },
    best: "return",
    to: "selfie",
  },
  { id: "joko", name: "JOKO HARTONO", birth: "1966-12-01", active: true, best: "reject" },
];

function view(person, state) {
  const day = person.birth.split("-").reverse();
  const nik = `000000${day[0]}${day[1]}${day[2].slice(2)}0001`;
  const registered = person.registered ?? person.name;
  return {
    registration_id: person.id,
    state,
    submitted: {
      nik,
      full_name: person.name,
      birth_date: person.birth,
      email: `${person.id}@contoh.invalid`,
      phone: "+62 800 0000 0000",
    },
    register: {
      nik,
      full_name: registered,
      birth_place: "KOTA CONTOH",
      birth_date: person.birth,
      sex: "–",
      blood_type: "–",
      address: "JL. CONTOH NO. 1",
      rt_rw: "001/002",
      village: "CONTOH",
      district: "CONTOH",
      regency: "KABUPATEN CONTOH",
      province: "CONTOH",
      religion: "–",
      marital_status: "–",
      occupation: "–",
      nationality: "WNI",
      valid_until: "SEUMUR HIDUP",
    },
    check_state: "done",
    check_result: person.registered ? "differs" : "match",
    differences: person.registered
      ? [{ field: "full_name", submitted: person.name, registered, explanation: t("practice.explanation") }]
      : [],
    warnings: [],
    has_selfie: true,
    has_portrait: true,
    already_active: Boolean(person.active),
    may_decide: true,
    scanned_at: null,
    created_at: null,
    last_words: null,
  };
}

/** The same questions as of the service, answered here. */
export function practiceApi() {
  const states = new Map();
  const chosen = new Map();
  const find = (id) => PEOPLE.find((person) => person.id === id) ?? PEOPLE[0];
  const decide = (id, state, to) => {
    states.set(id, state);
    chosen.set(id, to);
    return Promise.resolve({ registration_id: id, state });
  };
  return {
    practice: true,
    people: () =>
      PEOPLE.map((person) => ({
        id: person.id,
        face: drawn(FACES[person.id]),
        done: states.has(person.id)
          ? states.get(person.id) === "code_sent"
            ? "approve"
            : states.get(person.id) === "rejected"
              ? "reject"
              : "return"
          : null,
      })),
    view: (id) => {
      // Coming back to somebody begins anew.
      states.delete(id);
      return Promise.resolve(view(find(id), "awaiting_officer"));
    },
    approve: (id) => decide(id, "code_sent"),
    returnForCorrection: (id, version, to) => decide(id, to === "selfie" ? "needs_selfie" : "needs_correction", to),
    reject: (id) => decide(id, "rejected"),
    picture: (id, kind) => {
      const { selfie } = find(id);
      return drawn(
        kind === "portrait" || !selfie ? FACES[find(id).id] : typeof selfie === "string" ? FACES[selfie] : selfie,
      );
    },
    lesson: (id, kind) => {
      const person = find(id);
      return {
        right: person.best === kind && (person.to ?? chosen.get(id)) === chosen.get(id),
        text: t(`lesson.${person.id}`),
      };
    },
  };
}
