// What an officer can ask the service. Practice offers the same by itself.

import { request } from "/web/shared/http.js";

/** Over a session. */
export function liveApi(session) {
  const get = (path, options) => session.call(path, options);
  const post = (path, json, options = {}) => session.call(path, { method: "POST", json, ...options });
  const one = (id) => `/registrations/${encodeURIComponent(id)}`;
  const annulment = (id) => `/annulments/${encodeURIComponent(id)}`;
  const correction = (id) => `/corrections/${encodeURIComponent(id)}`;
  const card = (id) => `/cards/${encodeURIComponent(id)}`;
  const departure = (id) => `/departures/${encodeURIComponent(id)}`;
  const contactVisit = (id) => `/contact-visits/${encodeURIComponent(id)}`;
  const recap = (month) => `/recaps/${encodeURIComponent(month)}`;
  const recovery = (id) => `/recoveries/${encodeURIComponent(id)}`;
  const walkIn = (id) => `/walk-ins/${encodeURIComponent(id)}`;
  const outreach = (id) => `/outreach/${encodeURIComponent(id)}`;
  // The same photo may be sent again.
  const photograph = (path, blob) =>
    session.call(path, {
      method: "PUT",
      body: blob,
      headers: { "Content-Type": "image/jpeg" },
      again: true,
      timeout: 60000,
    });
  return {
    practice: false,
    // The same officer may scan the same QR again, so a lost answer may be asked for again.
    scan: (token) => post("/scans", { token }, { again: true }),
    receive: (token) => post("/arrivals", { token }, { again: true }),
    arrivals: () => get("/arrivals", { quiet: true }),
    // Taking over again changes nothing, so a lost answer may be asked for again.
    takeOver: (id) => post(`${one(id)}/take`, undefined, { again: true }),
    viewWithReason: (id, reason) => post(`${one(id)}/views`, { reason }),
    view: (id, options) => get(one(id), options),
    queue: (state, cursor) =>
      get(`/registrations?${new URLSearchParams({ limit: 30, state, ...(cursor ? { cursor } : {}) })}`),
    figures: () => get("/figures", { quiet: true }),
    counterToken: () => post("/counter-tokens", undefined, { again: true, quiet: true }),
    matches: () => get("/matches", { quiet: true }),
    confirmMatch: (id, number) => post(`${one(id)}/match`, { match_number: number }, { again: true }),
    approve: (id, version, note, helper) =>
      post(`${one(id)}/approval`, { version, checks: { face: true, document: true, data: true }, note, helper }),
    returnForCorrection: (id, version, to, reason, release, code) =>
      post(`${one(id)}/return`, { version, to, reason, release, code }),
    reject: (id, version, reason, note, code) => post(`${one(id)}/rejection`, { version, reason, note, code }),
    // The office's figures, and the months that it sends upward.
    officeFigures: (from, to) => get(`/office-figures?${new URLSearchParams({ from, to })}`),
    regionFigures: (query) => get(`/region-figures?${query}`),
    recaps: () => get("/recaps"),
    recap: (month) => get(recap(month)),
    askRecap: (month) => post(`${recap(month)}/request`),
    signRecap: (month, version) => post(`${recap(month)}/signature`, { version }),
    refuseRecap: (month, version, reason) => post(`${recap(month)}/refusal`, { version, reason }),
    recapFile: (month, form) => `${session.api}${recap(month)}/${form}`,
    picture: (id, kind) => `${session.api}${one(id)}/${kind}`,
    // What a second person agrees to: without an e-mail address the approval, else that an older digital KTP makes way.
    askApproval: (id, version, note, helper) =>
      post(`${one(id)}/approval/second`, { version, checks: { face: true, document: true, data: true }, note, helper }),
    askWaiver: (id, version, reason, helper) =>
      post(`${one(id)}/approval/waiver`, { version, checks: { document: true, data: true }, reason, helper }),
    grantApproval: (id, version) => post(`${one(id)}/approval/second/grant`, { version }),
    askRelease: (id, version, reason) => post(`${one(id)}/release`, { version, reason }),
    release: (id, options) => get(`${one(id)}/release`, options),
    grantRelease: (id, version) => post(`${one(id)}/release/grant`, { version }),
    refuseRelease: (id, version) => post(`${one(id)}/release/refuse`, { version }),
    releases: () => get("/releases", { quiet: true }),
    scanRecovery: (token) => post("/recoveries/scan", { token }, { again: true }),
    recoveries: () => get("/recoveries", { quiet: true }),
    recovery: (id, options) => get(recovery(id), options),
    recoveryPicture: (id) => `${session.api}${recovery(id)}/portrait`,
    askRecovery: (id, version, reason) => post(`${recovery(id)}/ask`, { version, reason }),
    grantRecovery: (id, version) => post(`${recovery(id)}/grant`, { version }),
    refuseRecovery: (id, version, reason) => post(`${recovery(id)}/refuse`, { version, reason }),
    scanContactVisit: (token) => post("/contact-visits/scan", { token }, { again: true }),
    contactVisits: () => get("/contact-visits", { quiet: true }),
    contactVisit: (id, options) => get(contactVisit(id), options),
    contactVisitPicture: (id) => `${session.api}${contactVisit(id)}/portrait`,
    askContactVisit: (id, version, reason) => post(`${contactVisit(id)}/ask`, { version, reason }),
    grantContactVisit: (id, version) => post(`${contactVisit(id)}/grant`, { version }),
    refuseContactVisit: (id, version, reason) => post(`${contactVisit(id)}/refuse`, { version, reason }),
    departures: () => get("/departures", { quiet: true }),
    departure: (id, options) => get(departure(id), options),
    // The own request that waits is given again, so a lost answer may be asked for again.
    askDeparture: (nik, reason) => post("/departures", { nik, reason }, { again: true }),
    grantDeparture: (id, version) => post(`${departure(id)}/grant`, { version }),
    refuseDeparture: (id, version, reason) => post(`${departure(id)}/refuse`, { version, reason }),
    annulments: () => get("/annulments", { quiet: true }),
    annulment: (id, options) => get(annulment(id), options),
    // The own request that waits is given again, so a lost answer may be asked for again.
    askAnnulment: (nik, reason) => post("/annulments", { nik, reason }, { again: true }),
    grantAnnulment: (id, version) => post(`${annulment(id)}/grant`, { version }),
    refuseAnnulment: (id, version, reason) => post(`${annulment(id)}/refuse`, { version, reason }),
    callBacks: () => get("/call-backs", { quiet: true }),
    recordCallBack: (id, finding) => post(`/call-backs/${encodeURIComponent(id)}`, { finding }),
    paused: () => get("/paused", { quiet: true }),
    restoreRights: (id) => post(`/paused/${encodeURIComponent(id)}/restore`),
    // What each kind asks of whom: the same for everybody.
    correctionKinds: async () => (await request("/v1/correction-kinds")).data.items,
    corrections: () => get("/corrections", { quiet: true }),
    correction: (id, options) => get(correction(id), options),
    correctionPicture: (id) => `${session.api}${correction(id)}/portrait`,
    // Taking the same again changes nothing, so a lost answer may be asked for again.
    takeCorrection: (nik, reference) => post("/corrections", { nik, reference }, { again: true }),
    openCorrection: (id, version, json) => post(`${one(id)}/correction`, { version, ...json }),
    passCorrection: (id, version) => post(`${correction(id)}/passing`, { version }),
    requestCorrection: (id, version) => post(`${correction(id)}/request`, { version }),
    grantCorrection: (id, version) => post(`${correction(id)}/request/grant`, { version }),
    returnCorrection: (id, version, reason) => post(`${correction(id)}/return`, { version, reason }),
    refuseCorrection: (id, version, reason) => post(`${correction(id)}/refusal`, { version, reason }),
    prepareCard: (json) => post("/cards", json),
    issuedCards: (cursor) => get(`/cards?${new URLSearchParams({ limit: 10, ...(cursor ? { cursor } : {}) })}`),
    cardsWaiting: () => get("/cards/waiting", { quiet: true }),
    card: (id, options) => get(card(id), options),
    cardPicture: (id, kind) => `${session.api}${card(id)}/${kind}`,
    cardSheet: (id) => `${session.api}${card(id)}/sheet`,
    photographForCard: (id, blob) => photograph(`${card(id)}/photo`, blob),
    askCard: (id, { version, terms_version }, witness) =>
      post(`${card(id)}/ask`, { version, terms_version, agreed: true, witness }),
    grantCard: (id, version) => post(`${card(id)}/grant`, { version }),
    refuseCard: (id, version, reason) => post(`${card(id)}/refuse`, { version, reason }),
    voidCard: (id, version, reason) => post(`${card(id)}/void`, { version, reason }),
    keepCard: (id, version, keeps) => post(`${card(id)}/keep`, { version, keeps }),
    prepareWalkIn: (json) => post("/walk-ins", json),
    walkIns: () => get("/walk-ins", { quiet: true }),
    walkIn: (id, options) => get(walkIn(id), options),
    walkInPicture: (id, kind) => `${session.api}${walkIn(id)}/${kind}`,
    walkInCopy: (id, language) => `${session.api}${walkIn(id)}/copy?language=${language}`,
    photographForWalkIn: (id, blob) => photograph(`${walkIn(id)}/photo`, blob),
    askWalkIn: (id, { version }, witness) => post(`${walkIn(id)}/ask`, { version, wanted: true, witness }),
    grantWalkIn: (id, version) => post(`${walkIn(id)}/grant`, { version }),
    refuseWalkIn: (id, version, reason) => post(`${walkIn(id)}/refuse`, { version, reason }),
    office: () => get("/office"),
    editOffice: (changes) => session.call("/office", { method: "PATCH", json: changes }),
    // Saying it again is the same.
    addHoliday: (holiday) => post("/office/holidays", holiday, { again: true }),
    removeHoliday: (day) => session.call(`/office/holidays/${encodeURIComponent(day)}`, { method: "DELETE" }),
    // Each counts, so none is repeated by itself.
    askActive: (nik) => post("/active-questions", { nik }),
    searchPeople: (query, cursor) => post("/people", { query, cursor }),
    searches: () => get("/searches", { quiet: true }),
    lookAtSearches: (id, day, reason) => post(`/searches/${encodeURIComponent(id)}/look`, { day, reason }),
    liftSearchLimit: (id) => post(`/searches/${encodeURIComponent(id)}/lift`),
    inbox: (cursor) => get(`/inbox?${new URLSearchParams(cursor ? { cursor } : {})}`, { quiet: true }),
    colleagues: () => get("/colleagues", { quiet: true }),
    passOn: (id, from, to) => post(`${one(id)}/reassign`, { from, to }),
    ownActs: (cursor) => get(`/audit/own?${new URLSearchParams(cursor ? { cursor } : {})}`),
    searchActs: (json) => post("/audit/searches", json),
    auditedActions: () => get("/audit/actions", { quiet: true }),
    checkLog: () => post("/audit/checks", undefined, { timeout: 60000 }),
    helpers: () => get("/helpers", { quiet: true }),
    lookAtHelper: (id, reason) => post(`/helpers/${encodeURIComponent(id)}/look`, { reason }),
    block: (json) => post("/blocks", json),
    blocks: (cursor) => get(`/blocks?${new URLSearchParams({ limit: 20, ...(cursor ? { cursor } : {}) })}`),
    blockingOfficers: () => get("/blocks/officers", { quiet: true }),
    lookAtBlock: (id, reason) => post(`/blocks/${encodeURIComponent(id)}/look`, { reason }),
    duty: () => get("/duty", { quiet: true }),
    beginDuty: (json) => post("/duty", json),
    // Ending again changes nothing.
    endDuty: () => session.call("/duty", { method: "DELETE", again: true }),
    dutyToken: () => post("/duty/token", undefined, { again: true, quiet: true }),
    staffPhotos: () => get("/staff-photos"),
    staffPhoto: (id) => `${session.api}/staff-photos/${encodeURIComponent(id)}`,
    photographStaff: (id, blob) => photograph(`/staff-photos/${encodeURIComponent(id)}`, blob),
    outreaches: (cursor) => get(`/outreach?${new URLSearchParams({ limit: 20, ...(cursor ? { cursor } : {}) })}`),
    outreach: (id, options) => get(outreach(id), options),
    outreachPeople: () => get("/outreach/people"),
    villages: (search) => get(`/outreach/villages?${new URLSearchParams({ search })}`, { quiet: true }),
    planOutreach: (plan) => post("/outreach", plan),
    editOutreach: (id, version, plan) => session.call(outreach(id), { method: "PUT", json: { version, plan } }),
    // `step` is confirm, cancel, open or close.
    stepOutreach: (id, step, version) => post(`${outreach(id)}/${step}`, { version }),
    reportOutreach: (id, version, minutes) => post(`${outreach(id)}/report`, { version, offline_minutes: minutes }),
    fraudReports: (state, cursor) =>
      get(`/fraud-reports?${new URLSearchParams({ limit: 20, state, ...(cursor ? { cursor } : {}) })}`),
    closeFraudReport: (id, reason) => post(`/fraud-reports/${encodeURIComponent(id)}/close`, { reason }),
  };
}
